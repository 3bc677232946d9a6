from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.imports import (
    Draft,
    DraftLeg,
    Fault,
    LeftOut,
    Outcome,
    Refused,
    Standing,
    fingerprint,
    judge,
    short_id,
)
from plimsoll.ledger.domain.transactions import Kind

BTC, EUR = AssetId("bitcoin"), AssetId("eur")
DEPOSIT = Draft(
    lines=(2,),
    kind=Kind.DEPOSIT,
    at=datetime(2024, 1, 31, 12, tzinfo=UTC),
    legs=(DraftLeg("BTC", BTC, Decimal("0.5")), DraftLeg("EUR", EUR, Decimal(-1))),
)
FAULT = Fault(2, "date", "x", "not-a-date", "why", "what to do")


def standings(*outcomes: Outcome, known: frozenset[str] = frozenset()) -> list[Standing]:
    return [verdict.standing for verdict in judge(outcomes, known.__contains__)]


def test_what_is_refused_left_out_or_doubted_keeps_its_standing() -> None:
    assert standings(
        Refused((2,), (FAULT,)),
        LeftOut((3,), "nothing"),
        replace(DEPOSIT, doubts=(FAULT,)),
        DEPOSIT,
    ) == [Standing.ERROR, Standing.LEFT_OUT, Standing.NEEDS_ATTENTION, Standing.NEW]


def test_an_unknown_asset_is_told_once_with_its_code() -> None:
    leg = DraftLeg("XYZ", None, Decimal(1))
    (verdict,) = judge([replace(DEPOSIT, legs=(leg, leg))], lambda _identity: False)
    assert verdict.standing is Standing.NEEDS_ATTENTION
    assert [(fault.code, fault.raw) for fault in verdict.faults] == [("unknown-asset", "XYZ")]


def test_what_the_ledger_has_needs_no_attention_any_more() -> None:
    doubted = replace(DEPOSIT, doubts=(FAULT,), external_id="a")
    assert standings(doubted, known=frozenset({"a"})) == [Standing.ALREADY_IMPORTED]


def test_an_id_names_one_transaction_of_a_file() -> None:
    named = replace(DEPOSIT, external_id="a")
    again = replace(named, lines=(3,))
    other = replace(named, lines=(4,), at=datetime(2024, 1, 31, 13, tzinfo=UTC))
    assert standings(named, again, other) == [
        Standing.NEW,
        Standing.ALREADY_IMPORTED,
        Standing.ERROR,
    ]


def test_kind_note_order_of_legs_and_way_of_writing_are_no_part_of_the_hash() -> None:
    same = replace(
        DEPOSIT,
        kind=Kind.STAKING,
        note="later understood",
        lines=(9,),
        legs=tuple(
            replace(
                leg, code=leg.code.lower(), asset_id=None, quantity=leg.quantity * Decimal("1.0")
            )
            for leg in reversed(DEPOSIT.legs)
        ),
    )
    assert fingerprint(same) == fingerprint(DEPOSIT)


def test_moment_quantity_wallet_and_reference_are_part_of_the_hash() -> None:
    leg = DEPOSIT.legs[0]
    others = [
        replace(DEPOSIT, at=datetime(2024, 1, 31, 12, 0, 1, tzinfo=UTC)),
        replace(DEPOSIT, reference="0xabc"),
        replace(DEPOSIT, legs=(replace(leg, quantity=Decimal("0.6")), DEPOSIT.legs[1])),
        replace(DEPOSIT, legs=(replace(leg, wallet="Ledger"), DEPOSIT.legs[1])),
    ]
    assert len({fingerprint(draft) for draft in (DEPOSIT, *others)}) == 5


def test_an_id_longer_than_the_ledger_keeps_is_hashed() -> None:
    assert short_id("x" * 200) == "x" * 200
    assert len(short_id("x" * 201)) < 200
    assert short_id("x" * 201) != short_id("x" * 202)
