"""What holds for every ledger, whatever is in it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import QUANTUM, ZERO
from plimsoll.ledger.domain.holdings import Books, Effect, Key, NotEnoughHeld, fold, moves_of
from plimsoll.ledger.domain.transactions import Kind, Transaction
from tests.ledger.entries import (
    BNB,
    BTC,
    COLD,
    ETH,
    MAIN,
    buy,
    day,
    entry,
    fee,
    leg,
    sell,
    transfer,
)

UGLY = st.one_of(
    st.integers(1, 10**36),
    st.integers(1, 10**20),
    st.sampled_from([1, 2, 3, 10**18, 10**18 // 3, 2 * 10**18 // 3, 10**19, 10**37]),
).map(lambda units: Decimal(units).scaleb(-18))
ASSETS = st.sampled_from([BTC, ETH])
WALLETS = st.sampled_from([MAIN, COLD])
REMOVALS = frozenset({Kind.GIFT_OUT, Kind.WITHDRAWAL})


@st.composite
def attempts(draw: st.DrawFn) -> Transaction:  # noqa: PLR0911 - one per kind
    """Something that may or may not be covered by what is held."""
    quantity, worth, asset, wallet = draw(UGLY), draw(UGLY), draw(ASSETS), draw(WALLETS)
    other = ETH if asset == BTC else BTC
    cost = draw(st.sampled_from([ZERO, Decimal("0.1"), QUANTUM]))
    coin_fee = [fee(cost, BNB, value="0.3", wallet=MAIN)] if cost else []
    match draw(st.sampled_from(["buy", "buy", "sell", "swap", "move", "stake", "out", "gas"])):
        case "buy":
            return buy(quantity, value=worth, paid_fee=cost, asset=asset, wallet=wallet)
        case "sell":
            return sell(quantity, value=worth, paid_fee=cost, asset=asset, wallet=wallet)
        case "swap":
            out = leg(-quantity, asset, value=worth, wallet=wallet)
            return entry(Kind.SWAP, out, leg(draw(UGLY), other, value=worth), *coin_fee)
        case "move":
            target = COLD if wallet == MAIN else MAIN
            return transfer(quantity, *coin_fee, asset=asset, source=wallet, target=target)
        case "stake":
            return entry(Kind.STAKING, leg(quantity, BNB, value=worth))
        case "gas":
            return entry(Kind.FEE_ONLY, fee(quantity, asset, value=worth, wallet=wallet))
        case _:
            kind = draw(st.sampled_from([*REMOVALS, Kind.LOST]))
            return entry(kind, leg(-quantity, asset, wallet=wallet))


@st.composite
def histories(draw: st.DrawFn) -> list[Transaction]:
    """Transactions each of which is covered by those before it; sales of a part or of all."""
    books, accepted = Books({}, []), list[Transaction]()
    for number, attempt in enumerate(draw(st.lists(attempts(), max_size=15))):
        transaction = replace(attempt, occurred_at=day(number))
        if draw(st.booleans()):
            transaction = _fitted(transaction, books, draw(st.sampled_from([1, 2, 3, 7])))
        trial = Books(dict(books.holdings), list(books.disposals))
        try:
            trial.apply(transaction)
        except NotEnoughHeld:
            continue
        books = trial
        accepted.append(transaction)
    return accepted


def _fitted(transaction: Transaction, books: Books, divisor: int) -> Transaction:
    """The transaction with what goes out cut to a fraction of what is there."""
    going = [
        each for each in moves_of(transaction) if each.effect in (Effect.DISPOSE, Effect.REMOVE)
    ]
    if not going:
        return transaction
    held = books.holdings.get((going[0].wallet_id, going[0].asset_id))
    if held is None or held.quantity < divisor * QUANTUM:
        return transaction
    fitting = (held.quantity / divisor).quantize(QUANTUM)
    fitting = min(fitting, held.quantity)
    wanted = going[0].quantity
    return replace(
        transaction,
        legs=tuple(
            replace(each, quantity=fitting.copy_sign(each.quantity))
            if abs(each.quantity) == wanted and each.asset_id == going[0].asset_id
            else each
            for each in transaction.legs
        ),
    )


def total(values: Iterable[Decimal]) -> Decimal:
    return sum(values, ZERO)


@given(histories())
def test_a_balance_is_the_sum_of_its_legs(history: list[Transaction]) -> None:
    sums: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for transaction in history:
        for each in transaction.legs:
            if each.wallet_id is not None:
                sums[each.wallet_id, each.asset_id] += each.quantity
    books = fold(history)
    assert {key: held.quantity for key, held in books.holdings.items()} == sums


@given(histories())
def test_no_cost_appears_or_vanishes(history: list[Transaction]) -> None:
    """What came in is disposed of, has left with what was removed, or is still held."""
    books, came_in, removed = Books({}, []), ZERO, ZERO
    for transaction in history:
        before = dict(books.holdings)
        moves = moves_of(transaction)
        came_in += total(each.worth for each in moves if each.effect is Effect.ACQUIRE)
        books.apply(transaction)
        if transaction.kind in REMOVALS:
            (move,) = moves
            held = before[move.wallet_id, move.asset_id]
            exact = Fraction(held.cost) * Fraction(move.quantity) / Fraction(held.quantity)
            removed += Decimal(round(exact * 10**18)).scaleb(-18)
    held_cost = total(each.cost for each in books.holdings.values())
    assert came_in == total(each.cost for each in books.disposals) + removed + held_cost


@given(histories())
def test_what_was_realised_is_the_sum_of_the_disposals(history: list[Transaction]) -> None:
    books = fold(history)
    for (wallet_id, asset_id), held in books.holdings.items():
        own = [
            each.profit
            for each in books.disposals
            if (each.wallet_id, each.asset_id) == (wallet_id, asset_id)
        ]
        assert held.realised == total(own)


@given(histories())
def test_no_holding_is_ever_below_zero_and_an_empty_one_has_no_cost(
    history: list[Transaction],
) -> None:
    books = Books({}, [])
    for transaction in history:
        books.apply(transaction)
        for held in books.holdings.values():
            assert held.quantity >= 0
            assert held.cost >= held.fees >= 0
            if held.quantity:
                assert held.average_cost is not None
                assert held.average_cost_without_fees is not None
                assert held.average_cost >= held.average_cost_without_fees >= 0
            else:
                assert (held.cost, held.fees, held.average_cost) == (0, 0, None)


@given(histories())
def test_amounts_are_kept_to_eighteen_places(history: list[Transaction]) -> None:
    for held in fold(history).holdings.values():
        for amount in (held.quantity, held.cost, held.fees, held.realised):
            assert amount == amount.quantize(QUANTUM)


@given(histories(), st.integers(0, 15))
def test_applying_the_rest_to_what_a_part_led_to_is_the_same(
    history: list[Transaction], cut: int
) -> None:
    whole, part = fold(history), fold(history[:cut])
    rest = Books(dict(part.holdings), [])
    for transaction in history[cut:]:
        rest.apply(transaction)
    assert rest.holdings == whole.holdings
    assert part.disposals + rest.disposals == whole.disposals


@given(histories(), st.sets(st.sampled_from([BTC, ETH, BNB])))
def test_assets_can_be_folded_apart(history: list[Transaction], only: set[AssetId]) -> None:
    whole, part = fold(history), fold(history, frozenset(only))
    assert part.holdings == {key: held for key, held in whole.holdings.items() if key[1] in only}
    assert part.disposals == [each for each in whole.disposals if each.asset_id in only]


@given(histories(), st.integers(0, 14), st.data())
def test_a_purchase_split_in_two_changes_no_total(
    history: list[Transaction], place: int, data: st.DataObject
) -> None:
    bought = [each for each in history if each.kind is Kind.BUY]
    if not bought:
        return
    whole = bought[place % len(bought)]
    quantity, worth = whole.legs[0].quantity, whole.legs[0].value
    if quantity < 2 * QUANTUM or worth < 2 * QUANTUM:
        return
    units, worths = (int(each.scaleb(18)) for each in (quantity, worth))
    q = Decimal(data.draw(st.integers(1, units - 1))).scaleb(-18)
    v = Decimal(data.draw(st.integers(1, worths - 1))).scaleb(-18)
    asset, wallet = whole.legs[0].asset_id, whole.legs[0].wallet_id
    assert wallet is not None
    fees = whole.legs[2:]
    first = replace(buy(q, value=v, asset=asset, wallet=wallet), occurred_at=whole.occurred_at)
    second = buy(quantity - q, value=worth - v, asset=asset, wallet=wallet, at=whole.occurred_at)
    second = replace(second, legs=(*second.legs, *fees))
    at = history.index(whole)

    split = fold([*history[:at], first, second, *history[at + 1 :]])

    assert split == fold(history)


@given(histories())
def test_rounding_stays_within_half_a_unit_of_the_last_place_per_step(
    history: list[Transaction],
) -> None:
    """Against the same averaging done in exact fractions, for one asset."""
    exact: defaultdict[Key, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    books, roundings = Books({}, []), 0
    for transaction in history:
        carried = Fraction(0)
        for move in moves_of(transaction):
            entry_ = exact[move.wallet_id, move.asset_id]
            amount = Fraction(move.quantity)
            match move.effect:
                case Effect.ACQUIRE:
                    entry_[1] += Fraction(move.worth)
                    entry_[0] += amount
                case Effect.ARRIVE:
                    entry_[1] += carried
                    entry_[0] += amount
                case _:
                    part = entry_[1] * amount / entry_[0]
                    carried = part if move.effect is Effect.REMOVE else carried
                    entry_[0] -= amount
                    entry_[1] -= part
                    roundings += 1
        books.apply(transaction)
    bound = Fraction(roundings, 2 * 10**18)
    for key, held in books.holdings.items():
        assert abs(Fraction(held.cost) - exact[key][1]) <= bound
