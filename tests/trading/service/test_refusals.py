"""Refusals as people are told them."""

import ast
from pathlib import Path

import pytest

from plimsoll.kernel.errors import PlimsollError
from plimsoll.trading import domain
from plimsoll.trading.domain import refusals
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.service.refusals import UNITS, told

LISTED = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
BTC = LISTED["BTC-PERP"]


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (
            refusals.InsufficientMargin(facts={"required": 1_250_000_000, "available": 0}),
            {"required": "12.5", "available": "0"},
        ),
        (
            refusals.OutsideBand(facts={"price": 700_000, "lowest": 570_000, "highest": 630_001}),
            {"price": "70000", "lowest": "57000", "highest": "63000.1"},
        ),
        (
            refusals.AboveMostQuantity(facts={"quantity": 1_000_001, "most": 1_000_000}),
            {"quantity": "1000.001", "most": "1000"},
        ),
        (
            refusals.LeverageAboveCap(
                facts={"leverage": 20, "highest": 5, "notional": 10**10, "most": 10**9}
            ),
            {"leverage": 20, "highest": 5, "notional": "100", "most": "10"},
        ),
        (
            refusals.OutOfRange(facts={"callback_ppm": 500_001, "most": 500_000}),
            {"callback_rate": "50.0001", "most": "50"},
        ),
        (refusals.OutOfRange(facts={"amount": "5", "most": "10"}), {
            "amount": "0.00000005", "most": "0.0000001",
        }),
        (refusals.OutOfRange(facts={"most": "4611686018427387904"}), {
            "most": "4611686018427387904",
        }),
        (refusals.DuplicateClientId(facts={"order": 2**55}), {"order": "36028797018963968"}),
        (refusals.UnknownAccount("no account 7", facts={"account": 7}), {}),
        (refusals.Halted(facts={"scope": "venue"}), {"scope": "venue"}),
    ],
)  # fmt: skip
def test_facts_are_in_peoples_units(error: PlimsollError, facts: dict[str, object]) -> None:
    shown = told(error, BTC)
    assert shown.facts == facts
    assert type(shown) is type(error)
    assert "7" not in shown.detail


def test_without_a_market_prices_and_quantities_are_left_out() -> None:
    error = refusals.OutsideBand("too far", facts={"price": 1, "lowest": 2, "highest": 3})
    assert told(error, None).facts == {}
    money = refusals.NotCovered(facts={"required": 10**8, "available": 0})
    assert told(money, None).facts == {"required": "1", "available": "0"}


def test_who_was_too_fast_is_told_when_to_come_back() -> None:
    error = refusals.OrderRateReached(facts={"orders_per_second": 50})
    assert told(error, BTC).retry_after_s == 1
    assert told(error, BTC).facts == {"orders_per_second": 50}


PLAIN = {
    "asset", "at_ms", "expires_at_ms", "fee_tier", "highest", "length", "leverage", "leverage_cap",
    "lowest", "most", "open", "orders", "orders_per_second", "positions", "scope", "settle", "step",
    "symbol", "tick", "until_ms",
}  # fmt: skip
"""Counts, symbols, moments: told as they are wherever the table does not say otherwise."""

OWN_UNITS = {"trades.py", "units.py"}
"""Whose facts are in people's units already."""


def test_every_fact_that_the_domain_gives_has_a_unit() -> None:
    """A new fact would else be told in ticks or hundred-millionths."""
    unknown = set()
    seen = 0
    for path in Path(domain.__file__).parent.glob("*.py"):
        if path.name in OWN_UNITS:
            continue
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            given = [each.value for each in call.keywords if each.arg == "facts"]
            error = getattr(refusals, call.func.id, None)
            if not given or not isinstance(given[0], ast.Dict):
                continue
            names = [ast.literal_eval(key) for key in given[0].keys if key is not None]
            known = UNITS.get(error.code, {}) if error else {}
            seen += len(names)
            unknown |= {
                (path.name, call.func.id, name)
                for name in names
                if name not in known and name not in PLAIN
            }
    assert unknown == set()
    assert seen > 50
