"""Where more was taken out than was there: missing history, and unrecorded transfers. Pure.

Wallets are followed as the books do it: nothing falls below zero, and what lacks counts as held
before. A wallet that lacked what other wallets had is short of a transfer; where all wallets
together had not enough, a purchase is missing.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import ZERO, AmountOutOfRange, multiply, to_stored
from plimsoll.ledger.domain.holdings import Key
from plimsoll.ledger.domain.issues import (
    Dismiss,
    Fix,
    Issue,
    IssueKind,
    Known,
    MoveUnits,
    OpenLot,
    Witnesses,
    moment,
)
from plimsoll.ledger.domain.transactions import Leg, Role, Transaction

INSTANT: Final = timedelta(microseconds=1)


class _Balance:
    """What a wallet has of an asset, and what it had before the moment `at`."""

    __slots__ = ("at", "before", "now")

    def __init__(self) -> None:
        self.now = self.before = ZERO
        self.at: datetime | None = None

    def change(self, to: Decimal, at: datetime) -> None:
        if self.at != at:
            self.before, self.at = self.now, at
        self.now = to

    def had_before(self, at: datetime) -> Decimal:
        return self.before if self.at == at else self.now


class _Shortage:
    """What one wallet lacked of one asset, over all."""

    __slots__ = ("beyond", "currency", "donor", "had", "lacking", "spare", "witnesses")

    def __init__(self, currency: AssetId, donor: WalletId | None, spare: Decimal) -> None:
        self.currency = currency
        self.donor, self.spare = donor, spare
        self.lacking = self.had = ZERO
        self.beyond = False
        self.witnesses = Witnesses()


class Shortages:
    """Fed with transactions in ledger order."""

    def __init__(self) -> None:
        self._balances: dict[AssetId, dict[WalletId, _Balance]] = defaultdict(dict)
        self._totals: dict[AssetId, Decimal] = defaultdict(Decimal)
        self._found: dict[Key, _Shortage] = {}
        self._first: dict[Key, Transaction] = {}

    def add(self, transaction: Transaction) -> None:
        """Out first, then in, then what was withheld of what came in."""
        came = {
            (leg.wallet_id, leg.asset_id)
            for leg in transaction.legs
            if leg.quantity > 0 and leg.wallet_id is not None
        }
        withheld = []
        for leg in transaction.legs:
            if leg.quantity < 0 and leg.wallet_id is not None:
                apart = leg.role is not Role.PRINCIPAL
                if apart and (leg.wallet_id, leg.asset_id) in came:
                    withheld.append(leg)
                else:
                    self._take(transaction, leg)
        if came:
            for leg in transaction.legs:
                if leg.quantity > 0 and leg.wallet_id is not None:
                    balance = self._balance(leg)
                    balance.change(balance.now + leg.quantity, transaction.occurred_at)
                    self._totals[leg.asset_id] += leg.quantity
            for leg in withheld:
                self._take(transaction, leg)

    def _balance(self, leg: Leg) -> _Balance:
        assert leg.wallet_id is not None
        wallets = self._balances[leg.asset_id]
        balance = wallets.get(leg.wallet_id)
        if balance is None:
            balance = wallets[leg.wallet_id] = _Balance()
        return balance

    def _take(self, transaction: Transaction, leg: Leg) -> None:
        balance, wanted = self._balance(leg), -leg.quantity
        known = min(balance.now, wanted)
        if known < wanted:
            self._note(transaction, leg, wanted - known, balance)
        balance.change(balance.now - known, transaction.occurred_at)
        self._totals[leg.asset_id] -= known

    def _note(
        self, transaction: Transaction, leg: Leg, lacking: Decimal, balance: _Balance
    ) -> None:
        assert leg.wallet_id is not None
        key = (leg.wallet_id, leg.asset_id)
        elsewhere = self._totals[leg.asset_id] - balance.now
        found = self._found.get(key)
        if found is None:
            donor, spare = self._richest(key, transaction.occurred_at)
            currency = leg.cost_currency or transaction.currency
            found = self._found[key] = _Shortage(currency, donor, spare)
            self._first[key] = transaction
            found.had = elsewhere
        found.lacking += lacking
        if elsewhere < lacking and not found.beyond:
            found.beyond, found.had = True, elsewhere
        found.witnesses.add(transaction)

    def _richest(self, key: Key, at: datetime) -> tuple[WalletId | None, Decimal]:
        """The other wallet that had most of the asset just before."""
        donor, spare = None, ZERO
        for wallet_id, balance in self._balances[key[1]].items():
            had = balance.had_before(at)
            if wallet_id != key[0] and had > spare:
                donor, spare = wallet_id, had
        return donor, spare

    def lacking(self) -> dict[Key, Decimal]:
        """What each wallet lacked, over all."""
        return {key: each.lacking for key, each in self._found.items()}

    def list_issues(self, known: Known) -> Iterator[Issue]:
        for key, found in self._found.items():
            yield _issue(known, key, found, self._first[key])


def _issue(known: Known, key: Key, found: _Shortage, first: Transaction) -> Issue:
    (wallet_id, asset_id), names = key, known.names
    lacking = names.amount(found.lacking, asset_id)
    wallet, symbol = names.wallet(wallet_id), names.symbol(asset_id)
    kind = IssueKind.MISSING_HISTORY if found.beyond else IssueKind.NEGATIVE_BALANCE
    if found.beyond:
        cause = (
            f"{lacking} more went out of {wallet} than had ever come in, first on {moment(first)};"
            f" all other wallets had {names.amount(found.had, asset_id)} then:"
            " where they came from, and what they cost, is not in the books"
        )
    else:
        cause = (
            f"{lacking} more went out of {wallet} than was there, first on {moment(first)}, while"
            f" other wallets had {names.amount(found.had, asset_id)}:"
            f" a transfer of {symbol} to {wallet} is not in the books"
        )
    return Issue(
        id=known.id_of(kind, wallet_id, asset_id),
        kind=kind,
        cause=cause,
        since=first.occurred_at,
        asset_id=asset_id,
        wallet_id=wallet_id,
        transactions=tuple(found.witnesses.ids),
        count=found.witnesses.count,
        rows=found.witnesses.rows,
        fixes=tuple(_fixes(known, key, found, first)),
    )


def _fixes(known: Known, key: Key, found: _Shortage, first: Transaction) -> Iterator[Fix]:
    wallet_id, asset_id = key
    at, currency = first.occurred_at, found.currency
    price = Decimal(1) if asset_id == currency else known.price_on(asset_id, currency, at.date())
    try:
        quantity = to_stored(found.lacking)
        value = multiply(quantity, price) if price else ZERO
    except AmountOutOfRange:
        return
    lot = OpenLot(wallet_id, asset_id, quantity, at, currency, value)
    if found.donor is not None and not found.beyond:
        units = min(quantity, found.spare)
        yield MoveUnits(found.donor, wallet_id, asset_id, units, at - INSTANT, currency)
    yield lot
    yield Dismiss("what lacks had cost nothing")
