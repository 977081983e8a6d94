"""Limits of one connection: who is too far ahead, too slow or gone gets an end, and hurts nobody."""

import asyncio
import socket
from collections.abc import Mapping

import psutil
import pytest

from said_in_bytes import all_from
from sale_adapters.web import create_app
from sale_app import protocols
from sale_app.composition import InMemorySale
from stream_world import serving


async def nothing_lacks() -> Mapping[str, str | None]:
    return {}


class TestConnection:
    """Of one client."""

    async def test_may_be_ahead_of_its_answers_by_a_few_requests_only(self, shop: InMemorySale) -> None:
        asking = b"GET /v1/api/sale/healthz HTTP/1.1\r\nhost: sale\r\n\r\n"
        async with serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            few = await all_from(address, asking * 9 + asking.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
            many = await all_from(address, asking * 2_000)

        assert few.count(b"HTTP/1.1 200 ") == 10
        assert many.count(b"HTTP/1.1 200 ") < 20

    async def test_ends_when_the_rest_of_a_body_that_is_answered_does_not_come(
        self, shop: InMemorySale, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(protocols, "PATIENCE_SECONDS", 0.2)
        asking = b"POST /v1/api/sale/sale-orders HTTP/1.1\r\nhost: sale\r\ncontent-length: 50\r\n\r\n{"
        async with serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            answer = await all_from(address, asking)

        assert answer.startswith(b"HTTP/1.1 401 ")

    async def test_ends_when_its_client_takes_no_answers(
        self, shop: InMemorySale, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(protocols, "_FLUSH_SECONDS", 0.2)
        asking = b"GET /v1/api/sale/doc/openapi.json HTTP/1.1\r\nhost: sale\r\n\r\n"
        async with serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            host, _, port = address.partition(":")
            with socket.socket() as deaf:
                deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                deaf.connect((host, int(port)))
                deaf.sendall(asking * 16)
                for held in (True, False):
                    async with asyncio.timeout(5):
                        while holds_a_client(int(port)) is not held:  # noqa: ASYNC110 - the kernel tells nobody
                            await asyncio.sleep(0.02)


def holds_a_client(port: int) -> bool:
    """Tell whether a server of this process has a connection open."""
    return any(each.laddr.port == port and each.raddr for each in psutil.Process().net_connections("tcp"))
