"""JSON shapes of indicators and ratings. Values are numbers, not money; null is undefined."""

import csv
import io
from collections.abc import Mapping
from typing import Self

import msgspec
from pydantic import Field

from plimsoll.insights.domain.catalogue import CATALOGUE
from plimsoll.insights.domain.confluence import Side
from plimsoll.insights.domain.definitions import Definition, Request
from plimsoll.insights.domain.literature import SOURCES
from plimsoll.insights.domain.rating import COMPONENTS, WARM_UP, Component, Group, Vote, Word
from plimsoll.insights.service.indicators import Answer, Question
from plimsoll.insights.service.ratings import Rated
from plimsoll.markets.domain.assets import Asset
from plimsoll.markets.domain.candles import Interval
from plimsoll.plumbing.shapes import View


class ParameterView(View):
    """A number that may be chosen."""

    name: str
    default: float
    minimum: float
    maximum: float
    whole: bool


class DefinitionView(View):
    """An indicator as it is computed here; lengths are those of its default parameters."""

    name: str = Field(examples=["rsi"])
    title: str
    formula: str
    source: str
    parameters: list[ParameterView]
    ascending: list[str] = Field(description="Parameters that have to grow in this order")
    columns: list[str]
    displacement: dict[str, str] = Field(
        description="Columns that a chart draws further on, by as many bars as this parameter says;"
        " the values themselves are never shifted"
    )
    first: list[int | None] = Field(
        description="Index of the first defined bar of each column; null: it depends on the data"
    )
    warm_up: int | None = Field(
        description="Bars after which the value no longer shows where it began, to 1e-9; null: it"
        " always shows, or depends on the data"
    )

    @classmethod
    def of(cls, definition: Definition) -> Self:
        arguments = tuple(parameter.default for parameter in definition.parameters)
        usual = Request(definition, arguments)
        return cls(
            name=definition.name,
            title=definition.title,
            formula=definition.formula,
            source=SOURCES[definition.name],
            parameters=[
                ParameterView(
                    name=each.name,
                    default=each.default,
                    minimum=each.minimum,
                    maximum=each.maximum,
                    whole=each.whole,
                )
                for each in definition.parameters
            ],
            ascending=list(definition.ascending),
            columns=list(definition.columns),
            displacement=dict(definition.displacement),
            first=list(usual.first),
            warm_up=usual.warm_up,
        )


class ComponentView(View):
    """One of the 26 that vote; `confirmed`: the published texts of its rule agree."""

    name: str
    group: Group
    buy: str
    sell: str
    confirmed: bool

    @classmethod
    def of(cls, component: Component) -> Self:
        return cls(
            name=component.name,
            group=component.group,
            buy=component.buys,
            sell=component.sells,
            confirmed=component.confirmed,
        )


class RatingDefinitionView(View):
    """How a rating comes about."""

    components: list[ComponentView]
    value: str = (
        "Each component votes -1, 0 or 1; a group's value is the mean of its votes, the rating the"
        " mean of the two groups. Who cannot know yet is not counted."
    )
    word: str = "strong sell < -0.5 <= sell < -0.1 <= neutral <= 0.1 < buy <= 0.5 < strong buy"
    warm_up: int = WARM_UP


class CatalogueView(View):
    """Everything that can be asked for, as it is defined."""

    indicators: list[DefinitionView]
    rating: RatingDefinitionView

    @classmethod
    def whole(cls) -> Self:
        return cls(
            indicators=[DefinitionView.of(each) for each in CATALOGUE.values()],
            rating=RatingDefinitionView(components=[ComponentView.of(each) for each in COMPONENTS]),
        )


class PairNames(View):
    """The pair in symbols, and both assets by id."""

    pair: str = Field(examples=["btc/usd"])
    base: str = Field(examples=["bitcoin"])
    quote: str = Field(examples=["usd"])

    @classmethod
    def of(cls, base: Asset, quote: Asset) -> "PairNames":
        return PairNames(pair=f"{base.symbol}/{quote.symbol}", base=base.id, quote=quote.id)


class SegmentView(View):
    """Rows from `row` on follow each other without a hole. `bars_before` more of the same run were
    read in front of them, from the candle of `since_ms` on: a value is settled where it has as many
    bars before it as its indicator's warm-up.
    """

    row: int
    since_ms: int
    bars_before: int


class ColumnsView(View):
    """One indicator: a value per row in each column, null where undefined."""

    name: str = Field(examples=["macd"])
    request: str = Field(examples=["macd(12,26,9)"])
    parameters: dict[str, float]
    warm_up: int | None
    displacement: dict[str, int]
    columns: dict[str, list[float | None]]


