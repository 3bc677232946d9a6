"""Imports: files, how they are read, and the verdict of every row."""

from plimsoll.plumbing.migrations.sql import run

revision = "0011"
down_revision = "0010"

SCHEMA = """
    select 1;
"""


def upgrade() -> None:
    run(SCHEMA)
