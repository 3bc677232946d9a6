"""The whole ledger as a file: whatever is in it, it is read as it was written."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId, new_id
from plimsoll.ledger.domain.imports import Draft, Outcome, Refused
from plimsoll.ledger.domain.transactions import Kind, Leg, Precision, Role, Transaction
from plimsoll.ledger.importers import own
from plimsoll.ledger.importers.format import Options, column_names
from plimsoll.ledger.importers.reading import FORMATS, read_outcomes, recognise
from plimsoll.ledger.service.making import make_transaction
from plimsoll.ledger.service.sifting import for_format
from tests.imports.corpus import CATALOGUE
from tests.ledger.entries import BTC, COLD, ETH, EUR, MAIN, USD, buy, day, entry, fee, leg

NAMES = {MAIN: "main", COLD: ' =cold\n\\storage, "1"\t'}
TEXTS = st.text(
    alphabet=st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
        st.sampled_from("\\\n\r\t'=+-@,\"ntu0 \u00a0\u2028\ufeff\x1e\x85"),
    ),
    max_size=30,
)
AMOUNTS = st.integers(1, 10**37).map(lambda units: Decimal(units).scaleb(-18))
ASSETS = st.sampled_from([BTC, ETH, USD, EUR])
LEGS = st.builds(
    Leg,
    wallet_id=st.sampled_from([MAIN, COLD, None]),
    asset_id=ASSETS,
    quantity=st.one_of(AMOUNTS, AMOUNTS.map(Decimal.copy_negate)),
    role=st.sampled_from(Role),
    value=st.one_of(AMOUNTS, st.just(Decimal(0))),
    cost_currency=st.none(),
    valued=st.booleans(),
)
KEPT_ELSEWHERE = st.builds(
    lambda leg, currency, rate: replace(leg, cost_currency=currency, cost_rate=rate),
    LEGS,
    ASSETS,
    st.one_of(AMOUNTS, st.just(Decimal(0))),
)
TRANSACTIONS = st.builds(
    Transaction,
    id=st.builds(lambda: TransactionId(new_id())),
    kind=st.sampled_from([kind for kind in Kind if kind is not Kind.VOID]),
    occurred_at=st.integers(0, 10**15).map(
        lambda micros: datetime(2009, 1, 3, tzinfo=UTC) + timedelta(microseconds=micros)
    ),
    currency=ASSETS,
    legs=st.lists(st.one_of(LEGS, KEPT_ELSEWHERE), min_size=1, max_size=4).map(tuple),
    precision=st.sampled_from(Precision),
    note=TEXTS,
    source=TEXTS.filter(bool),
    external_id=st.one_of(st.none(), TEXTS.filter(bool)),
    reference=TEXTS,
)


def written(transactions: Sequence[Transaction]) -> bytes:
    return own.header() + own.write(transactions, NAMES, first=1)


def outcomes(content: bytes) -> list[Outcome]:
    file = io.BytesIO(content)
    options = Options(catalogue=CATALOGUE)
    recognised = recognise(file, options)
    assert recognised.table.format.name == own.NAME
    return list(read_outcomes(file, recognised, for_format(options, own.FORMAT, {})))


def booked(draft: Outcome) -> Transaction:
    """As the ledger would have it, with the id of the draft's own."""
    assert isinstance(draft, Draft), draft
    assert draft.external_id is not None

    def wallet_of(name: str) -> WalletId:
        return next(wallet for wallet, called in NAMES.items() if called == name)

    return make_transaction(
        draft,
        identity=draft.external_id,
        source="unused",
        import_id=None,
        currency=AssetId(draft.currency),
        wallet_of=wallet_of,
        price_of=lambda asset: (_ for _ in ()).throw(AssertionError(f"{asset} was priced")),
    )


@given(TEXTS)
def test_any_text_is_one_line_that_loses_nothing_and_runs_nowhere(text: str) -> None:
    cell = own.protect(text)
    assert own.unprotect(cell) == text
    assert cell == cell.strip()
    assert not cell.startswith(("=", "+", "-", "@"))
    assert cell.isprintable() or not set(cell) & set("\n\r\t\x1e\x00")


@given(st.lists(TRANSACTIONS, min_size=1, max_size=5))
def test_what_is_written_is_read_as_it_was(transactions: list[Transaction]) -> None:
    read = [booked(outcome) for outcome in outcomes(written(transactions))]
    for before, after in zip(transactions, read, strict=True):
        known = before.external_id or f"tx:{before.id}"
        assert replace(after, id=before.id) == replace(before, external_id=known)
    assert written(read) == written(transactions)


def lines(*transactions: Transaction) -> list[list[str]]:
    return [line.split(",") for line in written(transactions).decode().splitlines()]