class IndicatorsView(PairNames):
    """Indicators of one pair and interval, a row per candle, the oldest first."""

    interval: Interval
    forming: bool = Field(description="Whether the last row is of a candle that is not over")
    segments: list[SegmentView]
    next_to_ms: int | None = Field(
        description="Ask with this as `to` for the rows before these; null: there are none"
    )
    time_ms: list[int] = Field(description="When each candle opens")
    indicators: list[ColumnsView]


def write_indicators(names: PairNames, question: Question, answer: Answer) -> bytes:
    """The JSON of an IndicatorsView, column by column, so that nobody waits long for the lock of
    the interpreter.
    """
    raw = msgspec.Raw
    encode = msgspec.json.encode
    return encode(
        {
            **names.model_dump(),
            "interval": question.interval.value,
            "forming": answer.forming,
            "segments": answer.segments,
            "next_to_ms": answer.next_to_ms,
            "time_ms": raw(encode(answer.time_ms.tolist())),
            "indicators": [
                {
                    **msgspec.structs.asdict(describe(request)),
                    "columns": {
                        name: raw(encode(values.tolist())) for name, values in columns.items()
                    },
                }
                for request, columns in zip(question.requests, answer.columns, strict=True)
            ],
        }
    )


class IndicatorFacts(msgspec.Struct, frozen=True):
    """What is said of every indicator, wherever its values are. `warm_up` null: where it began
    always shows, or it depends on the data. `displacement`: how many bars further on a chart draws
    a column.
    """

    name: str
    request: str
    parameters: dict[str, float]
    warm_up: int | None
    displacement: dict[str, int]


def describe(request: Request) -> IndicatorFacts:
    definition = request.definition
    names = [parameter.name for parameter in definition.parameters]
    parameters = dict(zip(names, request.arguments, strict=True))
    displacement = {name: int(parameters[by]) for name, by in definition.displacement}
    return IndicatorFacts(definition.name, str(request), parameters, request.warm_up, displacement)


def write_csv(question: Question, answer: Answer) -> str:
    """A line per candle; what is undefined is empty."""
    heads = ["time_ms", "forming"]
    columns: list[list[object]] = []
    for request, series in zip(question.requests, answer.columns, strict=True):
        for name, values in series.items():
            heads.append(f"{request}.{name}")
            columns.append(["" if value != value else value for value in values.tolist()])  # noqa: PLR0124 -- NaN
    forming = [0] * len(answer.time_ms)
    if answer.forming and forming:
        forming[-1] = 1
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(zip(answer.time_ms.tolist(), forming, *columns, strict=True))
    return text.getvalue()


class VoteView(View):
    """One component's say, and the figures it was decided on; `name[1]` is one bar before."""

    name: str
    group: Group
    vote: int | None = Field(ge=-1, le=1, description="null: it cannot know yet")
    inputs: Mapping[str, float | None]
    confirmed: bool

    @classmethod
    def of(cls, vote: Vote, component: Component) -> Self:
        return cls(
            name=vote.name,
            group=vote.group,
            vote=vote.vote,
            inputs=vote.inputs,
            confirmed=component.confirmed,
        )


class ConfluenceView(View):
    """Where trend, momentum and volume go: -1, 0 or 1; null: not known yet."""

    sides: Mapping[Side, int | None]
    direction: int
    agreeing: list[Side]


class RatingView(View):
    """The rating of the last closed candle, -1 to 1. Null where there are too few candles."""

    interval: Interval
    time_ms: int | None = Field(description="When the candle opened; null: there is none")
    value: float | None
    word: Word | None
    averages: float | None
    oscillators: float | None
    coverage: float = Field(description="Which part of the 26 components could vote")
    segment_bars: int = Field(description="Candles without a hole up to this one")
    warm_up: int = Field(description="How many of them the slowest component wants before it")
    settled: bool = Field(description="Whether there are as many")
    confluence: ConfluenceView
    votes: list[VoteView]

    @classmethod
    def of(cls, rated: Rated) -> Self:
        rating, found = rated.rating, rated.confluence
        return cls(
            interval=rated.interval,
            time_ms=rated.time_ms,
            value=rating.value,
            word=rating.word,
            averages=rating.averages,
            oscillators=rating.oscillators,
            coverage=rating.coverage,
            segment_bars=rated.segment_bars,
            warm_up=rating.warm_up,
            settled=rated.settled,
            confluence=ConfluenceView(
                sides=found.sides, direction=found.direction, agreeing=list(found.agreeing)
            ),
            votes=list(map(VoteView.of, rating.votes, COMPONENTS)),
        )


class PairRatingView(PairNames):
    """The rating of one pair and interval."""

    rating: RatingView


class PairRatingsView(PairNames):
    """The ratings of one pair over every interval, the shortest first."""

    ratings: list[RatingView]
