"""The same routes as people usually write them: FastAPI, SQLAlchemy's async ORM, SQLite in memory.

Written to be good at that: async everywhere, one query where one will do, passwords hashed off the
event loop, no middleware, no access log. It keeps nothing: a restart loses every row. That is its
advantage.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final, Literal

import anyio.to_thread
import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from fastapi import APIRouter, Depends, FastAPI, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from sqlalchemy import ForeignKey, Numeric, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import AsyncAdaptedQueuePool

from benchmarks.assets import PRICES

SECRET: Final = secrets.token_hex(32)
TOKEN_LIFE: Final = timedelta(minutes=15)
STARTED_AT: Final = datetime.now(UTC)

hasher = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)
# SQLite in memory is one connection. SQLAlchemy's default lets all sessions share it (StaticPool),
# which mixes the transactions of concurrent requests: it lost acknowledged buys and answered 500.
# A pool of one makes them take turns, which is slower and right.
engine = create_async_engine(
    "sqlite+aiosqlite:///:memory:",
    poolclass=AsyncAdaptedQueuePool,
    pool_size=1,
    max_overflow=0,
    pool_timeout=60,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


# Tables


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    tier: Mapped[str] = mapped_column(default="beginner")
    role: Mapped[str] = mapped_column(default="user")


class Holding(Base):
    __tablename__ = "holdings"
    __table_args__ = (UniqueConstraint("user_id", "wallet_id", "coin_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    wallet_id: Mapped[int] = mapped_column(default=1)
    coin_id: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(Numeric(38, 18))
    average_cost: Mapped[Decimal] = mapped_column(Numeric(38, 18))


class Transaction(Base):
    __tablename__ = "transactions"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    coin_id: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(Numeric(38, 18))
    price: Mapped[Decimal] = mapped_column(Numeric(38, 18))
    occurred_at: Mapped[datetime]


# JSON


class Credentials(BaseModel):
    email: str = Field(max_length=254)
    password: str = Field(min_length=8, max_length=128)


class UserOut(BaseModel):
    id: int
    email: str
    tier: str
    role: str


class TokenOut(BaseModel):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int


class BuyIn(BaseModel):
    coin_id: str
    quantity: Decimal = Field(gt=0, max_digits=38, decimal_places=18)
    price: Decimal = Field(ge=0, max_digits=38, decimal_places=18)
    currency: Literal["usd"] = "usd"


class HoldingOut(BaseModel):
    id: int
    coin_id: str
    wallet_id: int
    quantity: Decimal
    cost: Decimal
    average_cost: Decimal


class HoldingsOut(BaseModel):
    data: list[HoldingOut]
    next_cursor: str | None = None


class ValuedHoldingOut(BaseModel):
    coin_id: str
    quantity: Decimal
    average_cost: Decimal
    price: Decimal
    value: Decimal
    unrealised_profit: Decimal


class SummaryOut(BaseModel):
    currency: Literal["usd"] = "usd"
    value: Decimal
    cost: Decimal
    unrealised_profit: Decimal
    realised_profit: Decimal
    holdings: list[ValuedHoldingOut]
    unvalued: list[str]
    simulated: bool = True


class PriceOut(BaseModel):
    coin_id: str
    vs: str
    price: Decimal
    source: str
    at: datetime
    age_ms: int
    stale: bool
    simulated: bool


# Dependencies


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


async def get_current_user(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())], session: Session
) -> User:
    try:
        claims = jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "invalid token") from None
    user = await session.get(User, int(claims["sub"]))
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "unknown user")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]

# Routes

router = APIRouter(prefix="/api/v1")


@router.post("/auth/register", status_code=status.HTTP_201_CREATED)
async def register(given: Credentials, session: Session) -> UserOut:
    password_hash = await anyio.to_thread.run_sync(hasher.hash, given.password)
    user = User(email=given.email, password_hash=password_hash)
    session.add(user)
    try:
        await session.commit()
    except IntegrityError:
        raise HTTPException(status.HTTP_409_CONFLICT, "email is taken") from None
    return UserOut(id=user.id, email=user.email, tier=user.tier, role=user.role)


@router.post("/auth/login")
async def login(given: Credentials, session: Session) -> TokenOut:
    user = await session.scalar(select(User).where(User.email == given.email))
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "wrong email or password")
    try:
        await anyio.to_thread.run_sync(hasher.verify, user.password_hash, given.password)
    except VerifyMismatchError:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "wrong email or password") from None
    claims = {"sub": str(user.id), "exp": datetime.now(UTC) + TOKEN_LIFE}
    return TokenOut(
        access_token=jwt.encode(claims, SECRET, algorithm="HS256"),
        refresh_token=secrets.token_urlsafe(32),
        expires_in=int(TOKEN_LIFE.total_seconds()),
    )


@router.get("/prices/{coin_id}")
async def read_price(coin_id: str, vs: str = "usd") -> PriceOut:
    price = PRICES.get(coin_id)
    if price is None or vs != "usd":
        raise HTTPException(status.HTTP_404_NOT_FOUND, "unknown pair")
    age = datetime.now(UTC) - STARTED_AT
    return PriceOut(
        coin_id=coin_id,
        vs=vs,
        price=price,
        source="memory",
        at=STARTED_AT,
        age_ms=int(age.total_seconds() * 1000),
        stale=False,
        simulated=True,
    )


@router.post("/holdings", status_code=status.HTTP_201_CREATED)
async def buy(given: BuyIn, user: CurrentUser, session: Session) -> HoldingOut:
    if given.coin_id not in PRICES:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "unknown coin")
    holding = await session.scalar(
        select(Holding).where(Holding.user_id == user.id, Holding.coin_id == given.coin_id)
    )
    if holding is None:
        holding = Holding(
            user_id=user.id,
            coin_id=given.coin_id,
            quantity=given.quantity,
            average_cost=given.price,
        )
        session.add(holding)
    else:
        quantity = holding.quantity + given.quantity
        cost = holding.quantity * holding.average_cost + given.quantity * given.price
        holding.average_cost = cost / quantity
        holding.quantity = quantity
    session.add(
        Transaction(
            user_id=user.id,
            kind="buy",
            coin_id=given.coin_id,
            quantity=given.quantity,
            price=given.price,
            occurred_at=datetime.now(UTC),
        )
    )
    await session.commit()
    await session.refresh(holding)
    return holding_out(holding)


@router.get("/holdings")
async def list_holdings(user: CurrentUser, session: Session) -> HoldingsOut:
    holdings = await session.scalars(select(Holding).where(Holding.user_id == user.id))
    return HoldingsOut(data=[holding_out(holding) for holding in holdings])


@router.get("/portfolio/summary")
async def read_summary(user: CurrentUser, session: Session) -> SummaryOut:
    holdings = (await session.scalars(select(Holding).where(Holding.user_id == user.id))).all()
    valued = [valued_out(holding) for holding in holdings]
    value = sum((one.value for one in valued), Decimal(0))
    cost = sum((one.quantity * one.average_cost for one in valued), Decimal(0))
    return SummaryOut(
        value=value,
        cost=cost,
        unrealised_profit=value - cost,
        realised_profit=Decimal(0),
        holdings=valued,
        unvalued=[],
    )


def holding_out(holding: Holding) -> HoldingOut:
    return HoldingOut(
        id=holding.id,
        coin_id=holding.coin_id,
        wallet_id=holding.wallet_id,
        quantity=holding.quantity,
        cost=holding.quantity * holding.average_cost,
        average_cost=holding.average_cost,
    )


def valued_out(holding: Holding) -> ValuedHoldingOut:
    price = PRICES[holding.coin_id]
    return ValuedHoldingOut(
        coin_id=holding.coin_id,
        quantity=holding.quantity,
        average_cost=holding.average_cost,
        price=price,
        value=holding.quantity * price,
        unrealised_profit=holding.quantity * (price - holding.average_cost),
    )


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
