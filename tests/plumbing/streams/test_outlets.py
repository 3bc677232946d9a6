"""Frames leave as RFC 6455 and the event-stream format have them."""

import pytest
from websockets.frames import Frame, Opcode

from plimsoll.plumbing.streams.outlets import EVENTS, MESSAGES, QueueOutlet, as_message
from plimsoll.plumbing.streams.topics import Framed


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 300_000])
def test_a_message_is_one_text_frame_of_any_size(size: int) -> None:
    text = b"x" * size
    assert as_message(text) == Frame(Opcode.TEXT, text).serialize(mask=False)


def test_the_frames_of_a_flush_are_one_list_or_one_event_each() -> None:
    frames = [Framed(7, b'{"seq":7}'), Framed(9, b'{"seq":9}')]
    assert MESSAGES.pack(frames)[2:] == b'[{"seq":7},{"seq":9}]'
    assert EVENTS.pack(frames) == b'id: 7\ndata: {"seq":7}\n\nid: 9\ndata: {"seq":9}\n\n'
    assert EVENTS.pack_word("pong", b"{}") == b"event: pong\ndata: {}\n\n"


async def test_a_queue_gives_all_at_once_and_ends_empty() -> None:
    outlet = QueueOutlet()
    outlet.write(b"a")
    outlet.write(b"bc")
    assert outlet.backlog == 3
    assert await outlet.take() == b"abc"
    assert outlet.backlog == 0
    outlet.write(b"last")
    outlet.end(1012, "restarting")
    outlet.write(b"too late")
    assert [await outlet.take(), await outlet.take()] == [b"last", b""]
