"""What OKX's files have in common: a row above the header that names the zone, marks before ids."""

import re
from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Final

from plimsoll.ledger.importers.dates import NotAMoment, find_offset
from plimsoll.ledger.importers.rows import Row

INTERNAL: Final = "it moved between accounts of the same person at OKX"
_MARK: Final = "\ufeff"
"""A byte order mark, which older files have in every line."""
_ZONE: Final = re.compile(r"Time ?Zone:\s*(UTC(?:[-+]\d{1,2}(?::?\d{2})?)?)", re.IGNORECASE)


def row_id(row: Row) -> str:
    """The row's own id."""
    return row.text("id").strip(_MARK).strip()


def zone_above(cells: Sequence[str]) -> tzinfo | None:
    """The zone in `UID:1,Account Type:Main,Time Zone:UTC+8`."""
    match = _ZONE.search(",".join(cells))
    if match is None:
        return None
    try:
        return find_offset(match[1].upper()) or UTC
    except NotAMoment:
        return None
