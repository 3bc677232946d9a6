"""What is a flow and what is a result."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from plimsoll.ledger.domain.transactions import SHAPES, Kind, Role, Shape, Transaction
from plimsoll.portfolio.domain.flows import crosses, flow_of, list_flows
from plimsoll.portfolio.domain.series import recompute
from tests.ledger.entries import (
    BTC,
    ETH,
    EUR,
    MAIN,
    OUTSIDE,
    USD,
    buy,
    entry,
    fee,
    leg,
    sell,
    transfer,
)
from tests.portfolio.domain.courses import at, on, prices

KNOWN = prices(bitcoin={0: "100"}, ethereum={0: "10"}, eur={0: "1.1"})

SWAP = (leg("-1", BTC, value="90"), leg("9", ETH, value="90"))


@pytest.mark.parametrize(
    ("transaction", "flow"),
    [
        pytest.param(buy("1", value="95"), 95, id="bought with money from outside"),
        pytest.param(buy("1", value="95", paid_fee="2"), 97, id="with a fee on top"),
        pytest.param(sell("1", value="95", paid_fee="2"), -93, id="sold, less the fee"),
        pytest.param(
            entry(Kind.BUY, leg("1", value="95"), leg("-95", USD, value="95")),
            0,
            id="bought with money from a wallet",
        ),
        pytest.param(
            entry(Kind.SPEND, leg("-1", value="95"), leg("95", USD, value="95", wallet=OUTSIDE)),
            -95,
            id="spent",
        ),
        pytest.param(
            buy("1", value="90", currency=EUR), 99, id="in euro, at the day's rate of the euro"
        ),
        pytest.param(entry(Kind.SWAP, *SWAP), 0, id="swapped"),
        pytest.param(
            entry(Kind.SWAP, *SWAP, fee("1", BTC, value="90", wallet=MAIN)),
            0,
            id="swapped with a fee from a wallet",
        ),
        pytest.param(transfer("1"), 0, id="moved between own wallets"),
        pytest.param(transfer("1", fee("3")), 3, id="moved with a fee from outside"),
        pytest.param(
            entry(Kind.DEPOSIT, leg("2", value="7")), 200, id="deposited: at the day's price"
        ),
        pytest.param(entry(Kind.OPENING_LOT, leg("2", value="7")), 200, id="an opening lot"),
        pytest.param(entry(Kind.WITHDRAWAL, leg("-2")), -200, id="withdrawn"),
        pytest.param(
            entry(Kind.WITHDRAWAL, leg("-2"), fee("0.1", BTC, wallet=MAIN)),
            -200,
            id="withdrawn: the fee from the wallet is a result",
        ),
        pytest.param(entry(Kind.DEPOSIT, leg("50", USD, value="50")), 50, id="money deposited"),
        pytest.param(entry(Kind.STAKING, leg("1", value="100")), 0, id="earned"),
        pytest.param(entry(Kind.STOLEN, leg("-1")), 0, id="stolen"),
        pytest.param(entry(Kind.FUNDING, leg("-5", USD, value="5")), 0, id="funding paid"),
        pytest.param(entry(Kind.FEE_ONLY, fee("4")), 0, id="a fee and no holding"),
    ],
)
def test_the_flow_of_a_transaction(transaction: Transaction, flow: int) -> None:
    assert flow_of(transaction, KNOWN) == flow


def test_every_kind_that_comes_or_goes_alone_is_a_flow_or_a_result() -> None:
    one_sided = [kind for kind in Kind if SHAPES[kind] in (Shape.INFLOW, Shape.OUTFLOW)]
    assert {kind for kind in one_sided if crosses(kind)} == {
        Kind.DEPOSIT,
        Kind.OPENING_LOT,
        Kind.MINING,
        Kind.WAGES,
        Kind.GIFT_IN,
        Kind.SPOUSE_IN,
        Kind.LOAN_IN,
        Kind.WITHDRAWAL,
        Kind.GIFT_OUT,
        Kind.SPOUSE_OUT,
        Kind.DONATION,
        Kind.LOAN_REPAY,
    }
    assert not any(crosses(kind) for kind in Kind if kind not in one_sided)


@pytest.mark.parametrize(
    ("transaction", "flow"),
    [
        (buy("1", value="95", asset="dust", paid_fee="1"), 0),
        (sell("1", value="95", asset="dust"), 0),
        (entry(Kind.DEPOSIT, leg("1", "dust", value="95")), 0),
        (entry(Kind.SWAP, leg("-1", BTC, value="90"), leg("5", "dust", value="90")), -90),
        (entry(Kind.SWAP, leg("-5", "dust", value="90"), leg("1", BTC, value="90")), 90),
    ],
    ids=["bought", "sold", "deposited", "coins given for it", "coins got for it"],
)
def test_what_has_no_price_is_outside(transaction: Transaction, flow: int) -> None:
    assert flow_of(transaction, KNOWN) == flow


def test_the_first_price_brings_what_was_held_the_evening_before() -> None:
    known = prices(bitcoin={0: "100"}, dust={2: "3"})
    bought = [
        buy("1", value="100", at=at(0)),
        buy("5", value="50", asset="dust", at=at(1)),
        buy("2", value="8", asset="dust", at=at(2)),
    ]
    series = recompute((), on(0), transactions=bought, price_of=known, until=on(3))
    flows = list_flows(bought, series, known)
    assert flows.by_day() == {on(0): 100, on(2): 8 + 15}
    assert [each.of for each in flows.flows if each.amount == 15] == ["dust"]


def test_a_leg_outside_of_unknown_worth_is_named_and_in_no_sum() -> None:
    odd = entry(
        Kind.TRANSFER, *transfer("1").legs, fee("1", "dust", value="0", wallet=OUTSIDE), at=at(1)
    )
    flows = list_flows([odd], (), KNOWN)
    assert (flows.flows, flows.unknown) == ((), (odd.id,))


@pytest.mark.parametrize("record", [buy, sell])
def test_a_withheld_fee_of_a_purchase_is_no_flow(record: Callable[..., Transaction]) -> None:
    plain = record("1", value="95")
    withheld = fee("0.1", BTC, value="9.5", wallet=MAIN, role=Role.WITHHELD_FEE)
    taken = entry(plain.kind, *plain.legs, withheld)
    assert flow_of(taken, KNOWN) == flow_of(plain, KNOWN) == (95 if record is buy else -95)
    assert abs(flow_of(taken, KNOWN) or 0) == Decimal(95)
