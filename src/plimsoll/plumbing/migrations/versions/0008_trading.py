"""The paper exchange: its journal, snapshots, the lease of its one writer, and read models.

Prices are in ticks, quantities in steps and money in hundred-millionths of the settlement asset, as
the machine computes them; `bigint` holds a notional of 92 billion coins.
"""

from plimsoll.plumbing.migrations.sql import run

revision = "0008"
down_revision = "0007"

SCHEMA = """
    -- Who may write: every append raises last_seq under this epoch, or does not happen.
    create table engine_lease (
        only_row boolean primary key default true check (only_row),
        epoch bigint not null,
        last_seq bigint not null,
        taken_at timestamptz not null default now()
    );
    insert into engine_lease (epoch, last_seq) values (0, 0);

    -- Every command in its order with what it did. `fees`: what the venue has earned until then.
    -- `request` is a caller's Idempotency-Key, `fingerprint` what was asked with it.
    create table journal (
        seq bigint primary key,
        epoch bigint not null,
        at_ms bigint not null,
        actor uuid,
        kind text not null,
        command json not null,
        events json not null,
        chain bytea not null check (length(chain) = 32),
        fees numeric(38) not null,
        request bytea,
        fingerprint bytea
    );
    create unique index journal_requests on journal (request) where request is not null;
    create trigger append_only before update or delete or truncate on journal
        for each statement execute function refuse_change();

    create table engine_snapshots (
        seq bigint primary key,
        at_ms bigint not null,
        chain bytea not null,
        digest text not null,
        state bytea not null,
        taken_at timestamptz not null default now()
    );

    create table trading_accounts (
        account bigint primary key,
        user_id uuid unique,
        opened_at_ms bigint not null
    );

    create table orders (
        id bigint primary key,
        account bigint not null,
        symbol text not null,
        side smallint not null,
        type text not null,
        quantity bigint not null,
        price bigint not null,
        time_in_force text not null,
        leg text not null,
        reduce_only boolean not null,
        close_position boolean not null,
        client_id text,
        trigger text,
        trigger_price bigint not null,
        callback_ppm bigint not null,
        expires_at_ms bigint not null,
        parent bigint not null,
        status text not null,
        reason text,
        filled bigint not null,
        cost numeric(38) not null,
        fee bigint not null,
        profit bigint not null,
        placed_at_ms bigint not null,
        changed_at_ms bigint not null
    ) with (fillfactor = 80);
    create index orders_of_an_account on orders (account, id desc);
    create unique index orders_client_ids on orders (account, client_id)
        where client_id is not null;

    create table order_events (
        account bigint not null,
        seq bigint not null,
        number integer not null,
        order_id bigint not null,
        at_ms bigint not null,
        event json not null,
        primary key (account, seq, number)
    );
    create index order_events_of_an_order on order_events (order_id, seq);

    -- Both sides of a fill have the same id.
    create table fills (
        id bigint not null,
        side smallint not null,
        seq bigint not null,
        at_ms bigint not null,
        account bigint not null,
        order_id bigint not null,
        other_order bigint not null,
        symbol text not null,
        leg text not null,
        price bigint not null,
        quantity bigint not null,
        fee bigint not null,
        profit bigint not null,
        maker boolean not null,
        cause text not null,
        level integer not null,
        ahead bigint not null,
        primary key (id, side)
    );
    create index fills_of_an_account on fills (account, id desc);
    create index fills_of_an_account_since on fills (account, seq);
    create index fills_of_an_order on fills (order_id);
    create index fills_of_a_market on fills (symbol, id desc) where not maker;

    create table positions (
        account bigint not null,
        symbol text not null,
        leg text not null,
        quantity bigint not null,
        cost numeric(38) not null,
        isolated bigint not null,
        changed_at_ms bigint not null,
        primary key (account, symbol, leg)
    ) with (fillfactor = 80);

    create table funding_payments (
        account bigint not null,
        symbol text not null,
        stamp_ms bigint not null,
        seq bigint not null,
        rate bigint not null,
        mark bigint not null,
        amount bigint not null,
        primary key (account, symbol, stamp_ms)
    );
    create table funding_stamps (
        symbol text not null,
        stamp_ms bigint not null,
        seq bigint not null,
        rate bigint not null,
        mark bigint not null,
        primary key (symbol, stamp_ms)
    );

    -- What liquidation did to whom, step by step.
    create table liquidations (
        seq bigint not null,
        number integer not null,
        at_ms bigint not null,
        account bigint not null,
        symbol text not null,
        kind text not null,
        event json not null,
        primary key (seq, number)
    );
    create index liquidations_of_an_account on liquidations (account, seq desc);

    -- Double entry: the entries of one command add up to nothing in each asset.
    create table entries (
        seq bigint not null,
        number integer not null,
        book text not null,
        account bigint not null,
        asset text not null,
        amount numeric(38) not null check (amount <> 0),
        reason text not null,
        primary key (seq, number)
    );
    create index entries_of_an_account on entries (account, seq desc) where account <> 0;
    create table balances (
        book text not null,
        account bigint not null,
        asset text not null,
        amount numeric(38) not null,
        primary key (book, account, asset)
    ) with (fillfactor = 80);
"""


def upgrade() -> None:
    run(SCHEMA)
