"""What came with an import, what is missing, and where a fold may go on."""

from plimsoll.plumbing.migrations.sql import run

revision = "0010"
down_revision = "0009"

SCHEMA = """
    select 1;
"""


def upgrade() -> None:
    run(SCHEMA)
