"""Withdrawals and deposits that may be one transfer."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId, new_id
from plimsoll.ledger.domain.pairing import End, Proposal, find_end, pair
from plimsoll.ledger.domain.transactions import Kind, Leg, Precision, Role, Transaction

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
BTC, ETH = AssetId("bitcoin"), AssetId("ethereum")
KRAKEN, LEDGER, COINBASE = (WalletId(new_id()) for _ in range(3))


def end(
    wallet: WalletId,
    quantity: str,
    minutes: float = 0,  # no money: minutes
    *,
    asset: AssetId = BTC,
    precision: Precision = Precision.INSTANT,
    reference: str = "",
) -> End:
    at = NOON + timedelta(minutes=minutes)
    return End(TransactionId(new_id()), wallet, asset, Decimal(quantity), at, precision, reference)


def ids(proposals: list[Proposal]) -> list[tuple[TransactionId, TransactionId]]:
    return [(each.left.id, each.arrived.id) for each in proposals]


def test_what_left_and_arrived_less_a_fee_is_proposed_with_that_fee() -> None:
    out, into = end(KRAKEN, "1.5"), end(LEDGER, "1.4995", 40)
    (found,) = pair([out], [into])
    assert (found.left, found.arrived, found.fee) == (out, into, Decimal("0.0005"))
    assert (found.same_reference, found.alike) == (False, 0)


def test_what_cannot_be_one_transfer_is_not_proposed() -> None:
    out = end(KRAKEN, "1.5")
    for into in (
        end(KRAKEN, "1.5", 40),  # the same wallet
        end(LEDGER, "1.5", 40, asset=ETH),
        end(LEDGER, "1.5001", 40),  # more than left
        end(LEDGER, "1.42", 40),  # more than a fee lacks
        end(LEDGER, "1.5", 60 * 24 * 4),
        end(LEDGER, "1.5", -90),
    ):
        assert pair([out], [into]) == []


def test_the_closest_in_amount_is_taken_and_the_others_are_counted() -> None:
    out = end(KRAKEN, "1")
    near, exact = end(LEDGER, "0.99", 10), end(COINBASE, "1", 300)
    (found,) = pair([out], [near, exact])
    assert (found.arrived, found.alike) == (exact, 1)


def test_of_equal_amounts_the_nearest_in_time_belong_together() -> None:
    outs = [end(KRAKEN, "1", minutes) for minutes in (0, 600)]
    intos = [end(LEDGER, "1", minutes) for minutes in (630, 20)]
    assert ids(pair(outs, intos)) == [(outs[0].id, intos[1].id), (outs[1].id, intos[0].id)]


def test_the_same_hash_joins_ends_whose_times_and_fees_do_not_look_like_it() -> None:
    out = end(KRAKEN, "1", reference="0xAB")
    wrong, right = end(LEDGER, "1", 5), end(LEDGER, "0.5", 60 * 48, reference="0xab")
    (found,) = pair([out], [wrong, right])
    assert (found.arrived, found.same_reference) == (right, True)
    assert pair([out], [end(LEDGER, "1", 5, reference="0xcd")]) == []


def test_a_deposit_of_which_only_the_day_is_known_may_stand_before_the_hour() -> None:
    day = end(LEDGER, "1", -60 * 12, precision=Precision.DAY)
    assert len(pair([end(KRAKEN, "1")], [day])) == 1


def test_only_single_deposits_and_withdrawals_are_ends() -> None:
    def made(kind: Kind, *legs: Leg) -> Transaction:
        return Transaction(TransactionId(new_id()), kind, NOON, AssetId("usd"), legs)

    out = Leg(KRAKEN, BTC, Decimal(-2), Role.PRINCIPAL, Decimal(0))
    fee = Leg(KRAKEN, BTC, Decimal("-0.1"), Role.FEE, Decimal(0))
    found = find_end(made(Kind.WITHDRAWAL, out, fee), "0x1")
    assert found is not None
    assert (found.quantity, found.wallet_id, found.reference) == (2, KRAKEN, "0x1")
    assert find_end(made(Kind.WITHDRAWAL, out, out)) is None
    assert find_end(made(Kind.GIFT_OUT, out)) is None


ENDS = st.lists(
    st.tuples(
        st.sampled_from([KRAKEN, LEDGER, COINBASE]),
        st.sampled_from(["1", "0.999", "0.97", "2"]),
        st.integers(0, 3_000),
    ),
    max_size=12,
)


@given(outs=ENDS, intos=ENDS)
def test_each_end_is_in_one_proposal_and_order_changes_nothing(
    outs: list[tuple[WalletId, str, int]], intos: list[tuple[WalletId, str, int]]
) -> None:
    left, arrived = [end(*each) for each in outs], [end(*each) for each in intos]
    proposals = pair(left, arrived)
    used = [each.left.id for each in proposals] + [each.arrived.id for each in proposals]
    assert len(used) == len(set(used))
    assert all(each.fee >= 0 for each in proposals)
    assert ids(pair(left[::-1], arrived[::-1])) == ids(proposals)
