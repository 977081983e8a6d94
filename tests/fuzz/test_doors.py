"""Hostile bytes at every listener (serve, the webhook alone, the relay): no 5xx, no bug, no request inside another."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzzing import examples
from mangled import mangled
from sale_adapters.memory import ManualClock
from sale_adapters.prometheus import RelayMetrics
from sale_adapters.web import create_app
from sale_adapters.web.stream import Stream
from sale_app.asgi import listen, server
from sale_app.composition import compose_in_memory
from sale_app.relay_http import answering, relay_app

BASE = b"/v1/api/sale"
HOST = b"host: sale\r\n"
PATHS = [BASE + path for path in (b"/healthz", b"/readyz", b"/metrics", b"/doc", b"/webhooks/payment", b"/sale-orders")]
DOORS = ["serve", "webhook", "relay"]
HIDDEN = b"GET " + BASE + b"/hidden HTTP/1.1\r\n" + HOST + b"\r\n"


def asked(method: bytes = b"GET", path: bytes = PATHS[0], head: bytes = b"", body: bytes = b"") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\n" + HOST + head + b"\r\n" + body


HOSTILE: Mapping[str, bytes] = {
    **{method.decode(): asked(method) for method in (b"TRACE", b"PROPFIND", b"get", b"OPTIONS", b"X" * 1_000)},
    "CONNECT": asked(b"CONNECT", b"sale:443"),
    "asterisk": asked(b"OPTIONS", b"*"),
    "another host's path": asked(path=b"http://evil.example" + PATHS[0]),
    "a query of 8 KiB": asked(path=PATHS[0] + b"?" + b"q" * 8_192),
    "a query without end": asked(path=PATHS[0] + b"?" + b"q" * 40_000),
    "a query that is no UTF-8": asked(path=PATHS[0] + b"?%ff=%fe&%00=%0d%0a"),
    "a path that is no UTF-8": asked(path=BASE + b"/%ff%fe"),
    "a path of bytes": asked(path=BASE + b"/\xff\xfe"),
    "a path with NUL": asked(path=BASE + b"/healthz%00"),
    "a path that climbs": asked(path=BASE + b"/../..//healthz/%2e%2e/metrics"),
    "a path with half an escape": asked(path=BASE + b"/%f"),
    "two spaces": b"GET  " + PATHS[0] + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET " + PATHS[0] + b"\r\n\r\n",
    "HTTP/9.9": b"GET " + PATHS[0] + b" HTTP/9.9\r\n" + HOST + b"\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\0" * 100 + b"\r\n\r\n",
    "two hosts": asked(head=b"host: evil.example\r\n"),
    "no host": b"GET " + PATHS[0] + b" HTTP/1.1\r\n\r\n",
    "NUL in a header": asked(head=b"x-request-id: a\0b\r\n"),
    "a header of bytes": asked(head=b"x-request-id: \xff\xfe\r\nauthorization: Bearer \xff\r\n"),
    "a header with a space before its colon": asked(head=b"x-request-id : a\r\n"),
    "a header without a name": asked(head=b": a\r\n"),
    "a folded header": asked(head=b"x-request-id: a\r\n b\r\n"),
    "a lone CR in a header": asked(head=b"x-request-id: a\rx-evil: b\r\n"),
    "lone LFs": asked(head=b"x-request-id: a\nx-evil: b\n"),
    "500 headers": asked(head=b"".join(b"x-%d: 1\r\n" % n for n in range(500))),
    "a header of 20 KiB": asked(head=b"x-long: " + b"x" * 20_000 + b"\r\n"),
    "no websocket": asked(head=b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n"),
    "h2c": asked(head=b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"),
    "expects what nobody has": asked(head=b"expect: 200-maybe\r\n"),
    "a body for a GET": asked(head=b"content-length: 3\r\n", body=b"abc"),
    "a chunk that is no number": asked(b"POST", PATHS[4], b"transfer-encoding: chunked\r\n", b"zz\r\n\r\n"),
    "a chunk without end": asked(b"POST", PATHS[4], b"transfer-encoding: chunked\r\n", b"f" * 40 + b"\r\n\r\n"),
    "a trailer with NUL": asked(b"POST", PATHS[4], b"transfer-encoding: chunked\r\n", b"0\r\na: \0\r\n\r\n"),
}
SMUGGLED: Mapping[str, bytes] = {
    "two lengths": b"content-length: 0\r\ncontent-length: %d\r\n",
    "two lengths in one": b"content-length: 0, %d\r\n",
    "a length and chunks": b"content-length: %d\r\ntransfer-encoding: chunked\r\n",
    "chunks and a length": b"transfer-encoding: chunked\r\ncontent-length: %d\r\n",
    "chunks that are none": b"transfer-encoding: xchunked\r\ncontent-length: %d\r\n",
    "chunks twice": b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\ncontent-length: %d\r\n",
    "chunks after a space": b"transfer-encoding : chunked\r\ncontent-length: %d\r\n",
    "folded chunks": b"transfer-encoding:\r\n chunked\r\ncontent-length: %d\r\n",
    "a length with a sign": b"content-length: +%d\r\n",
    "a length with a space": b"content-length: 1 %d\r\n",
}


@pytest.fixture
async def doors() -> AsyncIterator[dict[str, int]]:
    """Yield the port of each door."""
    shop = compose_in_memory()

    async def nothing_lacks() -> dict[str, str | None]:
        return {}

    sockets = [listen("127.0.0.1", 0) for _ in DOORS]
    ports = [each.getsockname()[1] for each in sockets]
    stream = Stream(shop.sale, tail=shop.tail)
    app = create_app(shop.sale, readiness=nothing_lacks, metrics=shop.metrics, stream=stream, webhook_port=ports[1])
    async with AsyncExitStack() as stack:
        running = server(app, log_level="warning")
        serving = asyncio.create_task(running.serve(sockets=sockets[:2]))
        await stack.enter_async_context(answering(relay_app(RelayMetrics(clock=ManualClock())), sockets[2]))
        yield dict(zip(DOORS, ports, strict=True))
        running.should_exit = True
        await serving


@pytest.fixture
def bugs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail when a server says that something went wrong inside it."""
    yield
    said = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in said] == []


