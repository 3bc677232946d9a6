"""Which ended jobs were told to those who have an alert on them: so far nobody is told of those
that have ended before.
"""

from plimsoll.plumbing.migrations.sql import run

revision = "0023"
down_revision = "0022"

SCHEMA = """
    create table alert_jobs_heard (
        one boolean primary key default true check (one),
        until timestamptz not null default clock_timestamp(),
        ids uuid[] not null default '{}',  -- of the last moments before it
        ended_at timestamptz[] not null default '{}',
        check (cardinality(ids) = cardinality(ended_at))
    );
    insert into alert_jobs_heard default values;
"""


def upgrade() -> None:
    run(SCHEMA)
