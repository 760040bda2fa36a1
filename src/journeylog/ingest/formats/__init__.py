"""Formats of vendors as data: what is declared, what it makes of rows, and which ones are known."""

from journeylog.ingest.formats import fields, parts
from journeylog.ingest.formats.declare import Format, Take
from journeylog.ingest.formats.known import fitting_formats, formats

__all__ = ["Format", "Take", "fields", "fitting_formats", "formats", "parts"]
