"""The ledger: wallets, transactions with their legs, and the holdings and disposals folded from
them.
"""

from plimsoll.plumbing.migrations.sql import run

revision = "0004"
down_revision = "0003"

SCHEMA = """
    -- One row per person, locked first by every write: a ledger is written in one order.
    create table ledger_heads (
        user_id uuid primary key,
        version bigint not null
    );

    create table wallets (
        id uuid primary key,
        user_id uuid not null,
        name text not null check (length(name) between 1 and 100),
        created_at timestamptz not null default now(),
        unique (user_id, name)
    );

    create table transactions (
        id uuid primary key,
        user_id uuid not null,
        seq bigint not null,
        kind text not null,
        occurred_at timestamptz not null,
        rank smallint not null,
        precision text not null,
        currency text not null,
        note text not null,
        source text not null,
        external_id text,
        fingerprint bytea not null,
        voids uuid references transactions,
        recorded_at timestamptz not null default now(),
        unique (user_id, seq)
    );
    create unique index transactions_voids on transactions (voids) where voids is not null;
    create index transactions_external_id on transactions (user_id, source, external_id)
        where external_id is not null;
    create index transactions_history on transactions (user_id, occurred_at desc, seq desc);

    create table legs (
        transaction_id uuid not null references transactions,
        position smallint not null,
        user_id uuid not null,
        wallet_id uuid references wallets,
        asset_id text not null,
        quantity numeric(38,18) not null check (quantity <> 0),
        role text not null,
        value numeric(38,18) not null check (value >= 0),
        cost_currency text,
        cost_rate numeric(38,18) not null check (cost_rate > 0),
        primary key (transaction_id, position)
    );
    create index legs_of_an_asset on legs (user_id, asset_id) where wallet_id is not null;

    create table holdings (
        id uuid primary key,
        user_id uuid not null,
        wallet_id uuid not null references wallets,
        asset_id text not null,
        currency text not null,
        quantity numeric(38,18) not null check (quantity >= 0),
        cost numeric(38,18) not null,
        fees numeric(38,18) not null,
        realised numeric(38,18) not null,
        last_at timestamptz not null,
        last_rank smallint not null,
        unique (user_id, wallet_id, asset_id)
    ) with (fillfactor = 80);

    create table disposals (
        user_id uuid not null,
        asset_id text not null,
        transaction_id uuid not null references transactions,
        number integer not null,
        wallet_id uuid not null,
        currency text not null,
        quantity numeric(38,18) not null,
        cost numeric(38,18) not null,
        proceeds numeric(38,18) not null,
        primary key (transaction_id, asset_id, number)
    );
    create index disposals_of_an_asset on disposals (user_id, asset_id);

    create function refuse_change() returns trigger language plpgsql as $$
        begin
            raise exception '% is append-only', tg_table_name;
        end
    $$;
    create trigger append_only before update or delete or truncate on transactions
        for each statement execute function refuse_change();
    create trigger append_only before update or delete or truncate on legs
        for each statement execute function refuse_change();
"""


def upgrade() -> None:
    run(SCHEMA)
