"""How much the page costs whoever opens it: packed bytes of what comes first, and of the chart.

python -m tools.page_budgets      a table; 1 when something is over its budget, or not found
"""

import gzip
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.page import BUILT

KB: Final = 1_000
LOADED: Final = re.compile(
    r'<(?:script|link)\b[^>]*?\b(?:src|href)="\./([^"]+\.(js|css))"', re.ASCII
)
"""Scripts, module preloads and styles of the page itself."""
CHART: Final = "assets/chart-*.js"


@dataclass(frozen=True, slots=True)
class Cost:
    """`budget` and `size` are bytes, packed with gzip."""

    what: str
    budget: int
    size: int
    files: int

    @property
    def verdict(self) -> str:
        """What has no file has another name by now, and is not weighed any more."""
        if not self.files:
            return "NOT FOUND"
        return "OVER" if self.size > self.budget else ""


def costs(folder: Path) -> list[Cost]:
    loaded = [
        (folder / name, kind)
        for name, kind in LOADED.findall((folder / "index.html").read_text("utf-8"))
    ]
    scripts = [path for path, kind in loaded if kind == "js"]
    styles = [path for path, kind in loaded if kind == "css"]
    return [
        _cost("first scripts", 160 * KB, scripts),
        _cost("chart", 65 * KB, folder.glob(CHART)),
        _cost("styles", 25 * KB, styles),
    ]


def _cost(what: str, budget: int, paths: Iterable[Path]) -> Cost:
    sizes = [len(gzip.compress(path.read_bytes(), 6, mtime=0)) for path in set(paths)]
    return Cost(what, budget, sum(sizes), len(sizes))


def main() -> int:
    if not (BUILT / "index.html").is_file():
        print("there is no page to weigh: `make ui` builds it")
        return 1
    found = costs(BUILT)
    print(f"{'packed':15} {'files':>5} {'KB':>8} {'budget':>8}")
    for cost in found:
        size, budget = cost.size / KB, cost.budget / KB
        print(f"{cost.what:15} {cost.files:5} {size:8.1f} {budget:8.0f}  {cost.verdict}".rstrip())
    return int(any(cost.verdict for cost in found))


if __name__ == "__main__":
    sys.exit(main())
