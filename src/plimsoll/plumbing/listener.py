"""The address a service is reached at, taken before anything behind it is started."""

import socket

from plimsoll.kernel.errors import Unavailable


class CannotListen(Unavailable):
    """The address is somebody else's, or none of this machine."""

    code = "cannot-listen"
    title = "Cannot listen"


def bind(host: str, port: int) -> socket.socket:
    """A socket that has the address and answers nobody yet; port 0 takes a free one."""
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise CannotListen(
            f"{host}:{port}: {error.strerror}; choose another with --host or --port"
        ) from error
    return listener
