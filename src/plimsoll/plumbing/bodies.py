"""The body of somebody's answer, unpacked and within a bound.

Unpacked here, because the library's decoder reads on through bytes that unpack to nothing and takes
a gzip stream that was cut off for a whole one.
"""

import zlib

import httpx2


class BodyTooLarge(Exception):
    """More bytes than the bound, as received or as unpacked."""


class BadBody(Exception):
    """Not the gzip that it says it is, or only a part of it."""


async def read_body(response: httpx2.Response, most: int) -> bytes:
    """The whole body, of at most `most` bytes. Raises BodyTooLarge, BadBody and what the library
    raises when the connection fails.
    """
    packed = response.headers.get("content-encoding", "").strip().lower() in {"gzip", "x-gzip"}
    unpacker = zlib.decompressobj(wbits=31) if packed else None
    body = bytearray()
    received = 0
    try:
        async for piece in response.aiter_raw():
            received += len(piece)
            body += unpacker.decompress(piece, most + 1 - len(body)) if unpacker else piece
            if max(received, len(body)) > most:
                raise BodyTooLarge
    except zlib.error as error:
        raise BadBody(str(error)) from error
    if unpacker and not unpacker.eof:
        raise BadBody("the gzip stream was cut off")
    return bytes(body)
