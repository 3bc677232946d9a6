"""The full lot audit: every number of a report with what it was made of, exact.

As JSON it is one document; as CSV it is one table whose first column says what a row is, so that
everything can be filtered in one place. Amounts are not rounded.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Final

import msgspec

from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.csv_text import to_csv
from plimsoll.tax.domain.movements import Ref
from plimsoll.tax.domain.report import Names, Report
from plimsoll.tax.reports.document import Meta, symbol, wallet

FORMAT: Final = 1
"""Grows when a name changes its meaning or goes."""

AT_ONCE: Final = 500
"""Rows of the table that are in memory as such."""

Plain = str | int | bool | None
Row = dict[str, Plain]

COLUMNS: Final = (
    "record",
    "number",
    "kind",
    "at",
    "day",
    "asset",
    "symbol",
    "wallet",
    "wallet_id",
    "quantity",
    "transaction",
    "leg",
    "acquired_transaction",
    "acquired_leg",
    "acquired_on",
    "proceeds",
    "fees",
    "cost",
    "gain",
    "value",
    "term",
    "rule",
    "box",
    "code",
    "adjustment",
    "taxed",
    "rows",
    "lines",
    "text",
)


def to_json(report: Report, names: Names, meta: Meta) -> bytes:
    """Ids, names and exact amounts as text."""
    document = {
        "format": FORMAT,
        "run": _run(report, meta),
        "completeness": {
            "score": format_amount(report.completeness.score),
            "counted": report.completeness.counted,
            "short": report.completeness.short,
            "unvalued": report.completeness.unvalued,
        },
        "election": dict(report.election),
        "figures": list(_figures(report)),
        "lines": list(_lines(report, names)),
        "incomes": list(_incomes(report, names)),
        "lots": list(_lots(report, names)),
        "pools": list(_pools(report, names)),
        "shortfalls": list(_shortfalls(report, names)),
        "unvalued": list(_unvalued(report, names)),
        "reconciled": list(_reconciled(report, names)),
        "warnings": list(report.warnings),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def to_table(report: Report, names: Names, meta: Meta) -> bytes:
    """One row for each fact; a column that means nothing to it is empty. Written some hundred rows
    at a time, so that nothing but the file itself grows with it.
    """
    figures: Iterator[Row] = (
        {"kind": row["code"], "value": row["amount"], "text": _explained(row)}
        for row in _figures(report)
    )
    run: Iterator[Row] = (
        {"kind": name, "text": _text(value)} for name, value in _run(report, meta).items()
    )
    score: Row = {"kind": "score", "text": format_amount(report.completeness.score)}
    election: Iterator[Row] = ({"kind": name, "text": of} for name, of in report.election.items())
    warnings: Iterator[Row] = ({"text": text} for text in report.warnings)
    written = [to_csv(dict.fromkeys(COLUMNS, ()))]
    for record, rows in (
        ("run", run),
        ("completeness", iter([score])),
        ("election", election),
        ("figure", figures),
        ("line", _lines(report, names)),
        ("income", _incomes(report, names)),
        ("lot", _lots(report, names)),
        ("pool", _pools(report, names)),
        ("shortfall", _shortfalls(report, names)),
        ("unvalued", _unvalued(report, names)),
        ("reconciled", _reconciled(report, names)),
        ("warning", warnings),
    ):
        while some := list(islice(rows, AT_ONCE)):
            written.append(to_csv(_columns(record, some), header=False))
    return b"".join(written)


def _columns(record: str, rows: list[Row]) -> dict[str, list[str]]:
    """`rows` are of one kind of fact, so that all have what the first one has."""
    blank, known = [""] * len(rows), rows[0].keys()
    columns = dict.fromkeys(COLUMNS, blank)
    columns["record"] = [record] * len(rows)
    for name in known:
        cells = [row[name] for row in rows]
        columns[name] = [each if isinstance(each, str) else _text(each) for each in cells]
    return columns


def _text(value: Plain) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)


def _explained(row: Row) -> str:
    return "; ".join(_text(row[name]) for name in ("label", "where", "formula") if row[name])


def _run(report: Report, meta: Meta) -> Row:
    return {
        "id": str(meta.run),
        "person": meta.person,
        "created_at": _moment(meta.created_at),
        "jurisdiction": report.jurisdiction,
        "ruleset": report.ruleset,
        "year": report.year,
        "first": report.first.isoformat(),
        "last": report.last.isoformat(),
        "zone": report.zone,
        "currency": report.currency,
        "draft": report.draft,
        "blocked": report.blocked,
        "input_hash": meta.input_hash,
        "ledger_version": meta.ledger_version,
        "app_version": meta.app_version,
    }


def _figures(report: Report) -> Iterator[Row]:
    for each in () if report.blocked else report.totals:
        yield {
            "code": each.code,
            "label": each.label,
            "where": each.where,
            "amount": format_amount(each.amount),
            "formula": each.formula,
        }


def _lines(report: Report, names: Names) -> Iterator[Row]:
    places = dict[tuple[AssetId, WalletId], tuple[str, Plain, Plain]]()
    for line in report.lines:
        place = (line.asset, line.account)
        if place not in places:
            where = wallet(names, line.account) or None
            places[place] = symbol(names, line.asset), where, str(line.account)
        of_symbol, of_wallet, wallet_id = places[place]
        acquired, proceeds, cost = line.acquired, line.proceeds, line.cost
        yield {
            "number": line.number,
            "kind": line.kind.value,
            "at": _moment(line.disposed_at),
            "day": line.disposed_on.isoformat(),
            "asset": line.asset,
            "symbol": of_symbol,
            "wallet": of_wallet,
            "wallet_id": wallet_id,
            "quantity": format_amount(line.quantity),
            "transaction": str(line.disposed.transaction),
            "leg": line.disposed.leg,
            "acquired_transaction": str(acquired.transaction) if acquired else None,
            "acquired_leg": acquired.leg if acquired else None,
            "acquired_on": _day(line.acquired_on),
            "proceeds": format_amount(proceeds),
            "fees": format_amount(line.fees),
            "cost": format_amount(cost),
            "gain": format_amount(proceeds - cost),
            "term": line.term.value,
            "rule": line.rule.value,
            "box": line.box,
            "code": line.code,
            "adjustment": format_amount(line.adjustment),
            "taxed": line.taxed,
            "text": line.formula,
        }


def _incomes(report: Report, names: Names) -> Iterator[Row]:
    for row in report.incomes:
        yield {
            "number": row.number,
            "kind": row.kind.value,
            "at": _moment(row.at),
            "day": row.day.isoformat(),
            **_held(names, row.asset, row.account, row.quantity),
            **_of(row.ref),
            "value": format_amount(row.value),
            "text": row.category,
        }


def _lots(report: Report, names: Names) -> Iterator[Row]:
    for lot in report.lots:
        of_market = None if lot.market_value is None else format_amount(lot.market_value)
        yield {
            "at": _moment(lot.acquired_at),
            **_held(names, lot.asset, lot.account, lot.quantity),
            **_of(lot.ref),
            "acquired_on": lot.since.isoformat(),
            "cost": format_amount(lot.cost),
            "value": of_market,
        }


def _pools(report: Report, names: Names) -> Iterator[Row]:
    for pool in report.pools:
        yield {
            **_held(names, pool.asset, pool.account, pool.quantity),
            "cost": format_amount(pool.cost),
        }


def _shortfalls(report: Report, names: Names) -> Iterator[Row]:
    for gap in report.shortfalls:
        yield {
            "at": _moment(gap.at),
            **_held(names, gap.asset, gap.account, gap.quantity),
            **_of(gap.ref),
            "rule": gap.policy.value,
        }


def _unvalued(report: Report, names: Names) -> Iterator[Row]:
    for gap in report.unvalued:
        yield {
            "at": _moment(gap.at),
            "asset": gap.asset,
            "symbol": symbol(names, gap.asset),
            "quantity": format_amount(gap.quantity),
            **_of(gap.ref),
        }


def _reconciled(report: Report, names: Names) -> Iterator[Row]:
    """Proceeds and cost are reported less found."""
    for row in report.reconciled:
        yield {
            "kind": row.verdict.value,
            "day": row.sold_on.isoformat(),
            "asset": row.asset,
            "symbol": symbol(names, row.asset),
            "quantity": format_amount(row.quantity),
            "proceeds": None if row.proceeds is None else format_amount(row.proceeds),
            "cost": None if row.cost is None else format_amount(row.cost),
            "rows": " ".join(map(str, row.rows)),
            "lines": " ".join(map(str, row.lines)),
            "text": row.text,
        }


def _held(names: Names, asset: AssetId, account: WalletId | None, quantity: Decimal) -> Row:
    return {
        "asset": asset,
        "symbol": symbol(names, asset),
        "wallet": wallet(names, account) or None,
        "wallet_id": None if account is None else str(account),
        "quantity": format_amount(quantity),
    }


def _of(ref: Ref) -> Row:
    return {"transaction": str(ref.transaction), "leg": ref.leg}


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
