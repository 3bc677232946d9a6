"""Pairs of deposits and withdrawals that may be transfers, and what was said of doubts."""

from plimsoll.plumbing.migrations.sql import run

revision = "0013"
down_revision = "0012"

SCHEMA = """
    -- What others know it by (a hash on its chain), and the lines of the file that told it.
    alter table transactions add column reference text not null default '',
        add column import_lines integer[] not null default '{}';
    create index transactions_of_a_transfer on transactions (user_id, occurred_at, seq)
        where kind in ('withdrawal', 'deposit');

    -- Both ends are voided, and stand in the ledger as one transfer for as long as it is in force.
    create table confirmed_transfers (
        transfer_id uuid primary key references transactions,
        user_id uuid not null,
        withdrawal_id uuid not null unique references transactions,
        deposit_id uuid not null unique references transactions
    );
    create view merged_transactions as
        select withdrawal_id as transaction_id from confirmed_transfers c
        where not exists (select from transactions v where v.voids = c.transfer_id)
        union all
        select deposit_id from confirmed_transfers c
        where not exists (select from transactions v where v.voids = c.transfer_id);

    create table rejected_transfers (
        user_id uuid not null,
        withdrawal_id uuid not null references transactions,
        deposit_id uuid not null references transactions,
        rejected_at timestamptz not null,
        primary key (user_id, withdrawal_id, deposit_id)
    );

    -- `seen` is the cause as it was then: once it is another, the doubt is open again.
    create table quality_dismissals (
        user_id uuid not null,
        issue_id uuid not null,
        seen text not null,
        note text not null,
        dismissed_at timestamptz not null,
        primary key (user_id, issue_id)
    );
"""


def upgrade() -> None:
    run(SCHEMA)
