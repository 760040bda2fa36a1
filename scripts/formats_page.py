"""Write docs/formats.md: what each known format makes of a vendor's rows."""

from __future__ import annotations

from pathlib import Path

import journeylog as jl

if __name__ == "__main__":
    (Path(__file__).parent.parent / "docs" / "formats.md").write_text(jl.formats().page(), encoding="utf-8")
