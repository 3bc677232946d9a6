"""Which assets a venue means by its codes, for other slices."""

from collections.abc import Mapping

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.sources.venues import find_codes


def list_codes(venue: str) -> Mapping[str, AssetId]:
    """Assets by the venue's code, after review; nothing of a venue that nobody has reviewed."""
    return find_codes(venue) or {}
