"""Prices of days, valuations by hand, and what everything was worth on each day."""

from plimsoll.plumbing.migrations.sql import run

revision = "0012"
down_revision = "0011"

SCHEMA = """
    select 1;
"""


def upgrade() -> None:
    run(SCHEMA)
