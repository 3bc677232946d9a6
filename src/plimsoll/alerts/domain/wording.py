"""An event in words: what it is, its value and threshold with their unit, when, and who says so."""

from decimal import Decimal
from typing import Final

from plimsoll.alerts.domain.alerts import Origin
from plimsoll.alerts.domain.conditions import (
    Comparison,
    Condition,
    Event,
    SubjectKind,
    Value,
)
from plimsoll.alerts.domain.subjects import Aim
from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.money import CONTEXT, LIMIT, QUANTUM, format_amount, rounded
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.prices import Pair

PERCENT_PLACES: Final = Decimal("0.0001")
_HUNDRED: Final = Decimal(100)
_FRACTIONS: Final = frozenset(
    {SubjectKind.CHANGE, SubjectKind.MARGIN_RATIO, SubjectKind.LIQUIDATION_DISTANCE}
)
_WHAT: Final = {
    SubjectKind.PRICE: "{}",
    SubjectKind.CHANGE: "Change of {}",
    SubjectKind.INDICATOR: "{}",
    SubjectKind.RATING: "Rating of {}",
    SubjectKind.VOLATILITY_RANK: "Volatility rank of {}",
    SubjectKind.MARGIN_RATIO: "Margin ratio of your {}",
    SubjectKind.LIQUIDATION_DISTANCE: "Distance to liquidation of {}",
    SubjectKind.POSITION: "Position in {}",
    SubjectKind.KPI: "KPI {}",
    SubjectKind.DATA_QUALITY: "Data quality, {}",
    SubjectKind.JOB_RESULT: "Job {}",
}


def to_value(figure: float) -> Decimal | None:
    """A measured figure to twelve digits, as it can be compared and kept; None: it is none, or out
    of bounds. No trace of a binary fraction is left in it.
    """
    value = Decimal(f"{figure:.12g}")
    if not value.is_finite() or abs(value) >= LIMIT - 1:
        return None
    return value.quantize(QUANTUM, context=CONTEXT)


def name_of(pair: Pair, catalogue: Catalogue) -> str:
    """`btc/usd`; an asset whose symbol means another one goes by its id."""
    found = [catalogue.find_by_id(each) for each in pair]
    return "/".join(
        each.symbol if each and each.primary else asset_id
        for each, asset_id in zip(found, pair, strict=True)
    )


def subject_in_words(aim: Aim, catalogue: Catalogue) -> str:
    text = aim.text
    if aim.pair is not None:
        text = name_of(aim.pair, catalogue) + text.removeprefix("/".join(aim.pair))
    return _WHAT[aim.kind].format(text)


def amount_in_words(aim: Aim, value: Value, catalogue: Catalogue) -> str:
    """With its unit: a price in its quote, a fraction as percent."""
    if isinstance(value, str):
        return value
    if aim.kind in _FRACTIONS:
        percent = CONTEXT.multiply(value, _HUNDRED)
        return f"{format_amount(rounded(percent, PERCENT_PLACES))} %"
    text = format_amount(value)
    if aim.kind is SubjectKind.PRICE and aim.pair is not None:
        return f"{text} {name_of(aim.pair, catalogue).partition('/')[2]}"
    return text


def title_of(aim: Aim, condition: Condition, value: Value, catalogue: Catalogue) -> str:
    """`btc/usd above 65000 usd`."""
    return f"{subject_in_words(aim, catalogue)} {_relation(aim, condition, value, catalogue)}"


def sentence_of(
    aim: Aim, condition: Condition, event: Event, origin: Origin, catalogue: Catalogue
) -> str:
    """What is so: `btc/usd is 65123.4 usd, at 2026-01-01T12:00:00Z, says binance.`."""
    value = amount_in_words(aim, event.value, catalogue)
    at = rfc3339(event.at.replace(microsecond=0))
    words = f"{subject_in_words(aim, catalogue)} is {value}, at {at}, says {origin.source}."
    if condition.hysteresis:
        back = amount_in_words(aim, condition.hysteresis, catalogue)
        words += f" Told again after it was {back} away."
    return f"{words} The prices are simulated." if origin.simulated else words


def _relation(aim: Aim, condition: Condition, value: Value, catalogue: Catalogue) -> str:
    threshold = amount_in_words(aim, condition.threshold, catalogue)
    if condition.comparison is not Comparison.CROSSES:
        return f"{condition.comparison} {threshold}"
    assert isinstance(value, Decimal), "words are not crossed"
    assert isinstance(condition.threshold, Decimal)
    return f"crossed {threshold} {'upwards' if value > condition.threshold else 'downwards'}"
