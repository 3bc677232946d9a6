"""Prices of days, and what people say that something was worth."""

from plimsoll.plumbing.migrations.sql import run

revision = "0012"
down_revision = "0011"

SCHEMA = """
    -- `price` is of one unit of `asset_id`, in `currency`.
    create table daily_prices (
        asset_id text not null,
        currency text not null,
        day date not null,
        price numeric(38,18) not null check (price > 0),
        source text not null,
        primary key (asset_id, currency, day),
        check (asset_id <> currency)
    );

    create table valuations (
        user_id uuid not null,
        asset_id text not null,
        currency text not null,
        day date not null,
        price numeric(38,18) not null check (price > 0),
        note text not null,
        changed_at timestamptz not null default now(),
        primary key (user_id, asset_id, currency, day),
        check (asset_id <> currency)
    );

    -- How often each has changed, so that who computes from it knows when to do so again.
    create table daily_price_head (
        only_row boolean primary key default true check (only_row),
        version bigint not null
    );
    insert into daily_price_head (version) values (0);
    create table valuation_heads (
        user_id uuid primary key,
        version bigint not null
    );
"""


def upgrade() -> None:
    run(SCHEMA)
