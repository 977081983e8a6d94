"""The webhook's boundary (C25): its door, its networks, its signature; what is refused leaves a count, no more."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network

import httpx
import pytest

from ordering_over_http import payment
from sale_adapters.web import create_app
from sale_adapters.web.boundary import Boundary
from sale_adapters.wire import json
from sale_adapters.wire.signatures import signed
from sale_app.composition import InMemorySale

WEBHOOK = "/v1/api/sale/webhooks/payment"
SECRET, NEXT = b"a" * 32, b"b" * 32
BODY = json.write(payment("01KE6YB4M0000000000000000126", 65_000))


async def nothing_missing() -> Mapping[str, str | None]:
    return {}


@asynccontextmanager
async def calling(
    shop: InMemorySale,
    boundary: Boundary,
    *,
    peer: str = "10.2.0.7",
    port: int = 31030,
    webhook_port: int | None = None,
) -> AsyncGenerator[httpx.AsyncClient]:
    """Serve the shop behind the boundary, to a client at an address that has reached one of its sockets."""
    app = create_app(
        shop.sale, readiness=nothing_missing, metrics=shop.metrics, boundary=boundary, webhook_port=webhook_port
    )
    transport = httpx.ASGITransport(app=app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://sale:{port}") as client:
        yield client


async def counted(shop: InMemorySale, outcome: str) -> float:
    _, text = await shop.metrics.exposition()
    line = f'sale_webhook_deliveries_total{{outcome="{outcome}"}} '
    return next(float(each.removeprefix(line)) for each in text.decode().splitlines() if each.startswith(line))


async def refused(shop: InMemorySale, answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert await counted(shop, code) == 1
    assert not shop.store.webhooks


class TestDoors:
    """The webhook on a port of its own."""

    @pytest.mark.parametrize("path", [WEBHOOK, f"{WEBHOOK}%0A", f"{WEBHOOK}/"])
    @pytest.mark.parametrize("method", ["POST", "GET"])
    async def test_at_the_main_door_there_is_no_webhook(self, shop: InMemorySale, path: str, method: str) -> None:
        async with calling(shop, Boundary(), port=31030, webhook_port=31031) as client:
            answer = await client.request(method, path, content=BODY, headers={"host": "sale:31031"})
            unknown = await client.request(method, "/v1/api/sale/webhooks/nothing", content=BODY)
        assert answer.status_code == unknown.status_code == 404
        assert answer.json() | {"requestId": ""} == unknown.json() | {"requestId": ""}
        assert not shop.store.webhooks

    async def test_at_the_webhooks_door_there_is_nothing_else(self, shop: InMemorySale) -> None:
        async with calling(shop, Boundary(), port=31031, webhook_port=31031) as client:
            assert (await client.post(WEBHOOK, content=BODY)).json() == {"outcome": "parked"}
            assert (await client.get("/v1/api/sale/healthz")).status_code == 200
            for path in ("sale-orders", "metrics", "readyz", "doc", "board", "doc/openapi.json"):
                assert (await client.get(f"/v1/api/sale/{path}")).status_code == 404, path

    async def test_at_the_main_door_all_else_goes_on(self, shop: InMemorySale) -> None:
        async with calling(shop, Boundary(), port=31030, webhook_port=31031) as client:
            assert (await client.get("/v1/api/sale/sale-orders")).status_code == 401
            for path in ("healthz", "readyz", "metrics", "doc", "board"):
                assert (await client.get(f"/v1/api/sale/{path}")).status_code == 200, path


class TestNetworks:
    """Only some may call."""

    BOUNDARY = Boundary(
        networks=(ip_network("10.2.0.0/16"), ip_network("fd00:2::/32")), trusted_proxies=(ip_network("10.9.0.1/32"),)
    )

    @pytest.mark.parametrize("peer", ["10.2.0.7", "::ffff:10.2.0.7", "fd00:2::7"])
    async def test_whoever_comes_from_there_is_let_in(self, shop: InMemorySale, peer: str) -> None:
        async with calling(shop, self.BOUNDARY, peer=peer) as client:
            assert (await client.post(WEBHOOK, content=BODY)).status_code == 202

    @pytest.mark.parametrize("peer", ["10.3.0.7", "127.0.0.1", "::1"])
    async def test_a_stranger_is_not_whatever_he_says_of_himself(self, shop: InMemorySale, peer: str) -> None:
        async with calling(shop, self.BOUNDARY, peer=peer) as client:
            answer = await client.post(WEBHOOK, content=BODY, headers={"x-forwarded-for": "10.2.0.7"})
        await refused(shop, answer, 403, "network-refused")

    async def test_a_trusted_proxy_is_believed_but_not_what_stands_left_of_its_word(self, shop: InMemorySale) -> None:
        async with calling(shop, self.BOUNDARY, peer="10.9.0.1") as client:
            assert (await client.post(WEBHOOK, content=BODY)).status_code == 403
            good = await client.post(WEBHOOK, content=BODY, headers={"x-forwarded-for": "8.8.8.8, 10.2.0.7"})
            bad = await client.post(WEBHOOK, content=BODY, headers={"x-forwarded-for": "10.2.0.7, 8.8.8.8"})
        assert (good.status_code, bad.status_code) == (202, 403)

    async def test_only_the_webhook_is_closed(self, shop: InMemorySale) -> None:
        async with calling(shop, self.BOUNDARY, peer="203.0.113.9") as client:
            assert (await client.get("/v1/api/sale/sale-orders")).status_code == 401


class TestSignature:
    """Only what was signed counts."""

    BOUNDARY = Boundary(secrets=(SECRET, NEXT))

    def headers(self, shop: InMemorySale, *, secret: bytes = SECRET, late: int = 0) -> dict[str, str]:
        at = shop.clock.now() - timedelta(seconds=late)
        return dict(signed(BODY, webhook_id="msg_1", at=at, secrets=[secret]))

    @pytest.mark.parametrize("secret", [SECRET, NEXT])
    async def test_either_secret_will_do_and_a_repetition_moves_nothing(
        self, shop: InMemorySale, secret: bytes
    ) -> None:
        async with calling(shop, self.BOUNDARY) as client:
            for _ in range(2):
                answer = await client.post(WEBHOOK, content=BODY, headers=self.headers(shop, secret=secret))
                assert answer.json() == {"outcome": "parked"}
        assert len(shop.store.webhooks) == 2

    async def test_without_one_nothing_is_taken(self, shop: InMemorySale) -> None:
        async with calling(shop, self.BOUNDARY) as client:
            answer = await client.post(WEBHOOK, content=BODY)
        await refused(shop, answer, 401, "signature-missing")
        assert answer.headers["www-authenticate"] == 'Webhook-Signature realm="sale"'

    @pytest.mark.parametrize("late", [301, -301])
    async def test_an_old_one_is_not_taken_and_one_of_tomorrow_neither(self, shop: InMemorySale, late: int) -> None:
        async with calling(shop, self.BOUNDARY) as client:
            answer = await client.post(WEBHOOK, content=BODY, headers=self.headers(shop, late=late))
        await refused(shop, answer, 401, "signature-stale")

    @pytest.mark.parametrize("body", [BODY.replace(b"65000", b"75000"), b"x" * 2 + BODY, b"", b"no json"])
    async def test_another_body_is_not_taken(self, shop: InMemorySale, body: bytes) -> None:
        async with calling(shop, self.BOUNDARY) as client:
            answer = await client.post(WEBHOOK, content=body, headers=self.headers(shop))
        await refused(shop, answer, 401, "signature-wrong")

    async def test_a_retired_secret_is_not_taken(self, shop: InMemorySale) -> None:
        async with calling(shop, Boundary(secrets=(NEXT,))) as client:
            answer = await client.post(WEBHOOK, content=BODY, headers=self.headers(shop, secret=SECRET))
        await refused(shop, answer, 401, "signature-wrong")

    async def test_a_body_too_large_to_be_checked_is_not_kept(self, shop: InMemorySale) -> None:
        async with calling(shop, self.BOUNDARY) as client:
            answer = await client.post(WEBHOOK, content=b"x" * (1024 * 1024 + 1), headers=self.headers(shop))
        assert answer.status_code == 413
        assert not shop.store.webhooks

    async def test_a_header_that_is_not_signed_cannot_say_what_the_event_is(self, shop: InMemorySale) -> None:
        async with calling(shop, self.BOUNDARY) as client:
            headers = self.headers(shop) | {"x-webhook-event-type": "mq-pay:transaction.settled"}
            answer = await client.post(WEBHOOK, content=BODY, headers=headers)
        assert answer.json() == {"outcome": "parked"}
        assert [row.event_type for row in shop.store.webhooks] == ["mq-pay:attempt.success"]


def test_the_secrets_are_not_shown() -> None:
    assert "aaaa" not in repr(Boundary(secrets=(SECRET,)))
