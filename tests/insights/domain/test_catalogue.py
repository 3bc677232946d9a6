import pytest

from plimsoll.insights.domain.catalogue import (
    CATALOGUE,
    BadIndicatorList,
    BadIndicatorParameter,
    UnknownIndicator,
    ask,
    parse,
)


def test_a_list_is_read_with_its_numbers() -> None:
    requests = parse("rsi(14),macd(12,26,9)")

    assert [str(each) for each in requests] == ["rsi(14)", "macd(12,26,9)"]
    assert requests[1].arguments == (12, 26, 9)


def test_what_is_left_out_takes_its_default() -> None:
    requests = parse("rsi, bollinger(30) , obv()")
    assert [str(each) for each in requests] == ["rsi(14)", "bollinger(30,2)", "obv"]


def test_one_asked_for_twice_is_given_once() -> None:
    assert len(parse("rsi,rsi(14)")) == 1


@pytest.mark.parametrize("text", ["", " ", "rsi(", "rsi(14", "rsi)", "rsi,,ema", "rsi,", "14", ","])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(BadIndicatorList):
        parse(text)


def test_too_many_are_refused() -> None:
    with pytest.raises(BadIndicatorList):
        parse(",".join(f"sma({n})" for n in range(2, 40)))


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        UnknownIndicator, match=r"chikou.*; did you mean ichimoku\? there are adx, .*, wma"
    ):
        parse("chikou(26)")


@pytest.mark.parametrize(
    "text",
    [
        "rsi(1)",
        "rsi(1001)",
        "rsi(14.5)",
        "rsi(-14)",
        "rsi(nan)",
        "rsi(1e3)",
        "rsi(,)",
        "rsi(14,2)",
        "obv(3)",
        "macd(26,12,9)",
        "bollinger(20,0)",
    ],
)
def test_a_bad_number_is_answered_with_what_is_allowed(text: str) -> None:
    with pytest.raises(BadIndicatorParameter, match="allowed is"):
        parse(text)


def test_the_allowed_numbers_are_spelt_out() -> None:
    with pytest.raises(BadIndicatorParameter) as refused:
        ask("rsi", 0)
    assert refused.value.detail == (
        "period 0; allowed is rsi(period: whole number 2 to 1000 (default 14))"
    )


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_definition_is_written_down(name: str) -> None:
    definition = CATALOGUE[name]

    assert definition.formula
    assert ask(name).definition is definition
    assert len(ask(name).first) == len(definition.columns)
    assert set(dict(definition.displacement)) <= set(definition.columns)


def test_no_column_is_drawn_back_in_time() -> None:
    assert not any("chikou" in each for d in CATALOGUE.values() for each in d.columns)
    assert ask("ichimoku").definition.displacement == (("span_a", "kijun"), ("span_b", "kijun"))


@pytest.mark.parametrize(
    ("text", "warm_up"),
    [("sma(20)", 19), ("rsi(14)", 305), ("ema(200)", 2282), ("obv", None), ("macd", 417)],
)
def test_the_warm_up_follows_from_the_memory(text: str, warm_up: int | None) -> None:
    [request] = parse(text)
    assert request.warm_up == warm_up
