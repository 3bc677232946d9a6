"""What was traded of a pair in a day, beside its latest price."""

from plimsoll.plumbing.migrations.sql import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run("alter table latest_prices add column volume_24h numeric(38, 8)")
