"""Looks at everything that a start needs, changes nothing, and says how to mend what is wrong."""

import asyncio
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from tempfile import TemporaryFile
from urllib.parse import urlsplit

from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing import schema
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.listener import CannotListen, bind
from plimsoll.plumbing.postgres.server import inspect
from plimsoll.settings import FeedChoice, Settings, list_unknown


class Verdict(StrEnum):
    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `fix` says what to do when it is not good."""

    what: str
    verdict: Verdict
    found: str
    fix: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, in the order of a start."""
    yield _environment()
    yield _clock()
    yield _port(settings)
    yield _data_directory(settings)
    yield _database(settings)
    yield _feed(settings)


def _environment() -> Finding:
    unknown = list_unknown(os.environ)
    if not unknown:
        return Finding("settings", Verdict.GOOD, "every PLIMSOLL_ variable is a setting")
    meant = [f"{name}: {other}?" if other else name for name, other in unknown.items()]
    return Finding(
        "settings", Verdict.NOTE, f"not a setting: {', '.join(meant)}", "docs/configuration.md"
    )


def _clock() -> Finding:
    now = datetime.now(UTC)
    if now.year < 2025:  # noqa: PLR2004 - this program is younger than that
        return Finding("clock", Verdict.BAD, now.isoformat(), "set the machine's clock (NTP)")
    return Finding("clock", Verdict.GOOD, now.isoformat(timespec="seconds"))


def _port(settings: Settings) -> Finding:
    try:
        bind(settings.host, settings.port).close()
    except CannotListen as error:
        where, _, fix = error.detail.partition("; ")
        return Finding("port", Verdict.BAD, where, fix)
    return Finding("port", Verdict.GOOD, f"{settings.host}:{settings.port} is free")


def _data_directory(settings: Settings) -> Finding:
    path = settings.data_dir
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    try:
        with TemporaryFile(dir=existing):  # asking for permissions would always please root
            pass
    except OSError:
        return Finding(
            "data directory",
            Verdict.BAD,
            f"{existing} cannot be written",
            "choose another with --data-dir",
        )
    space = os.statvfs(existing)
    free_gb = space.f_bavail * space.f_frsize // 10**9
    if free_gb < 1:
        return Finding(
            "data directory", Verdict.BAD, f"{path}: less than 1 GB free", "free some space"
        )
    state = "exists" if path.exists() else "will be made"
    return Finding("data directory", Verdict.GOOD, f"{path} {state}, {free_gb} GB free")


def _database(settings: Settings) -> Finding:
    if settings.database_url is not None:
        return asyncio.run(_foreign_database(settings.database_url.get_secret_value()))
    try:
        seen = inspect(settings.data_dir)
    except PlimsollError as error:
        return Finding("database", Verdict.BAD, error.title, error.detail)
    except OSError as error:
        return Finding("database", Verdict.BAD, str(error), "choose another with --data-dir")
    if seen.holder is not None:
        return Finding(
            "database",
            Verdict.NOTE,
            f"the data directory is in use by process {seen.holder.pid}",
            "it runs already; stop that process or use another --data-dir",
        )
    return Finding("database", Verdict.GOOD, f"embedded PostgreSQL {seen.version}")


async def _foreign_database(dsn: str) -> Finding:
    try:
        database = await Database.connect(dsn, pool_size=1)
    except PlimsollError as error:
        return Finding("database", Verdict.BAD, error.detail, "check PLIMSOLL_DATABASE_URL")
    await database.close()
    try:
        await schema.check(dsn)
    except PlimsollError as error:
        return Finding("database", Verdict.BAD, error.title, error.detail)
    return Finding("database", Verdict.GOOD, "PLIMSOLL_DATABASE_URL answers, schema is current")


def _feed(settings: Settings) -> Finding:
    match settings.feed:
        case FeedChoice.REPLAY if settings.replay_dir is None:
            return Finding("feed", Verdict.BAD, "replay without files", "add --replay-dir")
        case FeedChoice.REPLAY if not settings.replay_dir or not settings.replay_dir.is_dir():
            return Finding(
                "feed", Verdict.BAD, f"{settings.replay_dir} is no folder", "check --replay-dir"
            )
        case FeedChoice.SIMULATED | FeedChoice.REPLAY:
            return Finding("feed", Verdict.GOOD, settings.feed.value)
        case _:
            return _live_feed(settings)


def _live_feed(settings: Settings) -> Finding:
    """Good as soon as one source can be reached: the others are replaced by it."""
    addresses = {
        "binance": settings.binance_urls[0],
        "coinbase": settings.coinbase_url,
        "coingecko": (
            settings.coingecko_pro_url if settings.coingecko_pro_key else settings.coingecko_url
        ),
        "kraken": settings.kraken_url,
    }
    there, away = list[str](), list[str]()
    for name in settings.live_sources:
        if name in addresses:
            (there if _answers(addresses[name]) else away).append(name)
    found = "; ".join(
        f"{', '.join(names)} {text}"
        for names, text in ((there, "can be reached"), (away, "cannot be reached"))
        if names
    )
    if there:
        return Finding("feed", Verdict.GOOD, f"{settings.feed.value}: {found}")
    return Finding(
        "feed",
        Verdict.NOTE if settings.feed is FeedChoice.AUTO else Verdict.BAD,
        found or "no source that can be checked",
        "a first start with --feed auto will simulate prices; for live prices mend the network",
    )


def _answers(url: str) -> bool:
    try:
        with socket.create_connection(_where(url), timeout=3):
            return True
    except OSError:
        return False


def _where(url: str) -> tuple[str, int]:
    """Host and port of a web address."""
    parts = urlsplit(url)
    assert parts.hostname, "settings let no other address through"
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
