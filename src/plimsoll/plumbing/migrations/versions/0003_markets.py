"""What the markets keep: the kind of feed this database belongs to, and the last good price of
every pair.
"""

from plimsoll.plumbing.migrations.sql import run

revision = "0003"
down_revision = "0002"

SCHEMA = """
    create table feed (
        only_row boolean primary key default true check (only_row),
        kind text not null check (kind in ('live', 'replay', 'simulated')),
        state jsonb,
        started_at timestamptz not null default now()
    );
    create table latest_prices (
        base text not null,
        quote text not null,
        price numeric(38, 18) not null check (price > 0),
        source text not null,
        at timestamptz not null,
        received_at timestamptz not null,
        change_24h numeric(24, 8),
        simulated boolean not null,
        primary key (base, quote),
        check (base <> quote)
    );
"""


def upgrade() -> None:
    run(SCHEMA)
