"""What the service did in each minute, of all its processes."""

from plimsoll.plumbing.migrations.sql import run

revision = "0017"
down_revision = "0016"

SCHEMA = """
    -- Minutes are counted since 1970 in UTC. `latency` and the lag in `facts` are counts by bucket,
    -- `ready` has a bit for each ten seconds. A process is one start of one.
    create table minute_rollups (
        minute integer not null,
        process uuid not null,
        requests bigint not null,
        errors bigint not null,
        ready smallint not null,
        latency json not null,
        facts json not null,
        primary key (minute, process)
    );

    -- The same of whole hours and of all processes, made of the minutes and made again when one of
    -- them comes late.
    create table hour_rollups (
        hour integer primary key,
        requests bigint not null,
        errors bigint not null,
        known smallint not null,
        held smallint not null,
        latency json not null,
        facts json not null
    );
"""


def upgrade() -> None:
    run(SCHEMA)
