"""Limits of one request and of one user: what is too large, too slow or too often is told so, and changes nothing."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from ordering_over_http import TWO_PHO, opened
from said_in_bytes import all_from, answer_to
from sale_adapters.web import create_app
from sale_adapters.web.calls import MAX_UNREAD
from sale_adapters.web.limits import MAX_HEADERS, MAX_URL, Limits
from sale_adapters.web.rates import Rates
from sale_adapters.wire.refusals import TooManyRequests
from sale_app import protocols
from sale_app.composition import InMemorySale
from sale_domain.ids import UserId
from stream_world import serving

LAN = {"authorization": "Bearer lan", "x-merchant-id": "merchant-1"}
KEY = {"idempotency-key": "till-4-0001"}
NEWS = {"eventType": "mq-pay:attempt.thought-of", "timestamp": 1, "payload": {}}


async def nothing_lacks() -> Mapping[str, str | None]:
    return {}


@asynccontextmanager
async def limited(shop: InMemorySale, limits: Limits) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_app(shop.sale, readiness=nothing_lacks, metrics=shop.metrics, limits=limits)
    transport: Any = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    base = "http://sale/v1/api/sale"
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=LAN) as client:
        yield client


async def for_ever(*_: object, **__: object) -> Any:  # noqa: ANN401 - instead of anything
    await asyncio.Event().wait()


class TestTime:
    """A request that takes too long."""

    async def test_is_given_up_with_a_503_and_its_key_stays_new(self, shop: InMemorySale) -> None:
        calculate = shop.pricing.calculate
        async with limited(shop, Limits(request_seconds=0.2)) as client:
            order = await opened(client)
            shop.pricing.calculate = for_ever  # type: ignore[method-assign]
            late = await client.post(f"/sale-orders/{order['id']}/checkout", headers=KEY)
            seen = (await client.get(f"/sale-orders/{order['id']}")).json()
            shop.pricing.calculate = calculate  # type: ignore[method-assign]
            again = await client.post(f"/sale-orders/{order['id']}/checkout", headers=KEY)

        assert (late.status_code, late.json()["code"], late.headers["retry-after"]) == (503, "took-too-long", "1")
        assert late.headers["x-request-id"] == late.json()["requestId"]
        assert (seen["version"], seen["status"]) == (1, "DRAFT")
        assert (again.status_code, again.json()["status"]) == (200, "PROCESSING")
        _, counted = await shop.metrics.exposition()
        assert b'sale_commands_total{code="took-too-long",command="orders.check_out"} 1.0' in counted

    async def test_of_mq_pay_is_sent_again_and_counted_so(
        self, shop: InMemorySale, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(shop.inbox), "log", for_ever)
        async with limited(shop, Limits(request_seconds=0.05)) as client:
            late = await client.post("/webhooks/payment", json=NEWS)

        assert (late.status_code, late.headers["retry-after"]) == (503, "1")
        _, counted = await shop.metrics.exposition()
        assert b'{outcome="unavailable"} 1.0' in counted

    async def test_to_arrive_is_given_up_too(self, shop: InMemorySale) -> None:
        app = create_app(shop.sale, readiness=nothing_lacks, limits=Limits(request_seconds=0.1))
        async with serving(app) as address:
            head = "".join(f"{name}: {value}\r\n" for name, value in LAN.items())
            said = f"POST /v1/api/sale/sale-orders HTTP/1.1\r\nhost: sale\r\n{head}content-length: 50\r\n\r\n{{"
            answer = await answer_to(address, said.encode())

        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b'"code":"took-too-long"' in answer


class TestHead:
    """The request line and the headers."""

    async def test_has_a_url_of_8_kib(self, client: httpx.AsyncClient) -> None:
        room = MAX_URL - len("/v1/api/sale/sale-orders") - len("cursor=")
        fits = await client.get("/sale-orders?cursor=" + "x" * room)
        refused = await client.get("/sale-orders?cursor=" + "x" * (room + 1))

        assert fits.json()["errors"][0]["pointer"] == "/query/cursor"
        assert (refused.status_code, refused.json()["code"], refused.json()["limit"]) == (414, "url-too-long", 8_192)
        assert refused.headers["content-type"] == "application/problem+json"

    async def test_has_16_kib_of_headers(self, client: httpx.AsyncClient) -> None:
        fits = await client.get("/sale-orders", headers={"x-padding": "x" * (MAX_HEADERS - 1_000)})
        refused = await client.get("/sale-orders", headers={"x-padding": "x" * MAX_HEADERS})

        assert fits.status_code == 200
        assert (refused.status_code, refused.json()["code"]) == (431, "headers-too-large")

    @pytest.mark.parametrize("name", ["authorization", "x-merchant-id", "if-match", "host"])
    async def test_says_only_once_what_can_be_but_one_thing(self, client: httpx.AsyncClient, name: str) -> None:
        given = {"authorization": client.headers["authorization"], "x-merchant-id": "merchant-1", "host": "sale"}
        order = f"/sale-orders/{(await opened(client))['id']}"
        once = [(name, given.get(name, '"1"'))]
        others = [(other, value) for other, value in given.items() if other != name]
        refused = await client.post(f"{order}/cancel", json={"reason": "rain"}, headers=[*others, *once, *once])
        fits = await client.post(f"{order}/cancel", json={"reason": "rain"}, headers=[*others, *once])

        assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
        assert refused.json()["errors"] == [{"pointer": f"/headers/{name}", "detail": "must be there only once"}]
        assert fits.status_code == 200

    async def test_names_a_host_unless_it_is_of_http_1_0(self, shop: InMemorySale) -> None:
        async with serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            asking = "GET /v1/api/sale/healthz HTTP/{}\r\n\r\n"
            new, old = [await answer_to(address, asking.format(version).encode()) for version in ("1.1", "1.0")]

        assert new.startswith(b"HTTP/1.1 400 ")
        assert b"/headers/host" in new
        assert old.startswith(b"HTTP/1.1 200 ")

    async def test_that_comes_in_pieces_without_end_is_not_even_collected(self, shop: InMemorySale) -> None:
        async with serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            pieces = [b"GET /v1/api/sale/healthz HTTP/1.1\r\nhost: sale\r\n", *[b"x-padding: " + b"x" * 4_000] * 9]
            answer = await answer_to(address, *pieces)

        assert answer.startswith(b"HTTP/1.1 400 ")

    async def test_that_does_not_end_in_time_ends_the_connection(
        self, shop: InMemorySale, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(protocols, "PATIENCE_SECONDS", 0.2)
        async with serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            asking = b"GET /v1/api/sale/healthz HTTP/1.1\r\nhost: sale\r\n"
            silent, begun, second = [await all_from(address, said) for said in (b"", asking, asking + b"\r\n" + asking)]

        assert (silent, begun) == (b"", b"")
        assert second.count(b"HTTP/1.1 200 ") == 1

    async def test_is_over_before_the_body_whatever_comes_behind_that(self, shop: InMemorySale) -> None:
        chunks = b"2\r\n{}\r\n0\r\n"
        head = b"POST /v1/api/sale/webhooks/payment HTTP/1.1\r\nhost: sale\r\nconnection: close\r\n"
        async with serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            said = head + b"transfer-encoding: chunked\r\n\r\n" + chunks + b"x-request-id: of-the-trailer\r\n\r\n"
            answer = await all_from(address, said)

        assert b"x-request-id" in answer
        assert b"of-the-trailer" not in answer


class TestBody:
    """The body of a request."""

    async def test_of_a_read_or_a_delete_is_small(self, client: httpx.AsyncClient) -> None:
        async def pieces() -> AsyncGenerator[bytes]:
            for _ in range(9):
                yield b"x" * 1_000

        order = f"/sale-orders/{(await opened(client))['id']}"
        fits = await client.request("GET", order, content=b"x" * MAX_UNREAD)
        for method, path in (("GET", order), ("GET", "/healthz"), ("HEAD", order), ("DELETE", f"{order}/items")):
            for body in (b"x" * (MAX_UNREAD + 1), pieces()):
                refused = await client.request(method, path, content=body)
                assert refused.status_code == 413, (method, path)

        assert fits.status_code == 200
        assert (await client.get(order)).json()["items"] != []

    async def test_that_a_read_announces_is_not_waited_for(self, shop: InMemorySale) -> None:
        async with serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            asking = "GET /v1/api/sale/healthz HTTP/1.1\r\nhost: sale\r\ncontent-length: {}\r\n\r\n"
            few, many = [await answer_to(address, asking.format(length).encode()) for length in (5, 5_000_000_000)]

        assert few.startswith(b"HTTP/1.1 200 ")
        assert many.startswith(b"HTTP/1.1 413 ")

    @pytest.mark.parametrize("path", ["sale-orders", "webhooks/payment"])
    async def test_that_is_asked_about_first_is_not_asked_for_when_it_is_too_large(
        self, shop: InMemorySale, path: str
    ) -> None:
        head = "\r\n".join(["host: sale", "expect: 100-continue", *(f"{name}: {value}" for name, value in LAN.items())])
        asking = f"POST /v1/api/sale/{path} HTTP/1.1\r\n{head}\r\ncontent-length: {{}}\r\n\r\n"
        async with serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            large = await answer_to(address, asking.format(9_999_999).encode())
            fits = await answer_to(address, asking.format(2).encode(), b"{}")

        assert large.startswith(b"HTTP/1.1 413 ")
        assert fits.startswith(b"HTTP/1.1 100 Continue\r\n")

    @pytest.mark.parametrize("protocol", ["websocket", "h2c"])
    async def test_is_read_though_its_request_would_rather_speak_another_protocol(
        self, shop: InMemorySale, protocol: str
    ) -> None:
        body = json.dumps(NEWS).encode()
        head = upgrading(len(body), protocol)
        last = b"GET /v1/api/sale/healthz HTTP/1.1\r\nhost: sale\r\nconnection: close\r\n\r\n"
        async with asyncio.timeout(10), serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            whole = await all_from(address, (head + body) * 3 + last)
            in_pieces = await answer_to(address, head[:9], head[9:], body[:5], body[5:])
            many = await all_from(address, (head + body) * 200)

        assert (whole.count(b'{"outcome":"ignored"}'), whole.count(b"HTTP/1.1 200 ")) == (3, 4)
        assert b'{"outcome":"ignored"}' in in_pieces
        assert many.count(b"HTTP/1.1 200 ") < 20

    async def test_is_not_looked_for_where_somebody_wants_a_tunnel(self, shop: InMemorySale) -> None:
        async with serving(create_app(shop.sale, readiness=nothing_lacks)) as address:
            answer = await all_from(address, b"CONNECT sale:80 HTTP/1.1\r\nhost: sale\r\n\r\nGET / HTTP/1.1\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1 ") == 1

    async def test_that_never_comes_whole_keeps_nobody_from_stopping(self, shop: InMemorySale) -> None:
        app = create_app(shop.sale, readiness=nothing_lacks, limits=Limits(request_seconds=0.5))
        async with asyncio.timeout(5):
            async with serving(app) as address:
                reader, writer = await asyncio.open_connection(*address.split(":"))
                writer.write(upgrading(50, "websocket") + b"{")
                await asyncio.sleep(0.1)
            answer = await reader.read()
        writer.close()

        assert answer.startswith(b"HTTP/1.1 503 ")


def upgrading(length: int, protocol: str) -> bytes:
    """Return the head of a webhook whose sender would rather speak another protocol, as Java's client says it."""
    head = f"POST /v1/api/sale/webhooks/payment HTTP/1.1\r\nhost: sale\r\ncontent-length: {length}\r\n"
    return f"{head}connection: Upgrade, HTTP2-Settings\r\nupgrade: {protocol}\r\n\r\n".encode()


