"""Actions of operators that wait for a second one."""

from plimsoll.plumbing.migrations.sql import run

revision = "0020"
down_revision = "0019"

SCHEMA = """
    create table approvals (
        id uuid primary key,
        action text not null,
        method text not null,
        path text not null,
        query text not null,
        body text not null,
        fingerprint bytea not null check (length(fingerprint) = 32),
        asked_by uuid not null references users,
        asked_at timestamptz not null,
        expires_at timestamptz not null,
        decided_by uuid references users,
        decided_at timestamptz,
        approved boolean,
        reason text,
        used_at timestamptz,
        used_key text,
        check (decided_by <> asked_by),
        check (num_nulls(decided_by, decided_at, approved, reason) in (0, 4)),
        check (used_at is null or approved)
    );
    create index approvals_of_a_request on approvals (asked_by, fingerprint, id desc);
"""


def upgrade() -> None:
    run(SCHEMA)
