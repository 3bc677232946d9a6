"""Which failures of PostgreSQL, as the driver raises them, are what to us."""

from typing import Final

import asyncpg

CONFLICTS: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)
"""The transaction was rolled back whole; running it again is always safe."""

LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server's last word came unasked, just before its end
    OSError,  # refused, timed out, no such socket, no route, no such host
)
"""The server or the way to it is gone, or it has no room left."""

READS_ONLY: Final = (
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.ObjectNotInPrerequisiteStateError,
)
"""The server has become a copy of another one, as during a failover."""
