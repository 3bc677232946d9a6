"""Run a script of several statements inside the migration's own transaction."""

from alembic import op


def run(script: str) -> None:
    """Execute `script` as PostgreSQL reads it: functions and several statements in one text.

    The driver prepares single statements only, so the text goes to the connection beneath; the
    transaction that Alembic opened there covers it.
    """
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None
    op.execute("select 1")  # the driver opens its transaction with the first statement
    connection.run_async(lambda raw: raw.execute(script))
