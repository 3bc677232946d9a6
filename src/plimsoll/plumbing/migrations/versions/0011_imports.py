"""Imports: files, how they are read, and the verdict of every row."""

from plimsoll.plumbing.migrations.sql import run

revision = "0011"
down_revision = "0010"

SCHEMA = """
    create table imports (
        id uuid primary key,
        user_id uuid not null,
        name text not null,
        digest bytea not null,
        size bigint not null,
        wallet_id uuid references wallets,  -- null: the main one
        state text not null check (state in ('reading', 'questions', 'refused', 'preview',
            'committing', 'committed', 'undoing', 'undone', 'discarded')),
        job_id uuid not null,  -- what reads, commits or undoes it, or did so last
        version integer not null default 1,
        answers json not null,
        found json,
        problem json,
        counts json not null default '{}',
        accepted integer not null default 0,
        skipped integer not null default 0,
        recorded integer not null default 0,
        repeated integer not null default 0,
        created_at timestamptz not null default now(),
        changed_at timestamptz not null default now()
    );
    -- The same bytes brought twice are one import until somebody has decided.
    create unique index imports_undecided on imports (user_id, digest)
        where state in ('reading', 'questions', 'refused', 'preview', 'committing');
    create index imports_list on imports (user_id, id);

    -- The file itself, thrown away with the decision.
    create table import_parts (
        import_id uuid not null references imports,
        number integer not null,
        content bytea not null,
        primary key (import_id, number)
    );

    -- What is to become of its rows, likewise.
    create table import_rows (
        import_id uuid not null references imports,
        position integer not null,
        standing text not null,
        lines integer[] not null,
        source text not null,
        identity text not null,
        recordable boolean not null,
        verdict json not null,
        choice text check (choice in ('skip', 'accept')),
        primary key (import_id, position)
    );
    create index import_rows_by_standing on import_rows (import_id, standing, position);

    -- Legs are never deleted, so neither are wallets: one that is put away is there for them only.
    alter table wallets
        add column import_id uuid,  -- what made it; null: a person
        add column put_away boolean not null default false;
"""


def upgrade() -> None:
    run(SCHEMA)
