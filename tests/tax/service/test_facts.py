from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.ledger.domain.transactions import Kind, Leg, Role, Transaction
from plimsoll.tax.service.facts import DayPrices, Gift, Reader, Said

WALLET = WalletId(UUID(int=1))
DAY = date(2025, 2, 1)
AT = datetime(2025, 2, 1, 12, tzinfo=UTC)
USD, EUR, BITCOIN = AssetId("usd"), AssetId("eur"), AssetId("bitcoin")


def leg(asset: AssetId, quantity: str, value: str, *, role: Role = Role.PRINCIPAL) -> Leg:
    wallet = None if asset in {USD, EUR} else WALLET
    return Leg(wallet, asset, Decimal(quantity), role, Decimal(value))


def values(
    kind: Kind,
    *legs: Leg,
    currency: AssetId = USD,
    said: Said | None = None,
    **prices: str,
) -> list[Decimal | None]:
    """What the legs are worth in dollars; `prices` are those of the day."""
    transaction = Transaction(TransactionId(UUID(int=9)), kind, AT, currency, legs)
    known: DayPrices = {AssetId(name): {DAY: Decimal(price)} for name, price in prices.items()}
    reader = Reader(USD, said or Said(), lambda asset: asset in {USD, EUR})
    needed = reader.list_unpriced([(transaction, 1)])
    assert needed >= known.keys(), "nothing is asked for that is not needed"
    return [each.value for each in reader.read(transaction, 1, known).legs]


def test_a_stated_value_counts() -> None:
    assert values(Kind.BUY, leg(BITCOIN, "1", "9000"), leg(USD, "-9000", "9000")) == [9000, 9000]


def test_a_value_in_another_currency_is_turned_at_the_rate_of_the_day() -> None:
    found = values(
        Kind.BUY, leg(BITCOIN, "1", "100"), leg(EUR, "-100", "100"), currency=EUR, eur="1.1"
    )
    assert found == [Decimal("110.0"), Decimal("110.0")]


def test_what_was_paid_in_the_taxs_currency_is_exact_whatever_the_rate() -> None:
    found = values(Kind.BUY, leg(BITCOIN, "1", "100"), leg(USD, "-113", "100"), currency=EUR)
    assert found == [113, 113]


def test_a_withdrawal_without_a_value_is_worth_the_price_of_the_day() -> None:
    assert values(Kind.WITHDRAWAL, leg(BITCOIN, "-2", "0"), bitcoin="9000") == [18000]


def test_without_a_price_nobody_knows() -> None:
    assert values(Kind.WITHDRAWAL, leg(BITCOIN, "-2", "0")) == [None]


def test_a_gift_that_was_worth_nothing_is_worth_nothing() -> None:
    """In a kind whose values have an effect 0 is a statement."""
    assert values(Kind.AIRDROP, leg(BITCOIN, "2", "0")) == [0]


def test_a_placeholder_is_no_statement() -> None:
    unknown = Leg(WALLET, BITCOIN, Decimal(2), Role.PRINCIPAL, Decimal(0), valued=False)
    assert values(Kind.AIRDROP, unknown, bitcoin="9000") == [18000]
    assert values(Kind.AIRDROP, unknown) == [None]


def test_a_transfer_needs_no_price_unless_it_is_treated_as_something_else() -> None:
    legs = leg(BITCOIN, "-1", "0"), leg(BITCOIN, "1", "0")
    treated = Said(treated=frozenset({TransactionId(UUID(int=9))}))

    assert values(Kind.TRANSFER, *legs) == [None, None]
    assert values(Kind.TRANSFER, *legs, said=treated, bitcoin="9") == [9, 9]


def test_a_fee_of_a_transfer_is_worth_the_price_of_the_day() -> None:
    fee = leg(BITCOIN, "-0.5", "0", role=Role.FEE)
    legs = leg(BITCOIN, "-1", "0"), leg(BITCOIN, "1", "0"), fee
    assert values(Kind.TRANSFER, *legs, bitcoin="10") == [None, None, 5]


def test_who_had_a_gift_only_after_it_was_given_gave_another() -> None:
    """Nothing of what was said of such a giver counts, not even the cost; who had it at the very
    moment may have given it.
    """

    def known(since: datetime) -> tuple[Decimal | None, datetime | None]:
        legs = (leg(BITCOIN, "1", "60"),)
        given = Transaction(TransactionId(UUID(int=9)), Kind.GIFT_IN, AT, USD, legs)
        said = Said(gifts={given.id: Gift(Decimal(100), since)})
        fact = Reader(USD, said, lambda asset: asset == USD).read(given, 1, {})
        return fact.donor_cost, fact.donor_since

    assert known(AT) == (100, AT)
    assert known(AT + timedelta(microseconds=1)) == (None, None)
