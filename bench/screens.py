"""A thousand screens in a process of their own that costs little: raw sockets, and one loop that notes when bytes came.

What the bytes say is read afterwards, so that the measurement is of Sale and not of its clients.
"""

import base64
import json
import os
import select
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import attrs

_SMALL = 4_096
_MOST = 1 << 16
_EXTENDED = 126
_TEXT = 1
_HEARTBEAT = b'{"event":"heartbeat"}'
_A_WHILE = 100


@attrs.frozen(kw_only=True)
class Place:
    """Where screens connect, and what they say first."""

    host: str
    port: int
    path: str
    messages: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Seen:
    """What the screens were told.

    Attributes:
        arrivals: The `seq` of every frame, and when it came by `time.monotonic`, which all processes share.
        complete: How many screens saw every change of the chain, each `prev` naming the frame before.
        cpu_seconds: What noting it has cost.
    """

    arrivals: Sequence[tuple[int, float]]
    complete: int
    cpu_seconds: float


@attrs.frozen(kw_only=True)
class Screens:
    """Screens that listen in another process, until they have been told to end."""

    process: BaseProcess
    ours: Connection

    def seen(self, *, until: int, timeout_seconds: float) -> Seen:
        """Wait until every screen has this number, or for so long; return what they were told.

        Raises:
            ConnectionError: one of them was closed.
        """
        self.ours.send((until, timeout_seconds))
        try:
            seen: Seen = self.ours.recv()
        except EOFError:
            raise ConnectionError("the screens have ended early: what they said is above") from None
        self.process.join()
        return seen


def reading(place: Place, count: int) -> Screens:
    """Start screens in another process; return when all are subscribed."""
    fresh = get_context("spawn")
    ours, theirs = fresh.Pipe()
    process = fresh.Process(target=_watch, args=(place, count, theirs), daemon=True)
    process.start()
    theirs.close()
    ours.recv()
    return Screens(process=process, ours=ours)


def stalled(place: Place, count: int) -> list[socket.socket]:
    """Return screens that are subscribed and will never read again; close them some time."""
    return [_subscribed(place, receive_buffer=_SMALL) for _ in range(count)]


def _watch(place: Place, count: int, pipe: Connection) -> None:
    screens = list[socket.socket]()
    for number in range(1, count + 1):
        screens.append(_subscribed(place))
        # On a busy machine it takes so long until all are there that the first would be taken for dead.
        if number % _A_WHILE == 0 or number == count:
            for each in screens:
                each.sendall(_masked(_HEARTBEAT))
    notes: dict[int, list[tuple[float, bytes]]] = {each.fileno(): [] for each in screens}
    pipe.send("all are subscribed")
    with select.epoll() as poll:
        for each in screens:
            each.settimeout(0)
            poll.register(each.fileno(), select.EPOLLIN)
        poll.register(pipe.fileno(), select.EPOLLIN)
        before = time.process_time()
        until, deadline = 0, float("inf")
        while time.monotonic() < deadline and not (until and _all_have(notes.values(), until)):
            for number, _ in poll.poll(0.2):
                if number == pipe.fileno():
                    until, seconds = pipe.recv()
                    deadline = time.monotonic() + seconds
                else:
                    _note(number, notes[number])
        cpu = time.process_time() - before
    told = [list(_frames(each)) for each in notes.values()]
    complete = sum(_is_whole(each, until) for each in told)
    arrivals = [(seq, at) for each in told for seq, _, at in each]
    pipe.send(Seen(arrivals=arrivals, complete=complete, cpu_seconds=cpu))


def _note(number: int, notes: list[tuple[float, bytes]]) -> None:
    data = os.read(number, _MOST)
    if not data:
        raise ConnectionError("a screen was cut off")
    notes.append((time.monotonic(), data))


def _all_have(notes: Iterable[Sequence[tuple[float, bytes]]], until: int) -> bool:
    mark = b'"seq":%d,' % until
    # A sign of life may have come after it.
    return all(any(mark in data for _, data in each[-2:]) for each in notes)


def _is_whole(frames: Sequence[tuple[int, int, float]], until: int) -> bool:
    seqs = [seq for seq, _, _ in frames]
    chained = all(prev == before for (_, prev, _), before in zip(frames[1:], seqs, strict=False))
    return chained and bool(seqs) and seqs == list(range(seqs[0], until + 1))


def _frames(notes: Iterable[tuple[float, bytes]]) -> Iterable[tuple[int, int, float]]:
    """Read what came: number, `prev`, and when the last byte of each frame was there."""
    waiting = b""
    for at, data in notes:
        waiting += data
        while (end := _end(waiting)) is not None:
            message = json.loads(waiting[end[0] : end[1]])
            waiting = waiting[end[1] :]
            if "seq" in message:
                yield message["seq"], message["prev"], at


def _end(data: bytes) -> tuple[int, int] | None:
    """Return where the first message of some bytes begins and ends; None when it is not all there."""
    if len(data) < struct.calcsize("!BBH"):
        return None
    length, start = data[1], 2
    if length == _EXTENDED:
        (length,), start = struct.unpack_from("!H", data, 2), 4
    if data[0] & 0x0F != _TEXT:
        raise ConnectionError(f"a screen was closed: {data[start : start + length]!r}")
    return (start, start + length) if len(data) >= start + length else None


def _subscribed(place: Place, *, receive_buffer: int | None = None) -> socket.socket:
    """Open a socket, say everything, and wait until the last of it was answered."""
    found = socket.socket()
    if receive_buffer is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    found.settimeout(60)
    found.connect((place.host, place.port))
    key = base64.b64encode(os.urandom(16)).decode()
    found.sendall(
        f"GET {place.path} HTTP/1.1\r\nHost: {place.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += found.recv(_SMALL)
    rest = answer.partition(b"\r\n\r\n")[2]
    for message in place.messages:
        found.sendall(_masked(message.encode()))
        while (end := _end(rest)) is None:
            rest += found.recv(_SMALL)
        assert b'"error"' not in rest, rest
        rest = rest[end[1] :]
    assert not rest, "nothing was committed yet"
    return found


def _masked(data: bytes) -> bytes:
    """Return a text message as clients send it; a mask of zeros leaves it as it is."""
    if len(data) < _EXTENDED:
        head = struct.pack("!BB", 0x80 | _TEXT, 0x80 | len(data))
    else:
        head = struct.pack("!BBH", 0x80 | _TEXT, 0x80 | _EXTENDED, len(data))
    return head + bytes(4) + data
