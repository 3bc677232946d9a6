"""HTTP for the ledger: holdings, transactions."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Response
from starlette.types import Receive, Scope

from plimsoll.access.domain.principals import Scope as Access
from plimsoll.access.guards import Reader, Trader, admit
from plimsoll.kernel.identifiers import HoldingId, TransactionId, UserId, WalletId
from plimsoll.kernel.money import ZERO, NotAnAmount, parse_amount
from plimsoll.ledger.domain.holdings import CostCurrencyDiffers, HeldAsset, NotEnoughHeld
from plimsoll.ledger.domain.transactions import (
    Kind,
    Recorded,
    Transaction,
    TransactionFilter,
    UnbalancedLegs,
)
from plimsoll.ledger.schemas.ledger import (
    HoldingView,
    PurchaseBody,
    SaleView,
    TransactionBody,
    TransactionView,
    VoidBody,
    legs_table,
)
from plimsoll.ledger.service import drafts, reading, recording, trades
from plimsoll.ledger.service.purchases import Purchases
from plimsoll.ledger.storage.transactions import AlreadyRecorded
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.service.prices import Prices, PricesDep, PriceUnavailable
from plimsoll.plumbing.database import Reading, Unit
from plimsoll.plumbing.hot import read_small_json
from plimsoll.plumbing.idempotency import Idempotent, InFlight
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Cut, Page, PageRequest, Paging
from plimsoll.plumbing.present import Now
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import (
    TEXT,
    AssetName,
    InTheFuture,
    Moment,
    PositiveAmount,
    Text,
    UnsignedAmount,
    check_moment,
)

router = APIRouter(tags=["ledger"])


@router.post(
    "/holdings",
    status_code=201,
    response_model=HoldingView,
    responses=problems(
        UnknownAssetField, InTheFuture, recording.RateRequired, recording.WalletNotFound, InFlight
    ),
)
async def buy(
    body: PurchaseBody,
    owner: Trader,
    prices: PricesDep,
    once: Idempotent,
    now: Now,
) -> Response:
    """Record a purchase: the holding grows and its average cost moves (dollar-cost averaging).

    The money comes from outside the books. Without `occurred_at` it happened now.
    """
    occurred_at = body.occurred_at or now
    check_moment(occurred_at, now=now)
    transaction = _purchase(body, owner.user_id, prices, occurred_at)

    async def work(unit: Unit) -> HoldingView:
        rate_of = recording.rates(prices, occurred_at=occurred_at, now=now, given=body.rate)
        written = await recording.record(
            unit, owner.user_id, transaction, rate_of, now=body.occurred_at is None
        )
        bought = transaction.legs[0]
        assert bought.wallet_id is not None
        held = written.held((bought.wallet_id, bought.asset_id))
        return HoldingView.of(held, prices.catalogue)

    return await once.run(owner.user_id, work, status=201)


class QuickPurchase(msgspec.Struct, forbid_unknown_fields=True):
    """The members of a `PurchaseBody` that the usual purchase has."""

    coin_id: str
    quantity: str
    price: str
    currency: str = "usd"
    fee: str = "0"
    note: Annotated[str, msgspec.Meta(max_length=1000, pattern=TEXT)] = ""


PURCHASES: Final = msgspec.json.Decoder(QuickPurchase)


async def quick_buy(scope: Scope, receive: Receive) -> bytes | None:
    """The usual purchase, now and of more of what is held, in one round trip."""
    text = await read_small_json(scope, receive)
    if text is None:
        return None
    state = scope["app"].state
    prices: Prices = state.prices
    purchases: Purchases = state.purchases
    try:
        body = PURCHASES.decode(text)
        quantity, price = parse_amount(body.quantity), parse_amount(body.price)
        fee = parse_amount(body.fee)
    except (msgspec.MsgspecError, UnicodeDecodeError, NotAnAmount):
        return None  # the ordinary route says what is wrong
    coin, currency = prices.catalogue.find(body.coin_id), prices.catalogue.find(body.currency)
    if coin is None or currency is None or quantity <= 0 or price <= 0 or fee < 0:
        return None
    owner = await admit(scope, Access.TRADE)
    transaction = trades.purchase(
        owner.user_id,
        asset_id=coin.id,
        quantity=quantity,
        price=price,
        currency=currency.id,
        fee=fee,
        wallet_id=None,
        occurred_at=state.clock.now(),
        note=body.note,
    )
    held = await purchases.find_recorded(owner.user_id, transaction)
    if held is None:
        return None
    view = HoldingView.of(held, prices.catalogue)
    return view.__pydantic_serializer__.to_json(view)


def _purchase(
    body: PurchaseBody, user_id: UserId, prices: PricesDep, occurred_at: datetime
) -> Transaction:
    catalogue = prices.catalogue
    return trades.purchase(
        user_id,
        asset_id=catalogue.resolve_field(body.coin_id, pointer="#/coin_id").id,
        quantity=body.quantity,
        price=body.price,
        currency=catalogue.resolve_field(body.currency, pointer="#/currency").id,
        fee=body.fee,
        wallet_id=WalletId(body.wallet_id) if body.wallet_id else None,
        occurred_at=occurred_at,
        note=body.note,
    )


@router.get("/holdings", responses=problems(UnknownAssetField))
async def list_holdings(
    owner: Reader,
    unit: Reading,
    prices: PricesDep,
    page: Paging,
    coin_id: AssetName | None = None,
    wallet_id: UUID | None = None,
    *,
    empty: Annotated[bool, Query(description="Also those that were sold out")] = False,
) -> Page[HoldingView]:
    """What is held, by asset and wallet, at average cost."""
    after = page.after(str, UUID)
    catalogue = prices.catalogue
    rows = await reading.list_holdings(
        unit,
        owner.user_id,
        asset_id=catalogue.resolve_field(coin_id, pointer="query:coin_id").id if coin_id else None,
        wallet_id=WalletId(wallet_id) if wallet_id else None,
        empty=empty,
        after=(str(after[0]), UUID(str(after[1]))) if after else None,
        limit=page.limit + 1,
    )
    cut = page.cut(rows, lambda held: (held.asset_id, str(held.id)))
    return Page(
        data=[HoldingView.of(held, catalogue) for held in cut.rows], next_cursor=cut.next_cursor
    )


@router.get("/holdings/{holding_id}", responses=problems(reading.HoldingNotFound))
async def read_holding(
    holding_id: UUID, owner: Reader, unit: Reading, prices: PricesDep
) -> HoldingView:
    """One holding."""
    held = await reading.get_holding(unit, owner.user_id, HoldingId(holding_id))
    return HoldingView.of(held, prices.catalogue)


@router.delete(
    "/holdings/{holding_id}",
    response_model=SaleView,
    responses=problems(reading.HoldingNotFound, NotEnoughHeld, PriceUnavailable, InFlight),
)
async def sell(
    holding_id: UUID,
    owner: Trader,
    prices: PricesDep,
    once: Idempotent,
    now: Now,
    *,
    quantity: Annotated[
        PositiveAmount | None, Query(description="How much; all of it when left out")
    ] = None,
    price: Annotated[
        PositiveAmount | None,
        Query(description="Per unit in the holding's currency; the latest price when left out"),
    ] = None,
    fee: Annotated[UnsignedAmount, Query(description="In the holding's currency")] = ZERO,
    note: Annotated[Text, Query(max_length=1000)] = "",
) -> Response:
    """Sell part or all of a holding; the profit is the proceeds less the average cost."""

    def price_of(held: HeldAsset) -> Decimal:
        if price is not None:
            return price
        return prices.get_quote(held.asset_id, held.holding.currency).value

    async def work(unit: Unit) -> SaleView:
        sale = await trades.sell(
            unit,
            owner.user_id,
            HoldingId(holding_id),
            quantity=quantity,
            price_of=price_of,
            fee=fee,
            note=note,
            now=now,
        )
        return SaleView.of(sale, prices.catalogue, simulated=price is None and prices.simulated)

    return await once.run(owner.user_id, work, status=200)


@router.post(
    "/transactions",
    status_code=201,
    response_model=TransactionView,
    responses=problems(
        UnknownAssetField,
        UnbalancedLegs,
        drafts.ValueRequired,
        NotEnoughHeld,
        CostCurrencyDiffers,
        recording.WalletNotFound,
        AlreadyRecorded,
        InFlight,
    ),
)
async def record_transaction(
    body: TransactionBody, owner: Trader, prices: PricesDep, once: Idempotent, now: Now
) -> Response:
    """Record any kind of transaction by its legs."""
    occurred_at = body.occurred_at or now
    check_moment(occurred_at, now=now)
    catalogue = prices.catalogue
    transaction = drafts.draft(
        owner.user_id,
        prices,
        kind=body.kind,
        currency=catalogue.resolve_field(body.currency, pointer="#/currency").id,
        legs=[
            drafts.DraftLeg(
                asset_id=catalogue.resolve_field(
                    leg.coin_id, pointer=f"#/legs/{position}/coin_id"
                ).id,
                quantity=leg.quantity,
                role=leg.role,
                value=leg.value,
                wallet_id=WalletId(leg.wallet_id) if leg.wallet_id else None,
                outside=leg.outside,
            )
            for position, leg in enumerate(body.legs)
        ],
        occurred_at=occurred_at,
        precision=body.precision,
        note=body.note,
        source=body.source,
        external_id=body.external_id,
        now=now,
    )
    rate_of = recording.rates(prices, occurred_at=occurred_at, now=now, given=body.rate)

    async def work(unit: Unit) -> TransactionView:
        return TransactionView.of_written(
            await recording.record(
                unit, owner.user_id, transaction, rate_of, now=body.occurred_at is None
            )
        )

    return await once.run(owner.user_id, work, status=201)


@router.get(
    "/transactions",
    response_model=Page[TransactionView],
    responses=problems(UnknownAssetField, BadCursor),
)
async def list_transactions(
    owner: Reader,
    unit: Reading,
    prices: PricesDep,
    listing: Listing,
    kind: Annotated[list[Kind] | None, Query()] = None,
    coin_id: AssetName | None = None,
    wallet_id: UUID | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Exclusive")] = None,
) -> Page[TransactionView] | Response:
    """Every transaction, newest first, voided ones included and marked.

    A table has a row for each leg, and one for a transaction without legs.
    """
    asset = prices.catalogue.resolve_field(coin_id, pointer="query:coin_id") if coin_id else None
    which = TransactionFilter(
        kinds=tuple(kind) if kind else None,
        asset_id=asset.id if asset else None,
        wallet_id=WalletId(wallet_id) if wallet_id else None,
        since=since,
        until=until,
    )

    async def read(page: PageRequest) -> Cut[Recorded]:
        rows = await reading.list_transactions(
            unit,
            owner.user_id,
            which,
            after=page.after(datetime, int),  # type: ignore[arg-type]  # checked by the cursor
            limit=page.limit + 1,
        )
        return page.cut(rows, lambda row: (row.transaction.occurred_at, row.seq))

    return await listing.answer(
        "transactions",
        owner.user_id,
        await listing.collect(read),
        view=TransactionView.of,
        table=lambda _, views: legs_table(views),
    )


@router.get("/transactions/{transaction_id}", responses=problems(reading.TransactionNotFound))
async def read_transaction(transaction_id: UUID, owner: Reader, unit: Reading) -> TransactionView:
    """One transaction."""
    return TransactionView.of(
        await reading.get_transaction(unit, owner.user_id, TransactionId(transaction_id))
    )


@router.post(
    "/transactions/{transaction_id}/void",
    status_code=201,
    response_model=TransactionView,
    responses=problems(
        reading.TransactionNotFound,
        recording.AlreadyVoided,
        recording.VoidOfVoid,
        NotEnoughHeld,
        InFlight,
    ),
)
async def void_transaction(
    transaction_id: UUID,
    owner: Trader,
    once: Idempotent,
    now: Now,
    body: VoidBody | None = None,
) -> Response:
    """Take a transaction out of force, as if it had not happened; both stay readable.

    Refused when something that was sold later would then never have been there.
    """
    note = body.note if body else ""

    async def work(unit: Unit) -> TransactionView:
        return TransactionView.of_written(
            await recording.void(
                unit, owner.user_id, TransactionId(transaction_id), note=note, now=now
            )
        )

    return await once.run(owner.user_id, work, status=201)
