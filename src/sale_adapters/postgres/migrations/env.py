"""What Alembic runs: every revision in a transaction of its own, on the connection that `migrate` gives."""

from alembic import context

from sale_adapters.postgres.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
