import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from plimsoll.tax.domain.report import Report
from plimsoll.tax.reports.document import FiguresBlocked
from plimsoll.tax.reports.files import FILES, NoSuchFile, files_of, render
from tests.tax.reports.samples import META, NAMES, american, british, french, german

EVERYWHERE = {
    "report.pdf",
    "report.xlsx",
    "figures.csv",
    "disposals.csv",
    "incomes.csv",
    "audit.csv",
    "audit.json",
}


@pytest.mark.parametrize(
    ("sample", "more"),
    [
        (american, {"form-8949.csv", "schedule-d.csv", "1099-da.csv"}),
        (british, {"sa108.csv"}),
        (german, set[str]()),
        (french, set[str]()),
    ],
)
def test_a_country_has_its_own_forms_and_what_all_have(
    sample: Callable[[], Report], more: set[str]
) -> None:
    report = sample()

    names = {file.name for file in files_of(report)}

    assert names == EVERYWHERE | more
    assert all(render(name, report, NAMES, META) for name in names)


def test_another_countrys_form_is_not_there() -> None:
    for name in ("form-8949.csv", "nothing.csv"):
        with pytest.raises(NoSuchFile):
            render(name, british(), NAMES, META)


def test_without_figures_there_are_the_files_that_show_what_is_missing() -> None:
    blocked = replace(german(), blocked=True)

    assert {file.name for file in files_of(blocked)} == EVERYWHERE - {"figures.csv"}
    assert render("report.pdf", blocked, NAMES, META)
    with pytest.raises(FiguresBlocked):
        render("figures.csv", blocked, NAMES, META)


def test_what_a_process_needs_to_render_can_be_sent_to_it() -> None:
    again = pickle.loads(pickle.dumps((render, german(), NAMES, META)))  # noqa: S301 - our own
    assert again == (render, german(), NAMES, META)


DIGESTS = """
import hashlib
from plimsoll.tax.reports.files import files_of, render
from tests.tax.reports.samples import META, NAMES, american, german
for sample in (american(), german()):
    for file in files_of(sample):
        print(file.name, hashlib.sha256(render(file.name, sample, NAMES, META)).hexdigest())
"""


def test_the_same_report_is_the_same_bytes_in_another_process() -> None:
    here = [
        f"{file.name} {hashlib.sha256(render(file.name, sample, NAMES, META)).hexdigest()}"
        for sample in (american(), german())
        for file in files_of(sample)
    ]

    there = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", DIGESTS],
        env=os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.splitlines() == here


def test_every_file_says_what_it_is() -> None:
    for name, file in FILES.items():
        assert file.name == name
        assert file.title
        assert file.media_type == {
            "csv": "text/csv",
            "json": "application/json",
            "pdf": "application/pdf",
        }.get(name.rpartition(".")[2], file.media_type)
