"""API keys that ended long ago are deleted: who was rotated to them is found by an index."""

from plimsoll.plumbing.migrations.sql import run

revision = "0022"
down_revision = "0021"

SCHEMA = """
    create index api_keys_rotated_to on api_keys (rotated_to) where rotated_to is not null;
"""


def upgrade() -> None:
    run(SCHEMA)
