"""Background jobs: what is to be done, how far it is, and how it ended."""

from plimsoll.plumbing.migrations.sql import run

revision = "0006"
down_revision = "0005"

SCHEMA = """
    create table jobs (
        id uuid primary key,
        owner_id uuid,  -- null: the system's
        kind text not null,
        key text,
        args json not null,
        state text not null default 'queued'
            check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),

        -- When somebody may take it up: a queued job's turn, the end of a running one's lease.
        due_at timestamptz not null default now(),
        -- Counts how often it was taken up; whoever writes with an older one has lost it.
        epoch integer not null default 0,
        -- Counts how often since it last got on; a job that does not is given up.
        attempt integer not null default 0,
        cancel_asked boolean not null default false,

        phase text not null default '',
        done bigint not null default 0,
        total bigint,
        percent smallint check (percent between 0 and 100),
        estimated_end_at timestamptz,
        checkpoint json,

        result json,
        problem_code text,
        problem_detail text,
        created_at timestamptz not null default now(),
        started_at timestamptz,
        finished_at timestamptz,
        check ((finished_at is null) = (state in ('queued', 'running'))),
        check ((percent = 100) = (state = 'done'))
    );
    create unique index jobs_key on jobs (owner_id, kind, key) nulls not distinct
        where key is not null and state in ('queued', 'running');
    create index jobs_due on jobs (due_at) where state in ('queued', 'running');
    create index jobs_unfinished on jobs (owner_id) where state in ('queued', 'running');
    create index jobs_list on jobs (owner_id, id);
    create index jobs_finished on jobs (finished_at) where finished_at is not null;
"""


def upgrade() -> None:
    run(SCHEMA)
