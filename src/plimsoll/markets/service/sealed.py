"""Sealed months of candles, for backups: their files, and what is known of them after a restore."""

from pathlib import Path

from plimsoll.markets.storage import sealed
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.settings import Settings


def folder_of(settings: Settings) -> Path:
    return settings.archive_dir or settings.data_dir / "archive"


async def list_files(unit: ReadUnit) -> set[str]:
    """Their names below the folder, as the database has them at this moment."""
    return await sealed.list_files(unit)


async def forget_horizons(unit: Unit) -> None:
    """After a restore: transactions are counted anew, so which rows are in which file is not known
    any more, and every month that still has rows is sealed again before they go.
    """
    await sealed.forget_horizons(unit)
