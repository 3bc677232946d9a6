"""How people are told, what was sent and how it went; their preferences."""

from plimsoll.plumbing.migrations.sql import run

revision = "0019"
down_revision = "0018"

SCHEMA = """
    create table user_preferences (
        user_id uuid primary key,
        version bigint not null check (version > 0),
        currency text not null check (length(currency) between 1 and 100),
        time_zone text not null check (length(time_zone) between 1 and 60),
        locale text not null check (length(locale) between 2 and 35),
        theme text not null check (theme in ('light', 'dark', 'system')),
        privacy boolean not null,
        quiet_start time,
        quiet_end time check ((quiet_end is null) = (quiet_start is null)),
        quiet_rule text check ((quiet_rule is null) = (quiet_start is null)),
        changed_at timestamptz not null
    );

    -- Where somebody is told. What is sealed is sealed for this row alone; `place` is what is shown
    -- of it. Only one at a time sends for a channel: whoever has it until `busy_until`.
    create table alert_channels (
        id uuid primary key,
        user_id uuid not null,
        kind text not null check (kind in ('webhook', 'email', 'apprise')),
        name text not null check (length(name) between 1 and 100),
        state text not null check (state in ('unconfirmed', 'on', 'off')),
        off_because text,
        place text not null,
        target bytea not null,
        secret bytea,
        old_secret bytea,
        old_secret_until timestamptz check ((old_secret_until is null) = (old_secret is null)),
        code_hash bytea,
        code_until timestamptz,
        code_tries smallint not null default 0,
        failures integer not null default 0,
        busy_until timestamptz not null default '-infinity',
        created_at timestamptz not null,
        changed_at timestamptz not null
    );
    create index alert_channels_of_a_person on alert_channels (user_id, id);

    -- What was told, in words. The id goes along with every message of it, so that whoever gets it
    -- twice knows. `told_seq` is given when it is due, in the order in which people are told.
    create sequence alert_told;
    create table alert_notifications (
        id uuid primary key,
        user_id uuid not null,
        condition_id uuid,
        number bigint,
        subject_kind text not null,
        subject_of text not null,
        value text,
        title text not null,
        body text not null,
        at timestamptz not null,
        tell_at timestamptz,
        told_seq bigint unique,
        seen_at timestamptz,
        unique (condition_id, number)
    );
    comment on column alert_notifications.condition_id is 'null: a test of one channel';
    create index alert_notifications_of_a_person on alert_notifications (user_id, at desc, id desc)
        where condition_id is not null;
    create index alert_notifications_told on alert_notifications (user_id, told_seq)
        where told_seq is not null;
    create index alert_notifications_unseen on alert_notifications (user_id, told_seq)
        where told_seq is not null and seen_at is null;
    create index alert_notifications_due on alert_notifications (tell_at)
        where told_seq is null and tell_at is not null and condition_id is not null;

    -- One notification on its way through one channel. `log` has the last attempts.
    create table alert_deliveries (
        id uuid primary key default gen_random_uuid(),
        user_id uuid not null,
        notification_id uuid not null references alert_notifications on delete cascade,
        channel_id uuid not null references alert_channels on delete cascade,
        state text not null check (state in ('waiting', 'sent', 'dead', 'cancelled')),
        due_at timestamptz not null,
        gives_up_at timestamptz not null,
        attempts integer not null default 0,
        status smallint,
        error text,
        duration_ms integer,
        tried_at timestamptz,
        log jsonb not null default '[]',
        created_at timestamptz not null
    );
    create index alert_deliveries_waiting on alert_deliveries (channel_id, due_at, id)
        where state = 'waiting';
    create index alert_deliveries_of_a_person
        on alert_deliveries (user_id, created_at desc, id desc);
    create index alert_deliveries_of_a_channel
        on alert_deliveries (channel_id, created_at desc, id desc);
    create index alert_deliveries_of_a_notification on alert_deliveries (notification_id);
"""


def upgrade() -> None:
    run(SCHEMA)
