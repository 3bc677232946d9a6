"""Trades of derivatives that people record by hand, and what of the paper exchange was taken into
the ledger.
"""

from plimsoll.plumbing.migrations.sql import run

revision = "0009"
down_revision = "0008"

SCHEMA = """
    create table recorded_trades (
        id uuid primary key,
        user_id uuid not null,
        symbol text not null check (length(symbol) between 1 and 40),
        side text not null check (side in ('long', 'short')),
        size numeric(38,18) not null check (size > 0),
        price numeric(38,18) not null check (price > 0),
        leverage smallint not null check (leverage between 1 and 100),
        note text not null,
        executed_at timestamptz not null,
        recorded_at timestamptz not null default now()
    );
    create index recorded_trades_in_time on recorded_trades (user_id, executed_at desc, id desc);
    create trigger append_only before update or delete or truncate on recorded_trades
        for each statement execute function refuse_change();

    -- Which paper fills and payments the ledger has, by the external id they have there.
    create table paper_records (
        user_id uuid not null,
        external_id text not null,
        primary key (user_id, external_id)
    );
"""


def upgrade() -> None:
    run(SCHEMA)
