"""``python -m scripts.method_figures [PAGE ...]``: draw the pictures of docs/methods by the code of each page.

A browser (Chromium) draws them: plotly itself only knows how to draw in one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

FOLDER = Path(__file__).parent.parent / "docs" / "methods"
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.name != "README.md")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PAGE = """<meta charset="utf-8"><div id="made"></div><script>{plotly}</script><script>
Plotly.toImage({figure}, {{format: "svg", width: 800, height: 450}}).then(function (address) {{
  document.getElementById("made").textContent = address.slice(address.indexOf(",") + 1);
  document.querySelectorAll("script").forEach(function (script) {{ script.remove(); }});
}});
</script>"""


def figure_of(page: Path) -> Any:
    """Run the code of a page, block after block, and return the figure that it makes."""
    made: dict[str, Any] = {}
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        exec(compile(block, str(page), "exec"), made)
    return made["figure"]


def draw(figure: go.Figure, out: Path) -> None:
    """Write the figure as SVG."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("there is no browser to draw with. Fix: apt-get install chromium")
    figure.update_layout(template="plotly_white", paper_bgcolor="white", font_family="sans-serif")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(_PAGE.format(plotly=get_plotlyjs(), figure=figure.to_json()), encoding="utf-8")
        how = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
        said = subprocess.run(
            [program, *how, page.as_uri()], capture_output=True, encoding="utf-8", check=True
        ).stdout
    found = re.search(r'<div id="made">(.*?)</div>', said, re.DOTALL)
    if found is None or not found.group(1):
        sys.exit(f"the browser drew nothing for {out.name}")
    out.write_text(unquote(unescape(found.group(1))) + "\n", encoding="utf-8")


def main() -> None:
    """Draw the pages named, or all."""
    wanted = sys.argv[1:]
    for page in PAGES:
        if not wanted or page.stem in wanted:
            out = FOLDER / "images" / f"{page.stem}.svg"
            draw(figure_of(page), out)
            print(f"{out.relative_to(FOLDER.parent.parent)}: {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
