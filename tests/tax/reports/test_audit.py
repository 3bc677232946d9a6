import csv
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from plimsoll.tax.domain.report import Reconciled, Verdict
from plimsoll.tax.reports import audit
from tests.tax.reports.samples import BITCOIN, META, NAMES, american, british, german, long


def document(content: bytes) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(content)
    return told


def test_every_line_names_disposal_acquisition_rule_and_exact_amounts() -> None:
    told = document(audit.to_json(american(), NAMES, META))

    line = told["lines"][1]
    slice_ = american().lines[1]
    assert slice_.acquired is not None
    assert line["transaction"] == str(slice_.disposed.transaction)
    assert line["acquired_transaction"] == str(slice_.acquired.transaction)
    assert (line["quantity"], line["proceeds"]) == ("0.123456789012345678", "10185.185")
    assert (line["rule"], line["term"], line["box"]) == ("hifo", "long", "K")
    assert (line["wallet"], line["wallet_id"]) == ("Kraken", str(slice_.account))


def test_the_run_can_be_found_again() -> None:
    run = document(audit.to_json(british(), NAMES, META))["run"]

    assert run["id"] == str(META.run)
    assert (run["ruleset"], run["input_hash"]) == ("uk/1", META.input_hash)
    assert (run["first"], run["last"], run["zone"]) == ("2024-04-06", "2025-04-05", "Europe/London")
    assert run["created_at"] == "2026-02-01T09:30:00Z"


def test_what_is_missing_and_what_is_held_are_in_it() -> None:
    told = document(audit.to_json(german(), NAMES, META))
    pools = document(audit.to_json(british(), NAMES, META))["pools"]

    assert told["run"]["draft"] is True
    assert told["shortfalls"][0]["rule"] == "zero-basis"
    assert told["unvalued"][0]["quantity"] == "0.02"
    assert told["warnings"] == list(german().warnings)
    assert [(pool["quantity"], pool["cost"]) for pool in pools] == [
        ("10500", "150000"),
        ("0.9", "22500"),
    ]


def test_the_exact_gains_add_up_to_the_figure() -> None:
    told = document(audit.to_json(long(300), NAMES, META))

    gains = sum(Decimal(line["gain"]) for line in told["lines"])

    assert gains == Decimal(told["figures"][0]["amount"])


def test_the_table_has_what_the_document_has() -> None:
    report = replace(
        german(),
        reconciled=(
            Reconciled(Verdict.NOT_REPORTED, (), (1,), BITCOIN, date(2025, 2, 2), Decimal(1),
                       None, None, "no row"),
        ),
    )  # fmt: skip
    told = document(audit.to_json(report, NAMES, META))
    rows = list(csv.DictReader(audit.to_table(report, NAMES, META).decode().splitlines()))

    for record, key in (("line", "lines"), ("income", "incomes"), ("shortfall", "shortfalls"),
                        ("unvalued", "unvalued"), ("reconciled", "reconciled")):  # fmt: skip
        found = [row for row in rows if row["record"] == record]
        assert len(found) == len(told[key]) > 0
        for row, each in zip(found, told[key], strict=True):
            for name, value in each.items():
                shown = "" if value is None else str(value)
                shown = {"True": "yes", "False": "no"}.get(shown, shown)
                assert row[name].removeprefix("'") == shown.removeprefix("'"), name


def test_a_report_without_figures_has_none() -> None:
    blocked = replace(german(), blocked=True)

    assert document(audit.to_json(blocked, NAMES, META))["figures"] == []
    assert b"\nfigure," not in audit.to_table(blocked, NAMES, META)


def test_a_long_table_is_written_in_parts_under_one_header() -> None:
    report = long(2 * audit.AT_ONCE + 1)
    rows = list(csv.DictReader(audit.to_table(report, NAMES, META).decode().splitlines()))
    lines = [row["number"] for row in rows if row["record"] == "line"]

    assert lines == [str(line.number) for line in report.lines]
