"""How Alembic reaches the database: over asyncpg, on a connection that `schema.py` hands in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None)
with context.begin_transaction():
    context.run_migrations()
