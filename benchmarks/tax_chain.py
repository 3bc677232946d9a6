"""The chain that `tax_pipeline` measures: a file in, two files out, nothing stored between."""

import gc
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Final
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, ImportId, RunId, WalletId
from plimsoll.ledger.domain.imports import Standing, Verdict
from plimsoll.ledger.domain.transactions import check
from plimsoll.ledger.importers.format import Options
from plimsoll.ledger.importers.reading import read_verdicts, recognise
from plimsoll.ledger.service.making import make_transaction
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.tax.domain.choices import Choices
from plimsoll.tax.domain.facts import Fact
from plimsoll.tax.domain.report import Names
from plimsoll.tax.domain.rulesets import RULESETS, compute
from plimsoll.tax.reports.document import Meta
from plimsoll.tax.reports.files import render
from plimsoll.tax.service.facts import Reader, Said

USD: Final = AssetId("usd")
WALLET: Final = WalletId(UUID(int=1))
IMPORT: Final = ImportId(UUID(int=2))

Stage = Callable[[str], AbstractContextManager[None]]


READER: Final = Reader(USD, Said(), lambda asset: asset == USD)


def _fact(verdict: Verdict, seq: int) -> Fact:
    """By way of the ledger's transaction, as recording makes and checks it."""
    assert verdict.standing is Standing.NEW
    assert verdict.draft is not None
    transaction = make_transaction(
        verdict.draft,
        identity=verdict.identity,
        source="plimsoll",
        import_id=IMPORT,
        currency=USD,
        wallet_of=lambda _name: WALLET,
        price_of=lambda _asset: None,
    )
    check(transaction)
    return READER.read(transaction, seq, {})


def run(file: BinaryIO, now: datetime, year: int, stage: Stage) -> tuple[bytes, bytes]:
    gc.disable()  # as the service does where it calculates: nothing here makes cycles
    options = Options(catalogue=load_catalogue())
    with stage("looking"):
        recognised = recognise(file, options)
    with stage("verdicts"):
        verdicts = list(read_verdicts(file, recognised, options, lambda _identity: False))
    with stage("facts"):
        facts = [_fact(verdict, seq) for seq, verdict in enumerate(verdicts, start=1)]
        del verdicts
    with stage("report"):
        report = compute(facts, RULESETS["us"], year, Choices())
        assert not report.draft
        del facts
    names, meta = Names({WALLET: "Main"}, {}), Meta(RunId(UUID(int=3)), now, "", 1, "0")
    with stage("form"):
        form = render("form-8949.csv", report, names, meta)
    with stage("audit"):
        audit = render("audit.csv", report, names, meta)
    return form, audit
