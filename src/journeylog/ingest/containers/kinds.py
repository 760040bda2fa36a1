"""What a file is by its first bytes, whatever it is called."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["Kind", "kind_of"]


class Kind(NamedTuple):
    """What a file is.

    Parameters
    ----------
    what : str
        For messages, with its article.
    packing : str or None
        The packing, where it is one that is opened.
    fix : str
        What to do about it where something else was expected.
    """

    what: str
    packing: str | None = None
    fix: str = "name it by its kind, or pass format="


_UNPACK: Final = "unpack it, and pass the files in it"
_EXPORT: Final = "export it as CSV or Parquet"
_QUERY: Final = "read what a query gives, jl.read_sql(address, 'select ...')"
_NEVER: Final = (
    "write it as CSV or Parquet with the program that made it; such files can run code and are never opened"
)

_MAGIC: Final[dict[bytes, Kind]] = {
    b"\x1f\x8b": Kind("gzip", "gzip"),
    b"\x28\xb5\x2f\xfd": Kind("zstd", "zstd"),
    b"ARROW1\0\0": Kind("an Arrow file"),
    b"\xff\xff\xff\xff": Kind("an Arrow stream"),
    b"Obj\x01": Kind("an Avro file", fix=_EXPORT),
    b"SQLite format 3\0": Kind("an SQLite database", fix=f"{_QUERY}; a log of objects in it is container='sqlite'"),
    b"%PDF-": Kind("a PDF", fix=_EXPORT),
    **{f"BZh{level}1AY&SY".encode(): Kind("bzip2", fix=_UNPACK) for level in range(1, 10)},
    b"\xfd7zXZ": Kind("xz", fix=_UNPACK),
    b"\x04\x22\x4d\x18": Kind("lz4", fix=_UNPACK),
    b"\xff\x06\0\0sNaPpY": Kind("snappy", fix=_UNPACK),
    b"7z\xbc\xaf\x27\x1c": Kind("a 7z archive", fix=_UNPACK),
    b"Rar!\x1a\x07": Kind("a RAR archive", fix=_UNPACK),
    b"PK\x05\x06": Kind("an empty ZIP archive"),
    b"\xd0\xcf\x11\xe0": Kind("an old Excel workbook (.xls)", fix="save it as .xlsx or CSV"),
    b"\x89HDF": Kind("an HDF5 file", fix=_EXPORT),
    b"\x93NUMPY": Kind("a NumPy file", fix=_NEVER),
    **{bytes((0x80, version, opcode)): Kind("a Python pickle", fix=_NEVER)
       for version in (2, 3) for opcode in b"]}(cX"},
    **{bytes((0x80, version, 0x95)): Kind("a Python pickle", fix=_NEVER) for version in (4, 5)},
}  # fmt: skip
#: Words that a line of text may begin with too (``PARENT_ID,...``); what follows them tells.
_WORDS: Final[dict[bytes, Kind]] = {
    b"PAR1": Kind("a Parquet file"),
    b"PARE": Kind("an encrypted Parquet file", fix="decrypt it first"),
    b"FEA1": Kind("a Feather file of the first version", fix=_EXPORT),
    b"ORC": Kind("an ORC file", fix=_EXPORT),
}
_ZIP: Final = b"PK\x03\x04"
_ZIP_NAME: Final = 30
#: Folders and files that an Excel workbook begins with.
_WORKBOOK: Final = (b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/")
_TAR_AT, _DUCKDB_AT = 257, 8


def kind_of(head: bytes) -> Kind | None:
    """Return what begins with these bytes; None where they may be text.

    Examples
    --------
    >>> kind_of(b"PAR1\\x15\\x04...").what, kind_of(b"<!DOCTYPE html><title>Sign in</title>").what
    ('a Parquet file', 'a web page')
    >>> kind_of(b"PAR1,PAR2,PAR3")
    """
    if head.startswith(_ZIP):
        workbook = head[_ZIP_NAME:].startswith(_WORKBOOK)
        return Kind("an Excel workbook") if workbook else Kind("a ZIP archive", fix=_UNPACK)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if any(byte < 9 for byte in head[:64]):
        for word, kind in _WORDS.items():
            if head.startswith(word):
                return kind
    if head[_DUCKDB_AT:].startswith(b"DUCK") and 0 in head[:64]:
        return Kind("a DuckDB database", fix=_QUERY)
    if head[_TAR_AT:].startswith(b"ustar"):
        return Kind("a tar archive", fix=_UNPACK)
    if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        return Kind("a web page", fix="sign in and fetch the export itself")
    return None
