"""How pairs are named on live connections."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.markets.domain.assets import Asset, Catalogue
from plimsoll.plumbing.streams.messages import BadMessage, Subscribe

DecimalText = Annotated[str, Meta(description="A decimal without an exponent")]


class UnknownPairField(Invalid):
    """Both assets are known, but this pair never had a price of its own."""

    code = "unknown-pair-field"
    title = "A field names an unknown pair"


def find_pairs(catalogue: Catalogue, symbols: Sequence[str]) -> list[tuple[Asset, Asset]]:
    """The assets of `btc/usd` each; raises UnknownAssetField that points at the symbol."""
    if not symbols:
        raise BadMessage("name at least one pair in `symbols`, such as btc/usd")
    found = []
    for number, symbol in enumerate(symbols):
        base, _, quote = symbol.partition("/")
        at = f"#/symbols/{number}"
        found.append(
            (
                catalogue.resolve_field(base, pointer=at),
                catalogue.resolve_field(quote, pointer=at),
            )
        )
    return found


def name_of(base: Asset, quote: Asset) -> str:
    """`btc/usd`; an asset whose symbol means another one goes by its id."""
    return "/".join(each.symbol if each.primary else each.id for each in (base, quote))


def no_candles(base: Asset, quote: Asset, *, pointer: str) -> UnknownPairField:
    """The refusal to raise for a pair without candles."""
    detail = f"there are no candles of {name_of(base, quote)}"
    fault = FieldFault(pointer=pointer, code="unknown-pair", message=detail)
    return UnknownPairField(detail, faults=(fault,))


def refuse_symbols(request: Subscribe) -> None:
    """For channels that are not about pairs; raises BadMessage."""
    if request.symbols:
        raise BadMessage(f"the channel {request.channel} takes no symbols")
