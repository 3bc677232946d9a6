"""Facts in few words: a leg is `account asset quantity value [role] [for-fee]`.

The account `-` is outside of all, the value `-` is unknown, currencies are money.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.ledger.domain.transactions import Kind, Role
from plimsoll.tax.domain.countries import Country, Treatment
from plimsoll.tax.domain.facts import Fact, FactLeg, Pick
from plimsoll.tax.domain.matching import Election, match
from plimsoll.tax.domain.reading import read
from plimsoll.tax.domain.results import Matched

MONEY: Final = frozenset({"usd", "eur", "aud", "gbp", "cad"})
_numbers = count(1)


def account(name: str) -> WalletId:
    return WalletId(uuid5(NAMESPACE_OID, name))


def transaction(number: int) -> TransactionId:
    return TransactionId(UUID(int=number))


def moment(text: str) -> datetime:
    """Noon in UTC where only the day is given: the same day in each zone of these tests but one
    with more than eleven hours.
    """
    at = datetime.fromisoformat(text if "T" in text else f"{text}T12:00")
    return at.replace(tzinfo=UTC)


def leg(text: str) -> FactLeg:
    place, asset, quantity, value, *rest = text.split()
    roles = [word for word in rest if word != "for-fee"]
    return FactLeg(
        None if place == "-" else account(place),
        AssetId(asset),
        Decimal(quantity),
        Role(roles[0]) if roles else Role.PRINCIPAL,
        None if value == "-" else Decimal(value),
        is_money=asset in MONEY,
        for_fee="for-fee" in rest,
    )


def fact(
    kind: str,
    at: str | datetime,
    *legs: str,
    seq: int | None = None,
    picks: Iterable[Pick] = (),
    donor_cost: str | None = None,
    donor_since: str | None = None,
) -> Fact:
    number = next(_numbers) if seq is None else seq
    return Fact(
        transaction(number),
        number,
        Kind(kind),
        moment(at) if isinstance(at, str) else at,
        tuple(leg(each) for each in legs),
        tuple(picks),
        None if donor_cost is None else Decimal(donor_cost),
        None if donor_since is None else moment(donor_since),
    )


def from_vector(rows: Sequence[dict[str, Any]]) -> tuple[list[Fact], dict[str, TransactionId]]:
    """The facts of a vector, and the transactions that have a name in it."""
    names = {row["name"]: transaction(n) for n, row in enumerate(rows, 1) if "name" in row}
    facts = [
        fact(
            row["kind"],
            row["at"],
            *row["legs"],
            seq=number,
            picks=[
                Pick(names[of], AssetId(asset), Decimal(quantity), moment(when))
                for of, asset, quantity, when in row.get("picks", ())
            ],
            donor_cost=row.get("donor_cost"),
            donor_since=row.get("donor_since"),
        )
        for number, row in enumerate(rows, 1)
    ]
    return facts, names


def matched(
    facts: Iterable[Fact],
    country: Country,
    election: Election,
    *,
    as_of: date | None = None,
    overrides: dict[TransactionId, Treatment] | None = None,
) -> Matched:
    """Facts read and matched in one go."""
    reading = read(facts, country, overrides)
    result = match(reading.movements, country, election, as_of=as_of)
    result.unvalued += reading.unvalued
    result.warnings += reading.warnings
    return result
