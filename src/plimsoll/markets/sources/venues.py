"""Which asset a venue means by its code, after review.

Every venue has its own file, `assets_<venue>.csv`: two venues may use one code for two assets, and
one asset has other codes elsewhere (bitcoin is XBT at Kraken). A code that is not in the file is
not followed, whatever it looks like.
"""

import csv
from importlib import resources
from pathlib import Path

from plimsoll.kernel.identifiers import AssetId


def load_codes(venue: str) -> dict[str, AssetId]:
    """Assets by the venue's code, spelled exactly as the venue does."""
    codes = find_codes(venue)
    assert codes, "every venue of ours has its file"
    return codes


def find_codes(venue: str, folder: Path | None = None) -> dict[str, AssetId] | None:
    """The same of any venue, from `folder` first; None where nobody has reviewed its codes."""
    name = f"assets_{venue}.csv"
    own = folder / name if folder else None
    file = (
        own if own and own.is_file() else resources.files("plimsoll.markets.sources").joinpath(name)
    )
    if not file.is_file():
        return None
    rows = csv.DictReader(file.read_text("utf-8").splitlines())
    return {row["code"]: AssetId(row["asset"]) for row in rows}
