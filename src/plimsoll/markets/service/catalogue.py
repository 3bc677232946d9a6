"""The assets that the program knows. Apart from their prices, for processes that need no more."""

import csv
from importlib import resources

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import Asset, AssetKind, Catalogue


def load_catalogue() -> Catalogue:
    """The catalogue that is shipped with the program."""
    text = resources.files("plimsoll.markets").joinpath("catalogue.csv").read_text("utf-8")
    return Catalogue(
        Asset(
            id=AssetId(row["id"]),
            symbol=row["symbol"],
            name=row["name"],
            kind=AssetKind(row["kind"]),
            primary=row["primary"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    )
