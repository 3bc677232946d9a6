"""A script that fails, made short: parts are left out as long as it goes on failing.

What is left is written down as text for people and as JSON to be lived again, which does not depend
on how a seed makes its world.
"""

import re
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from plimsoll.trading.domain.commands import COMMANDS
from tests.trading.lives import Deed, Fault, Key, Life, Target, Turn, Wrong

T = TypeVar("T")
NAMES = {kind: name for name, kind in COMMANDS.items()}


def relive(script: Sequence[Turn], life: Life | None = None) -> str:
    """What went wrong, empty when all went well."""
    life = life or Life()
    for turn in script:
        if wrong := lived(life, turn):
            return wrong
    return ""


def lived(life: Life, turn: Turn) -> str:
    try:
        life.live(turn)
    except Wrong as wrong:
        return str(wrong)
    except Exception:  # noqa: BLE001 -- whatever it is, the script has found it
        return traceback.format_exc()
    return ""


def shrink(script: Sequence[Turn], fails: Callable[[list[Turn]], bool], seconds: int) -> list[Turn]:
    """The shortest script found in that time that still fails. Single deeds, faults and snapshots
    are left out, in ever smaller chunks.
    """
    until = time.monotonic() + seconds

    def still_fails(atoms: list[Atom]) -> bool:
        return fails(list(_script(atoms)))

    return list(_script(without(list(_atoms(script)), still_fails, until)))


def without(items: list[T], fails: Callable[[list[T]], bool], until: float) -> list[T]:
    """Delta debugging (Zeller, Hildebrandt 2002), from the end: what comes late matters least to
    how a world began.
    """
    size = max(1, len(items) // 2)
    while True:
        left_out = False
        end = len(items)
        while end > 0:
            start = max(0, end - size)
            if time.monotonic() > until:
                return items
            fewer = items[:start] + items[end:]
            if fewer and fails(fewer):
                items, left_out = fewer, True
            end = start
        if size == 1 and not left_out:
            return items
        size = max(1, size // 2)


def kind_of(failure: str) -> str:
    """A failure without its numbers: a shorter script fails in the same way with others. Of an
    exception the last line says it.
    """
    lines = failure.strip().splitlines() or [""]
    line = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return re.sub(r"-?\d+", "#", line)


class Atom(NamedTuple):
    """A part of a turn that can be left out: one of the three."""

    turn: int
    deed: Deed | None = None
    fault: Fault | None = None
    snapshot: bool = False


def _atoms(script: Sequence[Turn]) -> Iterator[Atom]:
    for number, turn in enumerate(script):
        yield from (Atom(number, deed=deed) for deed in turn.deeds)
        if turn.fault is not None:
            yield Atom(number, fault=turn.fault)
        if turn.snapshot:
            yield Atom(number, snapshot=True)


def _script(atoms: Sequence[Atom]) -> Iterator[Turn]:
    for _, group in groupby(atoms, key=lambda atom: atom.turn):
        parts = list(group)
        yield Turn(
            tuple(each.deed for each in parts if each.deed is not None),
            next((each.fault for each in parts if each.fault is not None), None),
            any(each.snapshot for each in parts),
        )


def told(script: Sequence[Turn]) -> Iterator[str]:
    """Line by line, for people."""
    for turn in script:
        notes = [str(turn.fault)] * (turn.fault is not None) + ["a snapshot"] * turn.snapshot
        yield f"turn: {', '.join(notes)}" if notes else "turn"
        for deed in turn.deeds:
            again = f" (asked {deed.key.attempt + 1} times)" if deed.key.attempt else ""
            about = f" of #{deed.target.key.number}" if deed.target else ""
            yield f"  #{deed.key.number}{again}{about} {deed.command}"


def write(script: Sequence[Turn], path: Path) -> None:
    path.write_bytes(
        msgspec.json.encode(
            [
                (
                    [
                        (each.key, NAMES[type(each.command)], each.command, each.target)
                        for each in turn.deeds
                    ],
                    turn.fault,
                    turn.snapshot,
                )
                for turn in script
            ]
        )
    )


def read(path: Path) -> list[Turn]:
    rows = msgspec.json.decode(
        path.read_bytes(),
        type=list[tuple[list[tuple[Key, str, Any, Target | None]], Fault | None, bool]],
    )
    return [
        Turn(
            tuple(
                Deed(key, msgspec.convert(fields, COMMANDS[name]), target)
                for key, name, fields, target in deeds
            ),
            fault,
            snapshot,
        )
        for deeds, fault, snapshot in rows
    ]
