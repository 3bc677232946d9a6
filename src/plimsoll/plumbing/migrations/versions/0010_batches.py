"""What came with an import, what is missing, and where a fold may go on."""

from plimsoll.plumbing.migrations.sql import run

revision = "0010"
down_revision = "0009"

SCHEMA = """
    alter table transactions add column import_id uuid;
    create index transactions_of_an_import on transactions (import_id, seq)
        where import_id is not null;

    -- The moment of the transaction again, so that the tail of an asset is one stretch of an index.
    alter table legs add column valued boolean not null default true,
        add column occurred_at timestamptz;
    alter table legs disable trigger append_only;
    update legs set occurred_at = t.occurred_at from transactions t where t.id = transaction_id;
    alter table legs enable trigger append_only;
    alter table legs alter column occurred_at set not null;
    drop index legs_of_an_asset;
    create index legs_of_an_asset on legs (user_id, asset_id, occurred_at)
        where wallet_id is not null;

    -- A rate of 0 says that nobody knew it: such a cost counts as nothing.
    alter table legs drop constraint legs_cost_rate_check;
    alter table legs add constraint legs_cost_rate_check check (cost_rate >= 0);

    alter table holdings add column missing numeric(38,18) not null default 0
        check (missing >= 0);

    -- The holdings of one asset after everything up to and including a moment. May be deleted at
    -- any time; a fold then begins earlier.
    create table checkpoints (
        user_id uuid not null,
        asset_id text not null,
        occurred_at timestamptz not null,
        wallets uuid[] not null,
        currencies text[] not null,
        quantities numeric(38,18)[] not null,
        costs numeric(38,18)[] not null,
        fees numeric(38,18)[] not null,
        realised numeric(38,18)[] not null,
        missing numeric(38,18)[] not null,
        last_at timestamptz[] not null,
        last_rank smallint[] not null,
        primary key (user_id, asset_id, occurred_at)
    );
"""


def upgrade() -> None:
    run(SCHEMA)
