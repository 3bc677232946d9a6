"""What proves who somebody is: roles, second factors, signed requests, uses of keys, places."""

from plimsoll.plumbing.migrations.sql import run

revision = "0015"
down_revision = "0014"

SCHEMA = """
    alter table users drop constraint users_role_check,
        add constraint users_role_check check (role in ('user', 'operator', 'regulator'));

    -- A bearer key is proven by its hash; what signs has to be read back, so it is sealed.
    alter table api_keys
        alter column secret_hash drop not null,
        add column kind text not null default 'bearer' check (kind in ('bearer', 'signed')),
        add column sealed_secret bytea,
        add column rotated_to uuid references api_keys (id),
        add column last_address text,
        add constraint api_keys_have_one_proof check (
            (secret_hash is not null) = (kind = 'bearer')
            and (sealed_secret is not null) = (kind = 'signed')
        );

    -- Signatures that were taken, while their timestamps are good. Unlogged, for a flush to the
    -- disk per request would buy a few seconds of memory: a crash empties both tables, and a
    -- memory without its row knows that it has forgotten.
    create unlogged table used_signatures (
        signature bytea primary key check (length(signature) = 32),
        timestamp_ms bigint not null
    );
    create index used_signatures_timestamp on used_signatures (timestamp_ms);
    create unlogged table signature_memory ( -- one row: nothing signed before it is taken
        id boolean primary key default true check (id),
        since_ms bigint not null
    );
    insert into signature_memory (since_ms) values (0);

    create table key_uses (
        key_id uuid not null references api_keys (id) on delete cascade,
        hour timestamptz not null,
        requests bigint not null,
        limited bigint not null,
        forbidden bigint not null,
        primary key (key_id, hour)
    );
    create index key_uses_hour on key_uses (hour);

    alter table sessions
        add column last_seen_at timestamptz,
        add column address text,
        add column agent text check (length(agent) <= 200),
        add column proved_at timestamptz; -- when the second factor was last shown in it

    create table second_factors (
        user_id uuid primary key references users (id) on delete cascade,
        sealed_secret bytea not null,
        created_at timestamptz not null,
        confirmed_at timestamptz,
        last_step bigint
    );
    create table recovery_codes (
        user_id uuid not null references users (id) on delete cascade,
        hash bytea not null check (length(hash) = 32),
        primary key (user_id, hash)
    );

    -- Networks that a person signed in from (`last_seen`), or was refused from.
    create table login_places (
        user_id uuid not null references users (id) on delete cascade,
        place text not null,
        first_seen timestamptz,
        last_seen timestamptz,
        sign_ins bigint not null,
        refused bigint not null,
        refused_at timestamptz[] not null, -- the latest, newest first
        primary key (user_id, place)
    );

    -- Sign-ins by their number in the audit log, with what was known of the person at that moment.
    create table sign_ins (
        sequence bigint primary key,
        user_id uuid not null references users (id) on delete cascade,
        at timestamptz not null,
        place text not null,
        known jsonb not null, -- other places and this one before: when last seen, in milliseconds
        failures integer not null
    );
    create index sign_ins_at on sign_ins (at);
    create index sign_ins_user_id on sign_ins (user_id);
"""


def upgrade() -> None:
    run(SCHEMA)
