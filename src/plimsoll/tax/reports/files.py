"""Every file that a report can be had as, by name.

    content = render("report.pdf", report, names, meta)

Rendering takes up to seconds of one core for ten thousand lines: callers do it in a process.
"""

from collections.abc import Mapping
from typing import Final

from plimsoll.kernel.errors import NotFound
from plimsoll.tax.domain.report import Names, Report
from plimsoll.tax.reports import audit, forms, lists
from plimsoll.tax.reports.document import FiguresBlocked, Meta, ReportFile

CSV: Final = "text/csv"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
US: Final = frozenset({"us"})
UK: Final = frozenset({"uk"})


def _paper(report: Report, names: Names, meta: Meta) -> bytes:
    from plimsoll.tax.reports import pdf  # noqa: PLC0415 - a quarter of a second, for those who ask

    return pdf.render(report, names, meta)


def _workbook(report: Report, names: Names, meta: Meta) -> bytes:
    from plimsoll.tax.reports import workbook  # noqa: PLC0415 - a quarter of a second as well

    return workbook.render(report, names, meta)


FILES: Final[Mapping[str, ReportFile]] = {
    file.name: file
    for file in (
        ReportFile("report.pdf", "The report to read and print", "application/pdf", _paper),
        ReportFile("report.xlsx", "The report as a live workbook", XLSX, _workbook),
        ReportFile("figures.csv", "Figures of the forms", CSV, lists.figures, figures=True),
        ReportFile("disposals.csv", "Disposals, line by line", CSV, lists.disposals),
        ReportFile("incomes.csv", "Incomes, line by line", CSV, lists.incomes),
        ReportFile("form-8949.csv", "Form 8949", CSV, forms.form_8949, US, figures=True),
        ReportFile("schedule-d.csv", "Schedule D, by box", CSV, forms.schedule_d, US, figures=True),
        ReportFile("1099-da.csv", "What brokers reported", CSV, forms.form_1099_da, US),
        ReportFile("sa108.csv", "SA108 with computations", CSV, forms.sa108, UK, figures=True),
        ReportFile("audit.csv", "Full lot audit as one table", CSV, audit.to_table),
        ReportFile("audit.json", "Full lot audit", "application/json", audit.to_json),
    )
}


class NoSuchFile(NotFound):
    """A file that this country's report does not come as."""

    code = "no-such-report-file"
    title = "The report has no such file"


def files_of(report: Report) -> list[ReportFile]:
    """Those that this report comes as now."""
    return [
        file
        for file in FILES.values()
        if (not file.jurisdictions or report.jurisdiction in file.jurisdictions)
        and not (file.figures and report.blocked)
    ]


def render(name: str, report: Report, names: Names, meta: Meta) -> bytes:
    """The file's bytes. Raises NoSuchFile, FiguresBlocked."""
    file = FILES.get(name)
    if file is None or (file.jurisdictions and report.jurisdiction not in file.jurisdictions):
        raise NoSuchFile(f"{name} is not among the files of this report")
    if file.figures and report.blocked:
        raise FiguresBlocked("resolve what is missing, or choose another policy for it")
    return file.render(report, names, meta)
