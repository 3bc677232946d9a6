"""Users, their sessions and API keys, what was revoked, and the audit log."""

from plimsoll.plumbing.migrations.sql import run

revision = "0002"
down_revision = "0001"

SCHEMA = """
    create table users (
        id uuid primary key,
        email text not null unique check (length(email) between 3 and 254),
        password_hash text not null,
        role text not null default 'user' check (role in ('user', 'operator')),
        tier text not null default 'beginner'
            check (tier in ('beginner', 'intermediate', 'advanced')),
        created_at timestamptz not null,
        disabled_at timestamptz
    );

    -- One row per sign-in with the password; refresh tokens of one session are one family.
    create table sessions (
        id uuid primary key,
        user_id uuid not null references users (id),
        cookie_hash bytea unique check (length(cookie_hash) = 32),
        created_at timestamptz not null,
        expires_at timestamptz not null,
        ended_at timestamptz
    );
    create index sessions_user_id on sessions (user_id);
    create index sessions_expires_at on sessions (expires_at);

    create table refresh_tokens (
        hash bytea primary key check (length(hash) = 32),
        session_id uuid not null references sessions (id) on delete cascade,
        used_at timestamptz
    );
    create index refresh_tokens_session_id on refresh_tokens (session_id);

    create table api_keys (
        id uuid primary key,
        user_id uuid not null references users (id),
        name text not null check (length(name) between 1 and 100),
        secret_hash bytea not null check (length(secret_hash) = 32),
        scopes text[] not null check (cardinality(scopes) > 0),
        networks cidr[] not null,
        created_at timestamptz not null,
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz
    );
    create index api_keys_user_id on api_keys (user_id, id);

    -- Failed sign-ins per address of e-mail, known or not; the text itself is not kept.
    create table login_failures (
        email_hash bytea primary key check (length(email_hash) = 32),
        failures integer not null,
        last_at timestamptz not null,
        locked_until timestamptz
    );
    create index login_failures_last_at on login_failures (last_at);

    -- What other processes have to forget: a user, a session or a key.
    create table revocations (
        sequence bigint generated always as identity primary key,
        subject uuid not null,
        at timestamptz not null default clock_timestamp()
    );

    create table audit_log (
        sequence bigint primary key,
        at timestamptz not null,
        event text not null,
        user_id uuid,
        subject text,
        address text,
        facts jsonb not null,
        hash bytea not null check (length(hash) = 32)
    );
    create table audit_head ( -- one row
        id boolean primary key default true check (id),
        sequence bigint not null,
        hash bytea not null
    );
    insert into audit_head (sequence, hash) values (0, decode(repeat('00', 32), 'hex'));

    create function refuse_change_of_audit_log() returns trigger language plpgsql as $$
    begin
        raise exception 'the audit log is append-only' using errcode = 'restrict_violation';
    end $$;
    create trigger audit_log_is_append_only before update or delete on audit_log
        for each row execute function refuse_change_of_audit_log();
    create trigger audit_log_is_not_emptied before truncate on audit_log
        for each statement execute function refuse_change_of_audit_log();
"""


def upgrade() -> None:
    run(SCHEMA)
