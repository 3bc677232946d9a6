"""What can be owned and what value is measured in.

An asset is known by its id (`bitcoin`, `usd`). A symbol is a label that several assets may carry,
so a symbol resolves to an asset only where the catalogue says, after review, that this asset is the
one meant by it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from plimsoll.kernel.errors import FieldFault, Invalid, NotFound
from plimsoll.kernel.identifiers import AssetId

USD: Final = AssetId("usd")
MAX_NAME_LENGTH: Final = 100
"""No id, symbol or name is longer; longer text is unknown without looking."""


class UnknownAsset(NotFound):
    """A path names an asset that the catalogue does not have."""

    code = "unknown-asset"
    title = "No such asset"


class UnknownAssetField(Invalid):
    """A field of a body or a query names an asset that the catalogue does not have."""

    code = "unknown-asset-field"
    title = "A field names an unknown asset"


class AssetKind(StrEnum):
    CRYPTO = "crypto"
    FIAT = "fiat"


@dataclass(frozen=True, slots=True)
class Asset:
    """`primary`: the asset's symbol, given alone, means this asset."""

    id: AssetId
    symbol: str
    name: str
    kind: AssetKind
    primary: bool = True


class Catalogue:
    """The known assets, in order of weight; immutable once made."""

    def __init__(self, assets: Iterable[Asset]) -> None:
        """Refuses two assets with one id, or two that claim one symbol: that is a fault of the data
        file.
        """
        self._by_id: dict[str, Asset] = {}
        self._by_symbol: dict[str, Asset] = {}
        for asset in assets:
            if asset.id in self._by_id:
                raise ValueError(f"two assets have the id {asset.id}")
            self._by_id[asset.id] = asset
            if not asset.primary:
                continue
            symbol = asset.symbol.lower()
            if symbol in self._by_symbol:
                raise ValueError(f"{asset.id} and {self._by_symbol[symbol].id} claim {symbol}")
            self._by_symbol[symbol] = asset

    def __len__(self) -> int:
        return len(self._by_id)

    def list_assets(self, kind: AssetKind | None = None) -> list[Asset]:
        """All assets, or those of one kind, in the order of the catalogue."""
        return [asset for asset in self._by_id.values() if kind is None or asset.kind is kind]

    def find_by_id(self, asset_id: str) -> Asset | None:
        return self._by_id.get(asset_id)

    def find_by_symbol(self, symbol: str) -> Asset | None:
        """The asset that this symbol means by review; None when nobody reviewed it."""
        return self._by_symbol.get(symbol.lower())

    def find(self, text: str) -> Asset | None:
        """The asset with this id, else the one that this symbol means; letter case does not
        matter.
        """
        if len(text) > MAX_NAME_LENGTH:
            return None
        name = text.lower()
        return self._by_id.get(name) or self._by_symbol.get(name)

    def resolve(self, text: str) -> Asset:
        """As `find`; raises UnknownAsset (404), for names in a path."""
        asset = self.find(text)
        if asset is None:
            raise UnknownAsset(f"there is no asset {text[:MAX_NAME_LENGTH]!r}; search /assets")
        return asset

    def resolve_field(self, text: str, *, pointer: str) -> Asset:
        """As `find`; raises UnknownAssetField (422) that points at the field."""
        asset = self.find(text)
        if asset is None:
            detail = f"there is no asset {text[:MAX_NAME_LENGTH]!r}; search /assets"
            fault = FieldFault(pointer=pointer, code="unknown-asset", message=detail)
            raise UnknownAssetField(detail, faults=(fault,))
        return asset

    def search(self, text: str, limit: int) -> list[Asset]:
        """The first `limit` assets for what somebody typed: exact, then starting with it, then
        containing it.

        Empty text matches everything. Within a rank the order is the catalogue's, so pages are
        stable.
        """
        wanted = text.strip().lower()
        ranked = [
            (rank, asset)
            for asset in self._by_id.values()
            if (rank := _rank(asset, wanted)) is not None
        ]
        ranked.sort(key=lambda entry: entry[0])
        return [asset for _, asset in ranked[:limit]]


def _rank(asset: Asset, wanted: str) -> int | None:
    texts = (asset.id, asset.symbol.lower(), asset.name.lower())
    if not wanted:
        return 0
    if wanted in texts:
        return 1
    if any(text.startswith(wanted) for text in texts):
        return 2
    return 3 if any(wanted in text for text in texts) else None
