from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.ledger.domain.transactions import Kind, Role
from plimsoll.tax.domain.allocation import Allocation, Assigned
from plimsoll.tax.domain.choices import Brought, Choices, FormRow, Way
from plimsoll.tax.domain.countries import Treatment
from plimsoll.tax.domain.facts import Fact, FactLeg, Pick
from plimsoll.tax.domain.lots import Method
from plimsoll.tax.domain.movements import Ref
from plimsoll.tax.service.inputs import (
    ENCODER,
    Header,
    Input,
    InputUnreadable,
    InputWriter,
    read_choices,
    read_input,
    write_choices,
)

FIRST, SECOND = TransactionId(UUID(int=1)), TransactionId(UUID(int=2))
WALLET, BITCOIN = WalletId(UUID(int=3)), AssetId("bitcoin")
AT = datetime(2025, 2, 1, 12, tzinfo=UTC)
FACT = Fact(
    FIRST,
    1,
    Kind.BUY,
    AT,
    (
        FactLeg(WALLET, BITCOIN, Decimal("1.5"), Role.PRINCIPAL, None),
        FactLeg(None, AssetId("usd"), Decimal(-9), Role.PRINCIPAL, Decimal(9), is_money=True),
    ),
    (Pick(SECOND, BITCOIN, Decimal(1), AT),),
    Decimal(3),
    AT,
)
CHOICES = Choices(
    methods=((2025, Way.HIFO),),
    allocation=Allocation((Assigned(WALLET, FIRST, BITCOIN, Decimal(1)),), Method.LIFO, (WALLET,)),
    treatments={SECOND: Treatment.FREE, FIRST: Treatment.IGNORE},
    brought={2025: Brought(Decimal(1), Decimal(2))},
    zone="America/Chicago",
    forms=(FormRow(1, None, BITCOIN, Decimal(1), date(2025, 5, 1), Decimal(7)),),
    portfolios={Ref(FIRST, 0): Decimal(5)},
    wash_sales_from=date(2026, 1, 1),
)


def written(*facts: Fact, choices: Choices = CHOICES) -> Input:
    writer = InputWriter(Header("us", "us/1", 2025, choices))
    writer.add(facts)
    return writer.finish()


def test_an_input_reads_back_as_it_was_written() -> None:
    given = written(FACT, FACT._replace(seq=2))

    header, facts = read_input(given.document)

    assert header == Header("us", "us/1", 2025, CHOICES)
    assert facts == [FACT, FACT._replace(seq=2)]
    assert given.facts == 2


def test_a_pick_of_before_there_were_legs_is_of_none() -> None:
    """What was stored is computed again as it was; what names a leg is another input."""
    text = ENCODER.encode(FACT)
    before = text.replace(b'Z",null]]', b'Z"]]')
    of_a_leg = FACT._replace(picks=(FACT.picks[0]._replace(leg=1),))

    assert before != text
    assert msgspec.json.decode(before, type=Fact) == FACT
    assert read_input(written(of_a_leg).document)[1] == [of_a_leg]
    assert written(of_a_leg).sha256 != written(FACT).sha256


def test_every_field_of_choices_is_written() -> None:
    """A field that is forgotten would not be computed with, nor be in the hash."""
    plain = msgspec.json.decode(ENCODER.encode(write_choices(CHOICES)))

    assert read_choices(plain) == CHOICES


def test_the_hash_does_not_depend_on_the_order_of_mappings_or_on_parts() -> None:
    turned = replace(CHOICES, treatments=dict(reversed(list(CHOICES.treatments.items()))))
    writer = InputWriter(Header("us", "us/1", 2025, turned))
    writer.add([FACT])
    writer.add([])
    writer.add([FACT._replace(seq=2)])

    assert writer.finish().sha256 == written(FACT, FACT._replace(seq=2)).sha256


def test_another_fact_or_choice_is_another_input() -> None:
    hashes = {
        written(FACT).sha256,
        written(FACT._replace(seq=2)).sha256,
        written(FACT, choices=replace(CHOICES, zone="")).sha256,
        written().sha256,
    }
    assert len(hashes) == 4


def test_a_choice_of_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputUnreadable):
        read_choices({"of_tomorrow": 1})
