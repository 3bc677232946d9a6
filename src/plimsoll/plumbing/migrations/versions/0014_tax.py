"""Tax: reports as they were computed, and what people decided."""

from plimsoll.plumbing.migrations.sql import run

revision = "0014"
down_revision = "0013"

SCHEMA = """
    select 1;
"""


def upgrade() -> None:
    run(SCHEMA)
