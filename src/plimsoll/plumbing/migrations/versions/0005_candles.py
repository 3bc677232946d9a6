"""Candles: one table, in partitions by how long they are and when they began.

Minutes by day, 5 minutes to 4 hours by month, days and longer in one plain partition. The leaves of
the first two are made ahead of time and dropped by retention while the program runs.
"""

from plimsoll.plumbing.migrations.sql import run

revision = "0005"
down_revision = "0004"

SCHEMA = """
    create table pairs (
        id integer generated always as identity primary key,
        base text not null,
        quote text not null,
        unique (base, quote),
        check (base <> quote)
    );

    -- pair_id has no foreign key: it would be checked for each of millions of rows.
    create table candles (
        open_time_ms bigint not null,
        open double precision not null,
        high double precision not null,
        low double precision not null,
        close double precision not null,
        volume double precision not null,
        pair_id integer not null,
        trades integer not null,
        interval text not null,
        forming boolean not null,
        amended boolean not null,
        primary key (interval, pair_id, open_time_ms),
        constraint sound check (
            low > 0 and low <= open and low <= close and high >= open and high >= close
            and high < 'infinity' and volume >= 0 and volume < 'infinity' and trades >= 0
        )
    ) partition by list (interval);
    create table candles_short partition of candles for values in ('1m')
        partition by range (open_time_ms);
    create table candles_middle partition of candles for values in ('5m', '15m', '30m', '1h', '4h')
        partition by range (open_time_ms);
    create table candles_long partition of candles for values in ('1d', '1w', '1M')
        with (fillfactor = 90);

    create table sealed_months (
        interval text not null,
        month_ms bigint not null,
        file text not null,
        rows bigint not null,
        sha256 text not null,
        horizon xid8 not null,  -- every transaction before it is in the file
        sealed_at timestamptz not null default now(),
        primary key (interval, month_ms)
    );
"""


def upgrade() -> None:
    run(SCHEMA)
