import io
from datetime import UTC, timedelta, timezone, tzinfo

import pytest

from plimsoll.ledger.importers.format import Options
from plimsoll.ledger.importers.okx_cells import zone_above
from plimsoll.ledger.importers.reading import OpenQuestions, recognise
from tests.imports.corpus import CATALOGUE

FUNDING = (
    "id,Time,Type,Amount,Before Balance,After Balance,Symbol\n"
    "1,2026-06-22 20:05:02,Deposit,1,0,1,BTC\n"
)


@pytest.mark.parametrize(
    ("cells", "zone"),
    [
        (["\ufeffUID:1", "\ufeffAccount Type:Main", "\ufeffTime Zone:UTC+8"], 8),
        (["UID:1,Account Type:Main,Time Zone:UTC-5"], -5),
        (["Time Zone:UTC"], 0),
        (["Time Zone:UTC+99"], None),
        (["UID:1", "Name:", "Verification:"], None),
    ],
)
def test_the_zone_stands_above_the_header(cells: list[str], zone: int | None) -> None:
    found: tzinfo | None = zone_above(cells)
    if zone is None:
        assert found is None
    else:
        assert found in {timezone(timedelta(hours=zone)), UTC if not zone else None}


def test_a_file_that_names_no_zone_is_asked_for_it() -> None:
    options = Options(catalogue=CATALOGUE)
    with pytest.raises(OpenQuestions) as refusal:
        recognise(io.BytesIO(FUNDING.encode()), options)
    assert [fault.code for fault in refusal.value.faults] == ["zone-open"]
    named = recognise(io.BytesIO(f"UID:1,Time Zone:UTC+3\n{FUNDING}".encode()), options)
    assert named.styles.zone == timezone(timedelta(hours=3))
