"""Tax: reports as they were computed, and what people decided."""

from plimsoll.plumbing.migrations.sql import run

revision = "0014"
down_revision = "0013"

SCHEMA = """
    -- What a person chose for one jurisdiction, as JSON of the choices' own shape.
    create table tax_elections (
        user_id uuid not null,
        jurisdiction text not null check (length(jurisdiction) between 1 and 20),
        choices text not null,
        changed_at timestamptz not null,
        primary key (user_id, jurisdiction)
    );

    create table tax_treatments (
        user_id uuid not null,
        transaction_id uuid not null,
        treatment text not null,
        changed_at timestamptz not null,
        primary key (user_id, transaction_id)
    );

    -- Which units a disposal meant. The record's own moment is what counts, so none is changed:
    -- a later record for the same disposal stands beside it, and the last one is in force.
    create table tax_picks (
        id uuid primary key,
        user_id uuid not null,
        transaction_id uuid not null,
        disposed_at timestamptz not null,
        identified_at timestamptz not null,
        picks text not null
    );
    create index tax_picks_of_a_disposal on tax_picks (user_id, transaction_id, identified_at);
    create trigger append_only before update or delete or truncate on tax_picks
        for each statement execute function refuse_change();

    create table tax_gifts (
        user_id uuid not null,
        transaction_id uuid not null,
        donor_cost numeric(38,18) not null check (donor_cost >= 0),
        donor_since timestamptz,
        changed_at timestamptz not null,
        primary key (user_id, transaction_id)
    );

    create table tax_broker_forms (
        user_id uuid not null,
        year smallint not null,
        forms text not null,
        changed_at timestamptz not null,
        primary key (user_id, year)
    );

    -- A report as it was computed once, with everything it was computed from.
    create table tax_runs (
        id uuid primary key,
        user_id uuid not null,
        jurisdiction text not null,
        year smallint not null,
        ruleset text not null,
        app_version text not null,
        ledger_version bigint not null,
        input_hash bytea not null check (length(input_hash) = 32),
        report_hash bytea not null check (length(report_hash) = 32),
        input bytea not null,
        head text not null,
        names text not null,
        draft boolean not null,
        created_at timestamptz not null,
        unique (user_id, input_hash)
    );
    alter table tax_runs alter column input set storage external;
    create index tax_runs_latest on tax_runs (user_id, id desc);

    -- The lists of a report, some hundred rows to a part.
    create table tax_run_parts (
        run_id uuid not null references tax_runs on delete cascade,
        section text not null,
        part integer not null,
        rows integer not null,
        content bytea not null,
        primary key (run_id, section, part)
    );
    alter table tax_run_parts alter column content set storage external;

    create table tax_run_files (
        run_id uuid not null references tax_runs on delete cascade,
        name text not null,
        sha256 bytea not null check (length(sha256) = 32),
        content bytea not null,
        created_at timestamptz not null,
        primary key (run_id, name)
    );

    -- A run is never changed. Its owner may discard it as a whole.
    create trigger immutable before update or truncate on tax_runs
        for each statement execute function refuse_change();
    create trigger immutable before update or truncate on tax_run_parts
        for each statement execute function refuse_change();
    create trigger immutable before update or truncate on tax_run_files
        for each statement execute function refuse_change();
    create function refuse_partial_removal() returns trigger language plpgsql as $$
        begin
            if exists (select from tax_runs where id = old.run_id) then
                raise exception '% goes with its run only', tg_table_name;
            end if;
            return old;
        end
    $$;
    create trigger whole before delete on tax_run_parts
        for each row execute function refuse_partial_removal();
    create trigger whole before delete on tax_run_files
        for each row execute function refuse_partial_removal();
"""


def upgrade() -> None:
    run(SCHEMA)
