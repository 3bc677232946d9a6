"""What a report is computed from, as one document: its text is what is hashed, stored, and read.

The calculation has no other input, so what was stored computes to the same report again. The first
line says which rules, which year and what was chosen, each further line is a fact. Amounts have
one form, mappings are sorted, so that equal inputs are equal to the byte.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Final, get_type_hints

import msgspec

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import TransactionId
from plimsoll.tax.domain.choices import Brought, Choices
from plimsoll.tax.domain.countries import Treatment
from plimsoll.tax.domain.facts import Fact
from plimsoll.tax.domain.movements import Ref

FORMAT: Final = 1
LEVEL: Final = 6
ENCODER: Final = msgspec.json.Encoder(order="deterministic")
FACTS: Final = msgspec.json.Decoder(Fact)


class InputUnreadable(Invalid):
    """It was written by a version of the program that meant something else."""

    code = "tax-input-unreadable"
    title = "The stored input cannot be read any more"


@dataclass(frozen=True, slots=True)
class Header:
    """`rules` is the name of the ruleset without its version, which stands beside it."""

    rules: str
    ruleset: str
    year: int
    choices: Choices


@dataclass(frozen=True, slots=True)
class Input:
    """The compressed document and the hash of its text."""

    document: bytes
    sha256: bytes
    facts: int


PAIRS: Final[Mapping[str, Any]] = {
    "treatments": list[tuple[TransactionId, Treatment]],
    "brought": list[tuple[int, Brought]],
    "portfolios": list[tuple[Ref, Decimal]],
}
"""Mappings of choices, written as sorted pairs: not all of their keys can be those of an object."""

KINDS: Final = get_type_hints(Choices)


def write_choices(choices: Choices) -> dict[str, Any]:
    """Plain data that `read_choices` reads."""
    plain = {each.name: getattr(choices, each.name) for each in fields(choices)}
    for name in PAIRS:
        plain[name] = sorted(plain[name].items())
    return plain


def read_choices(plain: Mapping[str, Any]) -> Choices:
    """What is not known by name is refused, so that it never means something else. Raises
    InputUnreadable.
    """
    try:
        given: dict[str, Any] = {
            name: dict(msgspec.convert(value, PAIRS[name]))
            if name in PAIRS
            else msgspec.convert(value, KINDS[name])
            for name, value in plain.items()
        }
    except (msgspec.MsgspecError, KeyError) as error:
        raise InputUnreadable("another version of the program wrote it") from error
    return Choices(**given)


class InputWriter:
    """Makes the document, some facts at a time."""

    def __init__(self, header: Header) -> None:
        self._hash = hashlib.sha256()
        self._packer = zlib.compressobj(LEVEL)
        self._parts: list[bytes] = []
        self._facts = 0
        first = {
            "format": FORMAT,
            "rules": header.rules,
            "ruleset": header.ruleset,
            "year": header.year,
            "choices": write_choices(header.choices),
        }
        self._put(ENCODER.encode(first) + b"\n")

    def add(self, facts: Iterable[Fact]) -> None:
        lines = [ENCODER.encode(fact) for fact in facts]
        if lines:
            self._facts += len(lines)
            self._put(b"\n".join(lines) + b"\n")

    def finish(self) -> Input:
        self._parts.append(self._packer.flush())
        return Input(b"".join(self._parts), self._hash.digest(), self._facts)

    def _put(self, text: bytes) -> None:
        self._hash.update(text)
        self._parts.append(self._packer.compress(text))


def with_choices(document: bytes, choices: Choices) -> Input:
    """The same facts under other choices. Raises InputUnreadable."""
    header, facts = read_input(document)
    writer = InputWriter(replace(header, choices=choices))
    writer.add(facts)
    return writer.finish()


def read_input(document: bytes) -> tuple[Header, list[Fact]]:
    """What `InputWriter` wrote. Raises InputUnreadable."""
    first, *lines = zlib.decompress(document).splitlines()
    try:
        plain = msgspec.json.decode(first)
        if plain["format"] != FORMAT:
            raise InputUnreadable(f"it has the format {plain['format']}")
        header = Header(
            plain["rules"], plain["ruleset"], plain["year"], read_choices(plain["choices"])
        )
        return header, [FACTS.decode(line) for line in lines]
    except (msgspec.MsgspecError, KeyError, ValueError) as error:
        raise InputUnreadable("another version of the program wrote it") from error
