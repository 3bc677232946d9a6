"""Conditions that people set, where they stand, and the events they made."""

from plimsoll.plumbing.migrations.sql import run

revision = "0018"
down_revision = "0017"

SCHEMA = """
    -- What somebody wants to be told, and where it stands. `version` grows with everything that
    -- the person changes: what was judged by an older one is not written.
    create table alert_conditions (
        id uuid primary key,
        user_id uuid not null,
        kind text not null,
        subject text not null check (length(subject) between 1 and 200),
        comparison text not null check (comparison in ('above', 'below', 'crosses', 'is')),
        threshold numeric(38,18),
        word text check (length(word) between 1 and 60),
        hysteresis numeric(38,18) not null check (hysteresis >= 0),
        cooldown_s integer not null check (cooldown_s >= 0),
        repeat text not null check (repeat in ('once', 'always')),
        quiet_hours text not null check (quiet_hours in ('respect', 'ignore')),
        channels uuid[] not null,
        note text not null,
        phase text not null,
        events integer not null default 0 check (events >= 0),
        fired_at timestamptz,
        snoozed_until timestamptz,
        version integer not null default 1,
        created_at timestamptz not null,
        changed_at timestamptz not null default clock_timestamp(),
        removed_at timestamptz,
        check ((comparison = 'is') = (word is not null)),
        check ((word is null) = (threshold is not null))
    );
    create index alert_conditions_of_a_person on alert_conditions (user_id, id desc)
        where removed_at is null;
    create index alert_conditions_changed on alert_conditions (changed_at);

    -- What came true, as it was said. Numbers count within the condition; none is used twice.
    create table alert_events (
        condition_id uuid not null,
        number integer not null check (number > 0),
        user_id uuid not null,
        kind text not null,
        subject text not null,
        value numeric(38,18),
        word text,
        title text not null,
        sentence text not null,
        source text not null,
        simulated boolean not null,
        at timestamptz not null,
        tell_at timestamptz,  -- null: never told
        primary key (condition_id, number),
        check ((word is null) = (value is not null))
    );
    create index alert_events_of_a_person
        on alert_events (user_id, at desc, condition_id desc, number desc);

    -- Which process watches: whoever has the last epoch, until its lease ends.
    create table alert_watch (
        one boolean primary key default true check (one),
        epoch bigint not null default 0,
        until timestamptz not null default '-infinity'
    );
    insert into alert_watch default values;
"""


def upgrade() -> None:
    run(SCHEMA)
