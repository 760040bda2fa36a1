"""Write the sample files beside this script: one simulated shop, the same bytes every time.

Run it with ``python data/samples/make.py``, or with another folder as its argument.
"""

import sys
from pathlib import Path

from journeylog.datasets import simulate


def make(folder: Path) -> dict[str, Path]:
    """Write the raw files of the sample shop into `folder`."""
    return simulate(3000, seed=20250106, start="2025-01-06", days=120, dirty=0.03).write(folder)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for path in make(target).values():
        sys.stdout.write(f"{path.stat().st_size:>9,} {path}\n")
