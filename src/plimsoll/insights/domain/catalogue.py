"""Every indicator by name, and how a caller asks for them: `rsi(14),macd(12,26,9)`."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from plimsoll.insights.domain.definitions import Definition, Request
from plimsoll.insights.domain.indicators import (
    averages,
    bands,
    levels,
    momentum,
    ranges,
    trend,
    volume,
)
from plimsoll.kernel.errors import Invalid

CATALOGUE: Final = MappingProxyType(
    {
        definition.name: definition
        for trade in (averages, momentum, ranges, trend, bands, volume, levels)
        for definition in trade.DEFINITIONS
    }
)
MOST: Final = 32
"""Indicators of one request."""

ONE: Final = re.compile(r"\s*([a-z]\w{0,30})\s*(?:\(([^()]{0,100})\))?\s*(,|$)")
NUMBER: Final = re.compile(r"\d{1,6}(?:\.\d{1,6})?")


class BadIndicatorList(Invalid):
    """The text is no list of indicators."""

    code = "bad-indicator-list"
    title = "This is not a list of indicators"


class UnknownIndicator(Invalid):
    """There is no indicator of this name; the text lists those there are."""

    code = "unknown-indicator"
    title = "There is no such indicator"


class BadIndicatorParameter(Invalid):
    """A parameter is missing its bounds; the text says what is allowed."""

    code = "bad-indicator-parameter"
    title = "An indicator's parameter is not valid"


def parse(text: str) -> list[Request]:
    """The indicators of `rsi(14),macd(12,26,9)`; what is left out takes its default.

    Raises BadIndicatorList, UnknownIndicator or BadIndicatorParameter, each saying what is allowed.
    """
    requests = list[Request]()
    for name, arguments in _parts(text):
        request = ask(name, *arguments)
        if request not in requests:
            requests.append(request)
        if len(requests) > MOST:
            raise BadIndicatorList(f"more than {MOST} indicators", facts={"most": MOST})
    return requests


def _parts(text: str) -> Iterator[tuple[str, list[str]]]:
    at = 0
    while at < len(text) or not at:
        part = ONE.match(text, at)
        if not part or (part[3] and part.end() == len(text)):
            raise BadIndicatorList(
                f"expected names with numbers, like rsi(14),sma(20), at {text[at : at + 30]!r}",
                facts={"position": at},
            )
        arguments = part[2]
        yield part[1], [each.strip() for each in arguments.split(",")] if arguments else []
        at = part.end()


def ask(name: str, *arguments: float | str) -> Request:
    """One indicator; raises UnknownIndicator or BadIndicatorParameter."""
    definition = CATALOGUE.get(name)
    if definition is None:
        near = get_close_matches(name, CATALOGUE, n=1)
        meant = f"did you mean {near[0]}? there are" if near else "there are"
        raise UnknownIndicator(
            f"no indicator {name!r}; {meant} {', '.join(sorted(CATALOGUE))}", facts={"name": name}
        )
    if len(arguments) > len(definition.parameters):
        raise _refusal(definition, f"{len(arguments)} parameters")
    given = [str(each) for each in arguments]
    given += [str(each.default) for each in definition.parameters[len(given) :]]
    values = tuple(_value(definition, at, text) for at, text in enumerate(given))
    growing = [
        value
        for parameter, value in zip(definition.parameters, values, strict=True)
        if parameter.name in definition.ascending
    ]
    if any(a >= b for a, b in pairwise(growing)):
        raise _refusal(definition, f"{' < '.join(definition.ascending)} does not hold")
    return Request(definition, values)


def _value(definition: Definition, at: int, text: str) -> float:
    parameter = definition.parameters[at]
    if not NUMBER.fullmatch(text):
        raise _refusal(definition, f"{parameter.name} {text!r}")
    value = float(text)
    if not parameter.minimum <= value <= parameter.maximum:
        raise _refusal(definition, f"{parameter.name} {text}")
    if not parameter.whole:
        return value
    if not value.is_integer():
        raise _refusal(definition, f"{parameter.name} {text}")
    return int(value)


def _refusal(definition: Definition, found: str) -> BadIndicatorParameter:
    return BadIndicatorParameter(
        f"{found}; allowed is {definition.usage()}", facts={"name": definition.name}
    )
