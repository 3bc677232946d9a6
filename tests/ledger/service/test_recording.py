"""Whatever is written, in whatever order: the holdings are the fold of the transactions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId, new_id
from plimsoll.ledger.domain.holdings import (
    Books,
    CostCurrencyDiffers,
    NotEnoughHeld,
    fold,
)
from plimsoll.ledger.domain.transactions import Kind, Role, Transaction, keep_costs
from plimsoll.ledger.service import reading, recording
from plimsoll.plumbing.database import Database
from tests.ledger.desk import Desk, rate_of
from tests.ledger.entries import (
    BNB,
    BTC,
    ETH,
    EUR,
    OUTSIDE,
    USD,
    buy,
    day,
    entry,
    fee,
    leg,
    sell,
    transfer,
)
from tests.ledger.statement import statement_of

# --- the law -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """Something to record; moments and amounts are few, so that they meet."""

    action: str
    asset: AssetId
    wallet: int
    other: int
    quantity: Decimal
    worth: Decimal
    minute: int
    currency: AssetId
    paid_fee: bool
    target: int

    def on(self, desk: Desk) -> Transaction:  # noqa: PLR0911 - one per action
        at = day(1) + timedelta(minutes=self.minute)
        wallet, other = desk.wallets[self.wallet], desk.wallets[self.other]
        asset, quantity, worth, currency = self.asset, self.quantity, self.worth, self.currency
        second = ETH if asset == BTC else BTC
        coin_fee = [fee("0.1", BNB, value="3", wallet=desk.main)] if self.paid_fee else []
        cash_fee = "1.5" if self.paid_fee else "0"
        incoming = leg(quantity, asset, value=worth, wallet=wallet)
        outgoing = leg(-quantity, asset, value=worth, wallet=wallet)
        match self.action:
            case "buy" | "buy now":
                return buy(
                    quantity,
                    value=worth,
                    paid_fee=cash_fee,
                    asset=asset,
                    wallet=wallet,
                    at=at,
                    currency=currency,
                )
            case "sell":
                return sell(
                    quantity,
                    value=worth,
                    paid_fee=cash_fee,
                    asset=asset,
                    wallet=wallet,
                    at=at,
                    currency=currency,
                )
            case "swap":
                got = leg("1.7", second, value=worth, wallet=other)
                return entry(Kind.SWAP, outgoing, got, *coin_fee, at=at, currency=currency)
            case "transfer":
                return transfer(
                    quantity, *coin_fee, asset=asset, source=wallet, target=other, at=at
                )
            case "income":
                return entry(Kind.STAKING, incoming, at=at, currency=currency)
            case "income in fee coin":
                coin = leg("1", BNB, value="30", wallet=desk.main)
                return entry(Kind.CASHBACK, coin, at=at, currency=currency)
            case "withheld":
                part = fee("0.1", asset, value="2", wallet=wallet, role=Role.WITHHELD_FEE)
                paid = leg(-worth, currency, value=worth, wallet=OUTSIDE)
                return entry(Kind.BUY, incoming, paid, part, at=at, currency=currency)
            case "gift":
                return entry(Kind.GIFT_OUT, outgoing, at=at, currency=currency)
            case _:
                gas = fee("0.1", asset, value="1", wallet=wallet)
                return entry(Kind.FEE_ONLY, gas, at=at, currency=currency)


ACTIONS = [
    *["buy", "buy now"] * 2,
    *["sell", "swap", "transfer"] * 2,
    *["income", "income in fee coin", "withheld", "gift", "gas"],
    *["void"] * 2,
]
ATTEMPTS = st.builds(
    Attempt,
    action=st.sampled_from(ACTIONS),
    asset=st.sampled_from([BTC, ETH]),
    wallet=st.integers(0, 2),
    other=st.integers(0, 2),
    quantity=st.sampled_from(["0.3", "1", "0.333333333333333333", "2.5"]).map(Decimal),
    worth=st.sampled_from(["10", "0.01", "33.333333333333333333", "1000"]).map(Decimal),
    minute=st.integers(0, 6),
    currency=st.sampled_from([USD, USD, USD, EUR]),
    paid_fee=st.booleans(),
    target=st.integers(0, 100),
)
REFUSALS = (NotEnoughHeld, CostCurrencyDiffers)


class Model:
    """The ledger as the domain says it is: a list, folded from the start each time."""

    def __init__(self) -> None:
        self.entries: list[tuple[Transaction, int]] = []

    def books(self, entries: list[tuple[Transaction, int]]) -> Books:
        order = sorted(entries, key=lambda each: (each[0].occurred_at, each[0].rank, each[1]))
        return fold(transaction for transaction, _ in order)

    def try_adding(self, transaction: Transaction, seq: int) -> type[PlimsollError] | None:
        """Why the transaction must be refused; None when it is now in."""
        kept = {key: held.currency for key, held in self.books(self.entries).holdings.items()}
        entries = [*self.entries, (keep_costs(transaction, kept, rate_of), seq)]
        return self._try(entries)

    def try_voiding(self, position: int) -> type[PlimsollError] | None:
        return self._try(self.entries[:position] + self.entries[position + 1 :])

    def _try(self, entries: list[tuple[Transaction, int]]) -> type[PlimsollError] | None:
        try:
            self.books(entries)
        except REFUSALS as refused:
            return type(refused)
        self.entries = entries
        return None


async def refusal_of(work: Callable[[], Awaitable[object]]) -> type[PlimsollError] | None:
    try:
        await work()
    except REFUSALS as refused:
        return type(refused)
    return None


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking a story takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(ATTEMPTS, min_size=4, max_size=25))
async def test_holdings_are_the_fold_of_the_transactions_for_any_order_of_arrival(
    database: Database, attempts: list[Attempt]
) -> None:
    """And what the fold refuses is refused and changes nothing, and nothing else is refused."""
    desk, model = await Desk.open(database, wallets=3), Model()
    for seq, attempt in enumerate(attempts):
        before = await statement_of(database, desk.user_id)
        if attempt.action == "void":
            if not model.entries:
                continue
            position = attempt.target % len(model.entries)
            chosen = model.entries[position][0].id
            expected = model.try_voiding(position)
            refused = await refusal_of(lambda chosen=chosen: desk.void(chosen))  # type: ignore[misc]
        elif attempt.action == "buy now":
            written = await desk.buy_now(attempt.on(desk))
            expected, refused = model.try_adding(written, seq), None
        else:
            transaction = attempt.on(desk)
            expected = model.try_adding(transaction, seq)
            refused = await refusal_of(lambda it=transaction: desk.record(it))  # type: ignore[misc]
        assert refused == expected
        if refused:
            assert await statement_of(database, desk.user_id) == before
        books = model.books(model.entries)
        assert await desk.holdings() == books.holdings
        assert await desk.disposals() == sorted(
            (
                each.transaction_id,
                each.wallet_id,
                each.asset_id,
                each.currency,
                each.quantity,
                each.cost,
                each.proceeds,
            )
            for each in books.disposals
        )


# --- examples ------------------------------------------------------------------------------------


async def test_a_back_dated_purchase_moves_the_profit_of_a_later_sale(database: Database) -> None:
    desk = await Desk.open(database)
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(2)))
    sale = await desk.record(sell("1", value="150", wallet=desk.main, at=day(3)))
    assert sale.own_disposals[0].profit == 50

    await desk.record(buy("1", value="50", wallet=desk.main, at=day(1)))

    async with database.read() as unit:
        seen = await reading.get_transaction(unit, desk.user_id, sale.transaction.id)
    assert [part.profit for part in seen.realised] == [75]
    assert (await desk.holdings())[desk.main, BTC].cost == 75


async def test_a_sale_before_its_purchase_is_refused_and_in_the_same_moment_is_not(
    database: Database,
) -> None:
    desk = await Desk.open(database)
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(2)))
    before = await statement_of(database, desk.user_id)
    with pytest.raises(NotEnoughHeld):
        await desk.record(sell("1", value="150", wallet=desk.main, at=day(1)))
    assert await statement_of(database, desk.user_id) == before
    await desk.record(sell("1", value="150", wallet=desk.main, at=day(2)))


async def test_voiding_what_was_sold_later_is_refused(database: Database) -> None:
    desk = await Desk.open(database)
    bought = await desk.record(buy("1", value="100", wallet=desk.main, at=day(1)))
    sold = await desk.record(sell("1", value="150", wallet=desk.main, at=day(2)))
    before = await statement_of(database, desk.user_id)
    with pytest.raises(NotEnoughHeld):
        await desk.void(bought.transaction.id)
    assert await statement_of(database, desk.user_id) == before

    await desk.void(sold.transaction.id)
    await desk.void(bought.transaction.id)

    assert await desk.holdings() == {}
    assert await desk.disposals() == []


async def test_a_void_is_final(database: Database) -> None:
    desk = await Desk.open(database)
    bought = await desk.record(buy("1", value="100", wallet=desk.main))
    voiding = await desk.void(bought.transaction.id)
    with pytest.raises(recording.AlreadyVoided):
        await desk.void(bought.transaction.id)
    with pytest.raises(recording.VoidOfVoid):
        await desk.void(voiding.transaction.id)
    with pytest.raises(reading.TransactionNotFound):
        await desk.void(TransactionId(new_id()))


async def test_someone_elses_transaction_cannot_be_voided(database: Database) -> None:
    ada, ben = await Desk.open(database), await Desk.open(database)
    bought = await ada.record(buy("1", value="100", wallet=ada.main))
    with pytest.raises(reading.TransactionNotFound):
        await ben.void(bought.transaction.id)


async def test_a_voided_mistake_does_not_bind_the_currency(database: Database) -> None:
    """A purchase in the wrong currency is voided and recorded again in the right one."""
    desk = await Desk.open(database)
    mistake = await desk.record(buy("1", value="100", wallet=desk.main, currency=EUR))
    await desk.void(mistake.transaction.id)

    await desk.record(buy("1", value="100", wallet=desk.main, currency=USD))

    held = (await desk.holdings())[desk.main, BTC]
    assert (held.currency, held.cost) == (USD, 100)


async def test_a_purchase_in_another_currency_is_kept_in_the_holdings_own(
    database: Database,
) -> None:
    desk = await Desk.open(database)
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(1)))
    await desk.record(
        buy("1", value="100", paid_fee="8", wallet=desk.main, currency=EUR, at=day(2))
    )
    held = (await desk.holdings())[desk.main, BTC]
    assert (held.currency, held.cost, held.fees) == (USD, 235, 10)


async def test_a_wallet_of_someone_else_is_not_found(database: Database) -> None:
    ada, ben = await Desk.open(database), await Desk.open(database, wallets=2)
    before = await statement_of(database, ada.user_id)
    for wallet in (ben.wallets[1], WalletId(new_id())):
        with pytest.raises(recording.WalletNotFound):
            await ada.record(buy("1", value="100", wallet=wallet))
    assert await statement_of(database, ada.user_id) == before


def test_the_fingerprint_is_of_what_is_said_not_of_how_it_came() -> None:
    first = buy("1", value="100", at=day(1))
    again = replace(first, id=TransactionId(new_id()), note="seen", source="csv", external_id="7")
    again = replace(again, legs=(replace(first.legs[0], quantity=Decimal("1.0")), first.legs[1]))
    assert recording.fingerprint(again) == recording.fingerprint(first)
    for other in (
        buy("2", value="100", at=day(1)),
        buy("1", value="101", at=day(1)),
        buy("1", value="100", at=day(2)),
        buy("1", value="100", at=day(1), asset=ETH),
        buy("1", value="100", at=day(1), currency=EUR),
    ):
        assert recording.fingerprint(other) != recording.fingerprint(first)
