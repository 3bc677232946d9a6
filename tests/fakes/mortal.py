"""How a server of a test dies without leaving a connection behind that nobody ever closes, and
keeps its port until it is started again.
"""

import asyncio
import socket

from websockets.asyncio.server import Server


def hold_port() -> socket.socket:
    """Bound to a free port and never listening: until it is closed nobody else is given the port,
    and while our server is dead whoever connects is refused.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # so that the server may bind too
    held.bind(("127.0.0.1", 0))
    return held


async def stop_listening(server: Server) -> None:
    """Accept nothing more, and let those who were accepted in this moment come in: asyncio would
    lose them when it closes the server between the two.
    """
    loop = asyncio.get_running_loop()
    for listener in server.sockets:
        loop.remove_reader(listener.fileno())
    for _ in range(3):  # the task that was accepted, its protocol, its transport
        await asyncio.sleep(0)
    server.close(close_connections=False)