def spoilt(rows: list[list[str]]) -> list[Outcome]:
    return outcomes("\n".join(",".join(row) for row in rows).encode())


BOUGHT = buy("0.5", value="20000", paid_fee="10")


def test_a_row_in_a_spreadsheet() -> None:
    at = datetime(2024, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)
    bought = replace(BOUGHT, occurred_at=at, note="=cmd()", external_id="7")
    header, first, second, third = lines(bought)
    assert header == list(own.COLUMNS)
    told = dict(zip(header, first, strict=True))
    assert told == {
        "plimsoll-ledger-1": "1",
        "leg": "1",
        "legs": "3",
        "date": "2024-01-31T12:00:00.250000Z",
        "precision": "instant",
        "kind": "buy",
        "wallet": "main",
        "asset": "bitcoin",
        "quantity": "0.5",
        "role": "principal",
        "value": "20000",
        "currency": "usd",
        "valued": "yes",
        "cost_currency": "",
        "cost_rate": "",
        "source": "manual",
        "external_id": "7",
        "reference": "",
        "note": "'=cmd()",
    }
    assert [row[8] for row in (second, third)] == ["-20000", "-10"]


def test_a_leg_that_is_missing_is_told_with_the_whole_transaction() -> None:
    rows = lines(BOUGHT, entry(Kind.STAKING, leg("1", value="3")))
    del rows[2]
    torn, whole = spoilt(rows)
    assert isinstance(torn, Refused)
    assert torn.lines == (2, 3)
    assert [fault.code for fault in torn.faults] == ["legs-incomplete"]
    assert isinstance(whole, Draft)


def test_every_fault_of_a_transaction_is_told_at_once() -> None:
    rows = lines(BOUGHT)
    rows[1][3], rows[1][5], rows[2][7], rows[3][8], rows[3][12] = "", "void", "", "", "maybe"
    rows[2][11] = rows[3][11] = "eur"
    (refused,) = spoilt(rows)
    assert isinstance(refused, Refused)
    assert sorted((fault.line, fault.column, fault.code) for fault in refused.faults) == [
        (2, "date", "missing"),
        (2, "kind", "not-a-choice"),
        (3, "asset", "missing"),
        (3, "currency", "legs-disagree"),
        (3, "date", "legs-disagree"),
        (3, "kind", "legs-disagree"),
        (4, "currency", "legs-disagree"),
        (4, "date", "legs-disagree"),
        (4, "kind", "legs-disagree"),
        (4, "quantity", "missing"),
        (4, "valued", "not-a-choice"),
    ]


def test_an_asset_is_known_by_its_id_and_by_nothing_else() -> None:
    rows = lines(entry(Kind.STAKING, leg("1", value="3")))
    rows[1][7] = "BTC"
    (draft,) = spoilt(rows)
    assert isinstance(draft, Draft)
    assert draft.legs[0].asset_id is None
    rows[1][11] = "USD"
    (refused,) = spoilt(rows)
    assert isinstance(refused, Refused)
    assert [fault.code for fault in refused.faults] == ["unknown-currency"]


def test_two_sources_may_use_one_id() -> None:
    first = replace(entry(Kind.STAKING, leg("1", value="3")), source="a", external_id="1")
    second = replace(first, source="b", occurred_at=day(2))
    drafts = outcomes(written([first, second]))
    assert [draft.source for draft in drafts if isinstance(draft, Draft)] == ["a", "b"]


def test_fees_outside_of_every_wallet_name_none() -> None:
    gas = entry(Kind.FEE_ONLY, fee("1"))
    (draft,) = outcomes(written([gas]))
    assert isinstance(draft, Draft)
    assert draft.wallets == set()


CELLS = st.one_of(st.sampled_from(["", "1", "2", "x", "=1", "eur", "fee", "no", "\\u0020"]), TEXTS)


@given(data=st.data())
def test_whatever_is_in_the_cells_every_row_has_one_outcome(data: st.DataObject) -> None:
    header, *rows = lines(BOUGHT, replace(BOUGHT, id=TransactionId(new_id()), external_id="2"))
    for _ in range(data.draw(st.integers(0, 6))):
        row = data.draw(st.sampled_from(rows))
        row[data.draw(st.integers(0, len(row) - 1))] = data.draw(CELLS)
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    try:
        found = outcomes(text.getvalue().encode("utf-8", "replace"))
    except Invalid:
        return  # a character that no text has
    starts = [line for outcome in found for line in outcome.lines]
    assert len(starts) == len(set(starts)) == len(rows)


def test_no_other_format_knows_its_header() -> None:
    header = column_names(own.COLUMNS)
    assert [each.name for each in FORMATS if each.sniff(header)] == [own.NAME]
    assert own.sniff([each for each in header if each != "legs"]) == 0
