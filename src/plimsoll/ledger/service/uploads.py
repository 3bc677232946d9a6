"""How a file comes in: piece by piece, to a nameless file on disk, then into the database in parts.

A sender may be slow: no transaction is open while they send. A sender may send too much: it is told
at the first byte beyond the bound, or at once if they say so themselves.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from starlette.requests import ClientDisconnect

from plimsoll.kernel.errors import Invalid, TooMany
from plimsoll.kernel.identifiers import ImportId, UserId, WalletId, new_id
from plimsoll.ledger.domain.imports import Import
from plimsoll.ledger.importers.files import EmptyFile, FileTooLarge
from plimsoll.ledger.service.imports import READ, ImportArgs, Imports, get
from plimsoll.ledger.service.recording import WalletNotFound
from plimsoll.ledger.storage import imports, wallets
from plimsoll.ledger.storage.imports import NewImport
from plimsoll.plumbing.database import Contended, Unit

PART: Final = 1 << 20
"""Bytes of a part in the database."""
MOST_UNDECIDED: Final = 20
"""Imports of one person that nobody has committed or discarded."""
MOST_AT_ONCE: Final = 2
"""Files that one person sends at the same time."""


class TooManyImports(TooMany):
    code = "too-many-imports"
    title = "Commit or discard some imports first"


class TooManyUploads(TooMany):
    code = "too-many-uploads"
    title = "Wait until your other files are there"


class UploadCutOff(Invalid):
    code = "upload-cut-off"
    title = "The file did not arrive whole"


async def take(
    desk: Imports,
    user_id: UserId,
    chunks: AsyncIterator[bytes],
    *,
    name: str,
    wallet_id: WalletId | None,
    claimed: int | None,
) -> Import:
    """Keep a file and have it read. The same bytes again are the same import while it is undecided.

    `claimed` is how many bytes the sender says there are. Raises FileTooLarge, EmptyFile,
    UploadCutOff, WalletNotFound, TooManyImports, TooManyUploads, TooManyJobs.
    """
    if claimed is not None and claimed > desk.most_bytes:
        raise _too_large(desk, claimed)
    if desk.sending[user_id] >= MOST_AT_ONCE:
        raise TooManyUploads(f"{MOST_AT_ONCE} are on their way", retry_after_s=5)
    desk.sending[user_id] += 1
    try:
        with TemporaryFile(prefix="plimsoll-upload-") as file:
            digest, size = await _receive(desk, chunks, file)
            new = NewImport(ImportId(new_id()), user_id, name, digest, size, wallet_id)
            return await desk.database.transact(lambda unit: _keep(desk, unit, file, new))
    finally:
        desk.sending[user_id] -= 1
        if not desk.sending[user_id]:
            del desk.sending[user_id]


def _too_large(desk: Imports, size: int) -> FileTooLarge:
    return FileTooLarge("split it by year", facts={"bytes": size, "limit": desk.most_bytes})


async def _receive(
    desk: Imports, chunks: AsyncIterator[bytes], file: BinaryIO
) -> tuple[bytes, int]:
    digest, size, pending = hashlib.sha256(), 0, bytearray()

    def put(data: bytes) -> None:
        digest.update(data)
        file.write(data)

    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > desk.most_bytes:
                raise _too_large(desk, size)
            pending += chunk
            if len(pending) >= PART:
                await asyncio.to_thread(put, bytes(pending))
                pending.clear()
    except ClientDisconnect as error:
        raise UploadCutOff("send it again") from error
    await asyncio.to_thread(put, bytes(pending))
    if not size:
        raise EmptyFile("the body is the file itself")
    return digest.digest(), size


async def _keep(desk: Imports, unit: Unit, file: BinaryIO, new: NewImport) -> Import:
    known = await imports.find_undecided(unit, new.user_id, new.digest)
    if known is not None:
        return known
    if await imports.count_undecided(unit, new.user_id) >= MOST_UNDECIDED:
        raise TooManyImports(f"{MOST_UNDECIDED} are waiting", facts={"limit": MOST_UNDECIDED})
    if new.wallet_id == wallets.default_wallet(new.user_id):
        await wallets.ensure_default_wallet(unit, new.user_id)
    elif new.wallet_id and await wallets.list_foreign_wallets(unit, new.user_id, [new.wallet_id]):
        raise WalletNotFound(f"there is no wallet {new.wallet_id}")
    job_id = await desk.jobs.start(
        unit, READ, ImportArgs(new.id), owner=new.user_id, key=str(new.id)
    )
    if not await imports.add(unit, new, job_id):
        raise Contended("the same file was brought at the same moment")  # and is found next time
    await asyncio.to_thread(file.seek, 0)
    number = 0
    while part := await asyncio.to_thread(file.read, PART):
        await imports.add_part(unit, new.id, number, part)
        number += 1
    return await get(unit, new.user_id, new.id)
