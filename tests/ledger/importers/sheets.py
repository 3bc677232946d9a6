"""Workbooks made by hand, part by part: whole ones, and ones that no spreadsheet would write."""

import io
import zipfile
from typing import Final

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
WORKBOOK: Final = (
    f'<workbook xmlns="{MAIN}" xmlns:r="urn:r"><sheets>'
    '<sheet name="All" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATIONS: Final = (
    '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="rId2" Target="sharedStrings.xml"/>'
    '<Relationship Id="rId3" Target="styles.xml"/></Relationships>'
)


def sheet(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def packed(parts: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file


PARTS: Final[dict[str, str | bytes]] = {
    "[Content_Types].xml": "<Types/>",
    "xl/workbook.xml": WORKBOOK,
    "xl/_rels/workbook.xml.rels": RELATIONS,
    "xl/worksheets/sheet1.xml": sheet(""),
}


def workbook(rows: str, *, texts: str = "", styles: str = "") -> io.BytesIO:
    """One sheet, `All`, of rows as XML."""
    parts = PARTS | {"xl/worksheets/sheet1.xml": sheet(rows)}
    if texts:
        parts["xl/sharedStrings.xml"] = f"<sst>{texts}</sst>"
    if styles:
        parts["xl/styles.xml"] = f"<styleSheet>{styles}</styleSheet>"
    return packed(parts)
