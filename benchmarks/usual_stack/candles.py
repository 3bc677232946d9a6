"""Candles as people usually serve them: FastAPI, SQLAlchemy's async ORM, pydantic; on PostgreSQL.

On the same table of the same database as the measured service, one query per answer, a connection
pool, no middleware, no access log.
"""

import os
from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel
from sqlalchemy import BigInteger, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DATABASE: Final = os.environ["BENCH_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")

engine = create_async_engine(DATABASE, pool_size=10, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class PairRow(Base):
    __tablename__ = "pairs"
    id: Mapped[int] = mapped_column(primary_key=True)
    base: Mapped[str]
    quote: Mapped[str]


class CandleRow(Base):
    __tablename__ = "candles"
    interval: Mapped[str] = mapped_column(primary_key=True)
    pair_id: Mapped[int] = mapped_column(primary_key=True)
    open_time_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    open: Mapped[float]
    high: Mapped[float]
    low: Mapped[float]
    close: Mapped[float]
    volume: Mapped[float]
    trades: Mapped[int]
    forming: Mapped[bool]
    amended: Mapped[bool]


class CandleOut(BaseModel):
    time_ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    trades: int
    state: Literal["closed", "forming", "amended"]


class CandlesOut(BaseModel):
    pair: str
    base: str
    quote: str
    interval: str
    candles: list[CandleOut]
    next_to: int | None


async def get_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


app = FastAPI()


@app.get("/health")
async def read_health() -> dict[str, bool]:
    return {"ready": True}


@app.get("/api/v1/markets/{base}/{quote}/candles")
async def list_candles(
    base: str,
    quote: str,
    session: Annotated[AsyncSession, Depends(get_session)],
    interval: str = "1m",
    to: int = 2**53,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> CandlesOut:
    pair = await session.scalar(select(PairRow).where(PairRow.base == base, PairRow.quote == quote))
    if pair is None:
        raise HTTPException(404, "unknown pair")
    rows = await session.scalars(
        select(CandleRow)
        .where(
            CandleRow.interval == interval,
            CandleRow.pair_id == pair.id,
            CandleRow.open_time_ms < to,
        )
        .order_by(CandleRow.open_time_ms.desc())
        .limit(limit)
    )
    candles = [candle_out(row) for row in reversed(rows.all())]
    return CandlesOut(
        pair=f"{base}/{quote}",
        base=base,
        quote=quote,
        interval=interval,
        candles=candles,
        next_to=candles[0].time_ms if len(candles) == limit else None,
    )


def candle_out(row: CandleRow) -> CandleOut:
    return CandleOut(
        time_ms=row.open_time_ms,
        open=str(row.open),
        high=str(row.high),
        low=str(row.low),
        close=str(row.close),
        volume=str(row.volume),
        trades=row.trades,
        state="forming" if row.forming else "amended" if row.amended else "closed",
    )
