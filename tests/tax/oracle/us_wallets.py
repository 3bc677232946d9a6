"""Beside coinbasis: FIFO within each wallet, transfers with their age, gifts with two bases.

It is told and asked in its own JSON, by a few lines that only call its public names.

It differs where the law that we follow says something else:
- `swap-fee`: the fee of an exchange of two coins is added to the cost of what comes in; it belongs
  to what is disposed of (26 CFR 1.1001-7(b)(2), 1.1012-1(h)).
- `365-days`: long is more than 365 days of 24 hours; the law counts calendar days up to the
  anniversary (IRC 1222).
- `gift-at-market-value`: a gift sold at a loss from its value then keeps the donor's time; that
  goes with the donor's cost only (IRC 1223(2)).
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.matching import ALWAYS, Election, Scope
from plimsoll.tax.domain.rules import us
from tests.tax.ledgers import matched
from tests.tax.oracle.agreement import (
    Agreement,
    Foretold,
    Key,
    Part,
    add,
    by_acquisition,
    compare,
)
from tests.tax.oracle.deeds import INCOMES, Deed, Teller, World, facts_of

NAME: Final = "coinbasis 0.1.0, FIFO by wallet"
TOLERANCE: Final = Decimal("1e-12")
YEAR: Final = timedelta(days=365)
NEAR: Final = timedelta(days=2)
"""How far an anniversary can be from 365 days of 24 hours, in another zone than UTC."""
WORLD: Final = World(
    {
        Kind.BUY: 30,
        Kind.SELL: 25,
        Kind.SWAP: 10,
        Kind.SPEND: 5,
        Kind.STAKING: 5,
        Kind.MINING: 3,
        Kind.TRANSFER: 12,
        Kind.GIFT_OUT: 3,
        Kind.GIFT_IN: 2,
    },
    assets=4,
    wallets=3,
    hours=16,
    apart=(Kind.GIFT_IN,),
)
NAMES: Final = {
    Kind.BUY: "Buy",
    Kind.SELL: "Sell",
    Kind.SPEND: "Spend",
    Kind.GIFT_OUT: "GiftSent",
    Kind.GIFT_IN: "GiftReceived",
    Kind.TRANSFER: "Transfer",
    Kind.SWAP: "Trade",
}
ASK: Final = """
import json, sys
from coinbasis import CostBasisMethod, Portfolio
from coinbasis.serialization import ledger_from_json
book = Portfolio.from_transactions(ledger_from_json(open(sys.argv[1]).read()))
found = [
    [each.disposed_at.isoformat(), each.acquired_at.isoformat(), str(each.quantity),
     str(each.proceeds), str(each.cost_basis), each.term.value]
    for each in book.realized_gains(CostBasisMethod.FIFO)
]
json.dump(found, open(sys.argv[2], "w"))
"""

Run = Callable[..., str]
"""Runs a program of the peers' environment with these words."""


def check(run: Run, place: Path, count: int, seed: int) -> Agreement:
    deeds = Teller(WORLD, seed).tell(count)
    told, answer = place / "ledger.json", place / "gains.json"
    told.write_text(json.dumps([_told(deed) for deed in deeds]))
    run("python", "-c", ASK, str(told), str(answer))
    numbers = {deed.donor_since or deed.at: deed.number for deed in deeds}
    numbers |= {deed.at: deed.number for deed in deeds}
    theirs: dict[Key, Part] = {}
    for disposed, acquired, quantity, proceeds, cost, term in json.loads(answer.read_text()):
        key = tuple(numbers[datetime.fromisoformat(at)] for at in (disposed, acquired))
        part = Part(Decimal(quantity), Decimal(proceeds), Decimal(cost), term == "Long")
        add(theirs, key, part)
    election = replace(us.ELECTION, scopes=((ALWAYS, Scope.ACCOUNT),))
    return compare(_foretold(deeds, election), theirs, TOLERANCE)


def _foretold(deeds: list[Deed], election: Election) -> dict[Key, Foretold]:
    """Ours, as coinbasis must see it."""
    result = matched(facts_of(deeds, us.COUNTRY.currency), us.COUNTRY, election)
    assert not result.shortfalls
    taxed = [each for each in result.slices if each.disposed.taxed]
    found = {}
    for key, part in by_acquisition(taxed).items():
        disposed, acquired = (deeds[int(str(number))] for number in key)
        proceeds = cost = ZERO
        rules = []
        if disposed.kind is Kind.SWAP:
            proceeds = disposed.fee * part.quantity / disposed.quantity
        if acquired.kind is Kind.SWAP:
            cost = acquired.fee * part.quantity / acquired.received
        if proceeds or cost:
            rules.append("swap-fee")
        since = acquired.donor_since or acquired.at
        long = disposed.at - since > YEAR
        at_value = acquired.kind is Kind.GIFT_IN and part.cost != acquired.donor_cost
        if long != part.long and at_value:
            rules.append("gift-at-market-value")
        elif long != part.long and abs(disposed.at - since - YEAR) <= NEAR:
            rules.append("365-days")
        else:
            long = part.long is True
        theirs = Part(part.quantity, part.proceeds + proceeds, part.cost + cost, long)
        found[key] = Foretold(theirs, tuple(rules))
    return found


def _told(deed: Deed) -> dict[str, dict[str, str]]:
    at, value, fee = _moment(deed.at), str(deed.value), str(deed.fee)
    quantity, price = str(deed.quantity), str(deed.value / deed.quantity)
    place = {"timestamp": at, "wallet": deed.wallet}
    one = {**place, "asset": deed.asset, "quantity": quantity}
    match deed.kind:
        case Kind.BUY | Kind.SELL:
            words = {**one, "unit_price": price, "fee": fee}
        case Kind.SPEND:
            words = {**one, "value": value, "fee": fee}
        case Kind.GIFT_OUT:
            words = one
        case Kind.GIFT_IN:
            assert deed.donor_since is not None
            since = _moment(deed.donor_since)
            gift = {"donor_basis": str(deed.donor_cost), "donor_acquired_at": since}
            words = {**one, **gift, "fmv_at_receipt": value}
        case Kind.TRANSFER:
            way = {"from_wallet": deed.wallet, "to_wallet": deed.target}
            words = {**one, **way, "fee": str(deed.received), "fee_value": fee}
        case Kind.SWAP:
            gave = {"from_asset": deed.asset, "from_quantity": quantity}
            got = {"to_asset": deed.target, "to_quantity": str(deed.received)}
            words = {**place, **gave, **got, "value": value, "fee": fee}
        case kind:
            assert kind in INCOMES
            words = {**one, "value": value, "source": kind.value.capitalize()}
    return {NAMES.get(deed.kind, "Income"): words}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
