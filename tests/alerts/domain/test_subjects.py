"""What is written about a subject is read, and kept in one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.alerts.domain.conditions import SubjectKind
from plimsoll.alerts.domain.subjects import POINTER, Span, SubjectRefused, read
from plimsoll.markets.domain.candles import Interval
from plimsoll.markets.service.catalogue import load_catalogue

CATALOGUE = load_catalogue()
KINDS = SubjectKind


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        (KINDS.PRICE, "BTC/usd", "bitcoin/usd"),
        (KINDS.PRICE, " bitcoin/usd ", "bitcoin/usd"),
        (KINDS.CHANGE, "eth/btc   7d", "ethereum/bitcoin 7d"),
        (KINDS.INDICATOR, "btc/usd 1h rsi", "bitcoin/usd 1h rsi(14)"),
        (KINDS.INDICATOR, "btc/usd 4h close:sma(200)", "bitcoin/usd 4h close : sma(200)"),
        (
            KINDS.INDICATOR,
            "btc/usd 1h macd.line : macd(12, 26).signal",
            "bitcoin/usd 1h macd(12,26,9).line : macd(12,26,9).signal",
        ),
        (KINDS.RATING, "btc/usd 1M", "bitcoin/usd 1M"),
        (KINDS.VOLATILITY_RANK, "btc/usd 24h", "bitcoin/usd 24h"),
        (KINDS.MARGIN_RATIO, "account", "account"),
        (KINDS.LIQUIDATION_DISTANCE, "BTC-PERP", "BTC-PERP"),
        (KINDS.POSITION, "BTC-PERP", "BTC-PERP"),
        (KINDS.KPI, "error_rate", "error_rate"),
        (KINDS.DATA_QUALITY, "flags", "flags"),
        (KINDS.DATA_QUALITY, "btc/usd", "bitcoin/usd"),
        (KINDS.JOB_RESULT, "any", "any"),
        (KINDS.JOB_RESULT, "all  imports.commit", "all imports.commit"),
    ],
)
def test_every_kind_is_kept_in_one_spelling(kind: SubjectKind, written: str, kept: str) -> None:
    aim = read(kind, written, CATALOGUE)

    assert aim.text == kept
    assert read(kind, kept, CATALOGUE) == aim


@pytest.mark.parametrize(
    ("kind", "written", "says"),
    [
        (KINDS.PRICE, "btc", "two known assets"),
        (KINDS.PRICE, "btc/btc", "two known assets"),
        (KINDS.PRICE, "nothing-such/usd", "two known assets"),
        (KINDS.CHANGE, "btc/usd", "btc/usd 1h"),
        (KINDS.CHANGE, "btc/usd 2h", "5m, 15m, 1h, 4h, 24h, 7d"),
        (KINDS.INDICATOR, "btc/usd 1h rsj(14)", "did you mean rsi"),
        (KINDS.INDICATOR, "btc/usd 1h rsi(1)", "rsi"),
        (KINDS.INDICATOR, "btc/usd 1h macd", "line, signal"),
        (KINDS.INDICATOR, "btc/usd 1h macd.nothing", "line, signal"),
        (KINDS.INDICATOR, "btc/usd 1h close", "as a price"),
        (KINDS.INDICATOR, "btc/usd 1h rsi : rsi(14)", "itself"),
        (KINDS.INDICATOR, "btc/usd 1h rsi,sma", "one line"),
        (KINDS.INDICATOR, "btc/usd 2h rsi", "1h, 4h"),
        (KINDS.RATING, "btc/usd soon", "1h, 4h"),
        (KINDS.VOLATILITY_RANK, "btc/usd 1d", "24h"),
        (KINDS.MARGIN_RATIO, "BTC-PERP", "account"),
        (KINDS.POSITION, "a b", "a name"),
        (KINDS.KPI, "é", "a name"),
        (KINDS.DATA_QUALITY, "everything", "two known assets"),
        (KINDS.PRICE, "b" * 151, "longer"),
    ],
)
def test_what_cannot_be_read_says_what_is_expected(
    kind: SubjectKind, written: str, says: str
) -> None:
    with pytest.raises(SubjectRefused) as refused:
        read(kind, written, CATALOGUE)

    assert says in refused.value.detail
    assert [fault.pointer for fault in refused.value.faults] == [POINTER]


@given(st.sampled_from(SubjectKind), st.text(max_size=200))
def test_any_text_is_a_subject_or_refused(kind: SubjectKind, written: str) -> None:
    try:
        aim = read(kind, written, CATALOGUE)
    except SubjectRefused:
        return
    assert read(kind, aim.text, CATALOGUE) == aim


def test_only_what_is_about_oneself_is_personal() -> None:
    personal = {
        (KINDS.MARGIN_RATIO, "account"): True,
        (KINDS.POSITION, "BTC-PERP"): True,
        (KINDS.JOB_RESULT, "any"): True,
        (KINDS.JOB_RESULT, "all any"): False,
        (KINDS.PRICE, "btc/usd"): False,
        (KINDS.KPI, "error_rate"): False,
    }
    for (kind, text), expected in personal.items():
        assert read(kind, text, CATALOGUE).personal is expected, text


def test_a_span_is_measured_in_candles_of_a_stored_interval() -> None:
    assert Span.WEEK.length_ms == 7 * 24 * 3_600_000
    for span in Span:
        assert span.length_ms % span.step.length_ms == 0
        assert span.length_ms // span.step.length_ms <= 300
    assert Span.HOUR.step is Interval.MINUTE
