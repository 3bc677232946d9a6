"""Files that nobody should bring: broken archives, bombs, workbooks, tables that make no sense."""

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.journeys.malformed.parts import Parts

RECORDED: Final = Path(__file__).parents[2] / "imports"
HEADER: Final = b"date,type,sent,sent_currency,received,received_currency,fee,fee_currency\n"
LAUGHS: Final = (
    b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha">'
    + b"".join(
        b'<!ENTITY %c "%b">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9)
    )
    + b"]><workbook>&j;</workbook>"
)


def packed(names: dict[str, bytes]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return output.getvalue()


def workbook(sheet: bytes, book: bytes = b"<workbook/>") -> bytes:
    return packed(
        {
            "[Content_Types].xml": b"<Types/>",
            "xl/workbook.xml": book,
            "xl/worksheets/sheet1.xml": sheet,
        }
    )


def files(parts: Parts) -> Iterator[bytes]:  # noqa: C901, PLR0912 - a branch for each kind
    """One after the other, without end; no two of them alike."""
    dice = parts.dice
    tables = [path.read_bytes() for path in sorted(RECORDED.glob("*.csv"))]
    zipped = packed({"transactions.csv": tables[0]})
    bomb, sheet = gzip.compress(b"0" * 20_000_000), workbook(b"0" * 50_000_000)
    while True:
        throw = dice.randrange(13)
        mark = b"\n#%d" % dice.randrange(10**9)
        match throw:
            case 0:
                yield bomb + mark
            case 1:
                yield sheet + mark
            case 2:
                yield parts.damaged(zipped) + mark
            case 3:
                yield parts.damaged(sheet[:2_000]) + mark
            case 4:
                yield workbook(b"<worksheet>" + mark + b"<row>" * 5_000, LAUGHS)
            case 5:
                yield packed({"../../etc/passwd": mark, "a/" * 200 + "b.csv": mark})
            case 6:
                yield packed({"inner.zip": packed({"inner.zip": zipped + mark})})
            case 7:
                yield HEADER + b'2024-01-01,"open' + mark
            case 8:
                yield HEADER + b"x" * dice.randrange(300_000) + mark
            case 9:
                yield HEADER + b",".join([b"9" * 3_000, *parts.bytes[:20]]) + mark
            case 10:
                yield dice.choice((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"%PDF-1.7")) + mark
            case _:
                table = dice.choice(tables)
                for _ in range(dice.randrange(1, 6)):
                    table = parts.damaged(table)
                yield table[:200_000] + mark
