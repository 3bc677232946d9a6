"""Pairs of deposits and withdrawals that may be transfers, and what was said of doubts."""

from plimsoll.plumbing.migrations.sql import run

revision = "0013"
down_revision = "0012"

SCHEMA = """
    select 1;
"""


def upgrade() -> None:
    run(SCHEMA)
