"""The compatibility formulas, to the last digit."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from plimsoll.trading.domain.orders import Side
from plimsoll.trading.domain.simple_margin import SimpleMarginRefused, simple_margin

FOLDER: Final = Path(__file__).parents[2] / "vectors"
SIMPLE: Final = json.loads((FOLDER / "margin.json").read_text("utf-8"))["simple"]
LEVERAGES: Final = json.loads((FOLDER / "liquidation.json").read_text("utf-8"))["leverages"]
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


@pytest.mark.parametrize("row", SIMPLE, ids=lambda row: f"{row['size']}@{row['price']}")
def test_the_numbers_its_callers_know(row: dict[str, Any]) -> None:
    found = simple_margin(
        SIDES[row["side"]],
        size=Decimal(row["size"]),
        price=Decimal(row["price"]),
        leverage=row["leverage"],
    )
    assert (found.required, found.maintenance, found.liquidation_price, found.max_loss) == tuple(
        Decimal(row[name]) for name in ("required", "maintenance", "liquidation", "max_loss")
    )


@pytest.mark.parametrize("row", LEVERAGES["rows"][:5], ids=lambda row: f"{row['leverage']}x")
def test_its_prices_by_leverage(row: dict[str, Any]) -> None:
    size, price = Decimal(LEVERAGES["size"]), Decimal(LEVERAGES["entry"])
    long, short = (
        simple_margin(side, size=size, price=price, leverage=row["leverage"])
        for side in (Side.BUY, Side.SELL)
    )
    assert long.liquidation_price == Decimal(row["simple_long"])
    assert short.liquidation_price == Decimal(row["simple_short"])
    assert long.maintenance == short.maintenance == Decimal(row["simple_maintenance"])


def test_a_price_below_a_cent_stays_exact() -> None:
    found = simple_margin(Side.BUY, size=Decimal(1_000_000), price=Decimal("0.00001"), leverage=10)
    assert found.required == 1
    assert found.liquidation_price == Decimal("0.00000905")


@pytest.mark.parametrize(
    ("size", "price", "leverage"),
    [("-0.1", "1", 1), ("0", "1", 1), ("1", "-1", 1), ("1", "1", 0), ("1", "1", 101)],
)
def test_what_is_no_position_is_refused(size: str, price: str, leverage: int) -> None:
    with pytest.raises(SimpleMarginRefused):
        simple_margin(Side.BUY, size=Decimal(size), price=Decimal(price), leverage=leverage)