async def told(port: int, request: bytes, *, seconds: float) -> list[int]:
    """Send bytes and return the status of every answer that comes, until one ends the connection or none comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        async with asyncio.timeout(seconds):
            writer.write(request)
            while more := await reader.read(65_536):
                answer += more
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answer)]


async def is_alive(port: int) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(f"http://127.0.0.1:{port}{BASE.decode()}/healthz", timeout=20)).status_code == 200


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize("door", DOORS)
async def test_a_hostile_request_is_answered_and_the_next_one_too(doors: dict[str, int], door: str) -> None:
    closing = b"connection: close\r\n\r\n"
    asking = [
        told(doors[door], each.replace(b"\r\n\r\n", b"\r\n" + closing, 1), seconds=20) for each in HOSTILE.values()
    ]
    answers = dict(zip(HOSTILE, await asyncio.gather(*asking), strict=True))
    assert {name: statuses for name, statuses in answers.items() if len(statuses) != 1} == {}
    assert {name: statuses for name, statuses in answers.items() if statuses[0] >= 500} == {}
    assert await is_alive(doors[door])


@pytest.mark.usefixtures("bugs")
@pytest.mark.parametrize("door", DOORS)
async def test_a_request_that_can_be_read_in_two_ways_ends_the_connection(doors: dict[str, int], door: str) -> None:
    body = b"0\r\n\r\n" + HIDDEN
    asking = [
        told(doors[door], asked(b"POST", PATHS[4], head % len(body) if b"%" in head else head, body), seconds=2)
        for head in SMUGGLED.values()
    ]
    answers = dict(zip(SMUGGLED, await asyncio.gather(*asking), strict=True))
    assert answers == {name: [400] for name in SMUGGLED}
    assert await is_alive(doors[door])


SPOILT = mangled(*(asked(b"POST", path, b"content-length: 2\r\nx-request-id: a\r\n", b"{}") for path in PATHS))


@pytest.mark.usefixtures("bugs")
@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=SPOILT, door=st.sampled_from(DOORS))
async def test_spoilt_requests_are_never_our_fault(doors: dict[str, int], request: bytes, door: str) -> None:
    # What is cut short may wait for its rest: it is not waited for here.
    statuses = await told(doors[door], request + b"\r\n\r\n", seconds=0.05)
    assert [status for status in statuses if status >= 500] == []
    assert await is_alive(doors[door])
