"""What the plumbing itself keeps: answers to requests that carried an Idempotency-Key."""

from plimsoll.plumbing.migrations.sql import run

revision = "0001"
down_revision = None

SCHEMA = """
    create table idempotency_keys (
        principal_id uuid not null,
        key text not null check (length(key) between 1 and 255),
        fingerprint bytea not null check (length(fingerprint) = 32),
        status smallint,
        body bytea,
        created_at timestamptz not null default now(),
        primary key (principal_id, key)
    );
    create index idempotency_keys_created_at on idempotency_keys (created_at);
"""


def upgrade() -> None:
    run(SCHEMA)