class TestRate:
    """Requests of one user."""

    async def test_beyond_the_burst_are_429_and_mq_pay_operators_and_others_go_on(self, shop: InMemorySale) -> None:
        minh = {"authorization": "Bearer minh", "x-merchant-id": "merchant-2"}
        async with limited(shop, Limits(rate_per_second=1, rate_burst=2)) as client:
            mine = [await client.post("/sale-orders", json=TWO_PHO, headers=KEY) for _ in range(3)]
            others = [
                await client.get("/sale-orders", headers=minh),
                *[await client.post("/webhooks/payment", json=NEWS) for _ in range(3)],
                *[await client.get(path) for path in ("/healthz", "/readyz", "/metrics")],
            ]
            stranger = await client.get("/sale-orders", headers={"authorization": "Bearer forged"})

        assert [answer.status_code for answer in mine] == [201, 201, 429]
        assert (mine[2].json()["code"], mine[2].headers["retry-after"]) == ("too-many-requests", "1")
        assert {answer.status_code for answer in others} == {200}
        assert stranger.status_code == 401

    async def test_are_not_limited_unless_an_operator_says_so(self, client: httpx.AsyncClient) -> None:
        answers = [await client.get("/sale-orders?limit=1") for _ in range(50)]
        assert {answer.status_code for answer in answers} == {200}

    def test_flow_again_at_the_rate_and_gather_to_a_burst(self) -> None:
        now = 0.0
        rates = Rates(per_second=10, burst=3, monotonic=lambda: now)

        def let_in(asked: int) -> int:
            passed = 0
            for _ in range(asked):
                try:
                    rates.take(UserId("lan"))
                except TooManyRequests:
                    continue
                passed += 1
            return passed

        assert let_in(10) == 3
        now = 0.25
        assert let_in(10) == 2
        now = 100.0
        assert let_in(10) == 3

    def test_of_more_users_than_are_remembered_forget_whoever_asked_longest_ago(self) -> None:
        rates = Rates(per_second=1, burst=1, most_users=2, monotonic=lambda: 0.0)
        for user in ("lan", "minh", "hoa"):
            rates.take(UserId(user))

        rates.take(UserId("lan"))
        with pytest.raises(TooManyRequests):
            rates.take(UserId("hoa"))
