"""Erasing a person: what is only ever added to may lose the rows of one person, and of no other."""

from plimsoll.plumbing.migrations.sql import run

revision = "0021"
down_revision = "0020"

SCHEMA = """
    -- Who has gone. The row in `users` stays without anything that tells who it was, because others
    -- name it: approvals, cases, the audit log.
    alter table users add column erased_at timestamptz;

    -- One row per erasure; `finished_at` is set by the transaction that has removed everything.
    create table erasures (
        user_id uuid primary key,
        asked_by uuid,  -- null: at the command line
        asked_at timestamptz not null,
        finished_at timestamptz,
        transaction xid8
    );
    create index erasures_unfinished on erasures (asked_at) where finished_at is null;

    -- Nothing of an append-only table is deleted, but in the transaction of an erasure, that has
    -- written its own number into the row of its person and named the person to itself.
    create function erasing() returns uuid language plpgsql stable as $$
        declare
            named uuid := nullif(current_setting('plimsoll.erasing', true), '')::uuid;
        begin
            if named is not null and exists (
                select from erasures where user_id = named and finished_at is null
                and transaction = pg_current_xact_id_if_assigned()
            ) then
                return named;
            end if;
            return null;
        end
    $$;
    create function refuse_change_but_erasing() returns trigger language plpgsql as $$
        begin
            if tg_op <> 'DELETE' or erasing() is null then
                raise exception '% is append-only', tg_table_name;
            end if;
            return null;
        end
    $$;
    create function refuse_erasing_another() returns trigger language plpgsql as $$
        begin
            raise exception '%: a row of somebody else', tg_table_name;
        end
    $$;
    do $$
        declare
            name text;
        begin
            foreach name in array array['transactions', 'legs', 'recorded_trades', 'tax_picks'] loop
                execute format('drop trigger append_only on %I', name);
                execute format(
                    'create trigger append_only before update or delete or truncate on %I'
                    ' for each statement execute function refuse_change_but_erasing()', name);
                execute format(
                    'create trigger own_rows_only before delete on %I for each row when'
                    ' (old.user_id::text <> current_setting(''plimsoll.erasing'', true))'
                    ' execute function refuse_erasing_another()', name);
            end loop;
        end
    $$;

    -- Deleting a transaction asks who refers to it.
    create index rejected_transfers_withdrawal on rejected_transfers (withdrawal_id);
    create index rejected_transfers_deposit on rejected_transfers (deposit_id);
"""


def upgrade() -> None:
    run(SCHEMA)
