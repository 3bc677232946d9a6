"""How a server of a test dies without leaving a connection behind that nobody ever closes."""

import asyncio

from websockets.asyncio.server import Server


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
