"""An alert reads as a sentence with its value, unit, time and source, and no binary fraction."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.alerts.domain.alerts import Origin
from plimsoll.alerts.domain.conditions import (
    Comparison,
    Condition,
    ConditionId,
    Event,
    Subject,
    SubjectKind,
    Value,
)
from plimsoll.alerts.domain.subjects import read
from plimsoll.alerts.domain.wording import sentence_of, title_of, to_value
from plimsoll.kernel.money import LIMIT
from plimsoll.markets.service.catalogue import load_catalogue

CATALOGUE = load_catalogue()
NOON = datetime(2026, 1, 1, 12, microsecond=5, tzinfo=UTC)
ID = ConditionId(UUID(int=1))


def words(
    kind: SubjectKind,
    of: str,
    comparison: Comparison,
    threshold: Value,
    value: Value,
    origin: Origin = Origin("binance", simulated=False),  # noqa: B008 - a constant
) -> tuple[str, str]:
    aim = read(kind, of, CATALOGUE)
    subject = Subject(kind, aim.text)
    condition = Condition(ID, subject, comparison, threshold)
    event = Event(ID, 1, subject, value, NOON)
    return (
        title_of(aim, condition, value, CATALOGUE),
        sentence_of(aim, condition, event, origin, CATALOGUE),
    )


def test_a_price_is_told_in_its_quote() -> None:
    title, sentence = words(
        SubjectKind.PRICE, "btc/usd", Comparison.ABOVE, Decimal("65000.00"), Decimal("65123.40")
    )

    assert title == "btc/usd above 65000 usd"
    assert sentence == "btc/usd is 65123.4 usd, at 2026-01-01T12:00:00Z, says binance."


def test_simulated_prices_are_called_so() -> None:
    origin = Origin("simulation", simulated=True)
    _, sentence = words(
        SubjectKind.PRICE, "btc/usd", Comparison.BELOW, Decimal(5), Decimal(4), origin
    )

    assert sentence.endswith("says simulation. The prices are simulated.")


@pytest.mark.parametrize(
    ("kind", "of", "comparison", "threshold", "value", "title"),
    [
        (
            SubjectKind.CHANGE, "btc/usd 1h", Comparison.BELOW, Decimal("-0.05"), Decimal("-0.06"),
            "Change of btc/usd 1h below -5 %",
        ),
        (
            SubjectKind.INDICATOR, "btc/usd 1h rsi", Comparison.CROSSES, Decimal(70), Decimal(71),
            "btc/usd 1h rsi(14) crossed 70 upwards",
        ),
        (
            SubjectKind.INDICATOR, "btc/usd 1h rsi", Comparison.CROSSES, Decimal(70), Decimal(69),
            "btc/usd 1h rsi(14) crossed 70 downwards",
        ),
        (
            SubjectKind.RATING, "btc/usd 1h", Comparison.IS, "strong buy", "strong buy",
            "Rating of btc/usd 1h is strong buy",
        ),
        (
            SubjectKind.MARGIN_RATIO, "account", Comparison.ABOVE, Decimal("0.8"), Decimal("0.81"),
            "Margin ratio of your account above 80 %",
        ),
        (
            SubjectKind.JOB_RESULT, "imports.commit", Comparison.IS, "failed", "failed",
            "Job imports.commit is failed",
        ),
    ],
)  # fmt: skip
def test_each_kind_has_its_words(
    kind: SubjectKind,
    of: str,
    comparison: Comparison,
    threshold: Value,
    value: Value,
    title: str,
) -> None:
    assert words(kind, of, comparison, threshold, value)[0] == title


def test_a_measured_figure_shows_no_binary_fraction() -> None:
    assert str(to_value(0.1 + 0.2)) == "0.300000000000000000"
    assert to_value(float("nan")) is None
    assert to_value(float("inf")) is None
    assert to_value(1e20) is None


@given(st.floats())
def test_what_is_told_can_be_kept(figure: float) -> None:
    value = to_value(figure)
    assert value is None or abs(value) < LIMIT
