"""Cases of compliance rules, what happened to them, and what the rules count."""

from plimsoll.plumbing.migrations.sql import run

revision = "0016"
down_revision = "0015"

SCHEMA = """
    -- `key` is rule, person and matter in one text; with `number` it names a case for good.
    -- `version` counts the events of a case; evidence that changes nothing else is none.
    create table cases (
        id uuid primary key,
        key text not null,
        number integer not null,
        rule text not null,
        user_id uuid,
        matter text,
        severity smallint not null check (severity between 1 and 3),
        state text not null check (state in ('open', 'acknowledged', 'resolved')),
        owner uuid,
        opened_at timestamptz not null,
        changed_at timestamptz not null,
        value numeric not null,
        evidence json not null,
        version integer not null,
        unique (key, number)
    ) with (fillfactor = 80);
    create index cases_of_a_person on cases (user_id, id desc);
    create index cases_that_are_active on cases (rule, id desc) where state <> 'resolved';

    create table case_events (
        case_id uuid not null references cases (id),
        version integer not null,
        kind text not null,
        state text not null,
        severity smallint not null,
        at timestamptz not null,
        by uuid,
        reason text not null,
        primary key (case_id, version)
    );
    create trigger append_only before update or delete or truncate on case_events
        for each statement execute function refuse_change();

    -- How far the sign-ins have been judged: a sequence of the audit log.
    create table compliance_progress (
        only_row boolean primary key default true check (only_row),
        sign_ins bigint not null
    );

    -- Conduct by the hour: folded out of journal and fills as they grow, so that no rule ever
    -- reads a whole day of them. `seq` and `fill` say how far.
    create table conduct_progress (
        only_row boolean primary key default true check (only_row),
        seq bigint not null,
        fill bigint not null
    );
    create table conduct_hours (
        hour_ms bigint not null,
        user_id uuid not null,
        messages bigint not null,
        fills bigint not null,
        primary key (hour_ms, user_id)
    ) with (fillfactor = 80);
    -- `other` is all zeros for the house; money in ticks × steps of the symbol.
    create table conduct_trades (
        hour_ms bigint not null,
        symbol text not null,
        user_id uuid not null,
        other uuid not null,
        fills bigint not null,
        bought numeric(38) not null,
        sold numeric(38) not null,
        primary key (hour_ms, symbol, user_id, other)
    ) with (fillfactor = 80);

    -- Liquidations of a day are counted, and there are few of them to index.
    create index liquidations_in_time on liquidations (at_ms);

    -- The audit log is read by person, event, subject and time; it grows with sign-ins, not orders.
    create index audit_log_of_a_person on audit_log (user_id, sequence desc);
    create index audit_log_of_an_event on audit_log (event, sequence desc);
    create index audit_log_of_a_subject on audit_log (subject, sequence desc)
        where subject is not null;
    create index audit_log_in_time on audit_log (at);
"""


def upgrade() -> None:
    run(SCHEMA)
