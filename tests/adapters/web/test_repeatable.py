"""Route by route: an Idempotency-Key on every POST, If-Match on every change (contract §9)."""

import re

import httpx
import pytest

from sale_adapters.web.access import Public
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.web.routing import Operation
from sale_adapters.wire.places import BASE

COMMANDS = [operation for operation in OPERATIONS if operation.is_command]
POSTS = [operation for operation in COMMANDS if operation.method == "POST"]
CHANGES = [operation for operation in COMMANDS if operation.path != "/sale-orders"]
"""All but the one that makes a new thing, which has no version yet."""

NO_SUCH_ID = "01KE6YB4M0000000000000000126"


def _name(operation: Operation) -> str:
    return operation.name


def test_the_webhook_is_the_only_post_without_a_caller() -> None:
    public = [each.path for each in OPERATIONS if each.method != "GET" and isinstance(each.access, Public)]
    assert public == ["/webhooks/payment"]
    assert len(POSTS) > 15


@pytest.mark.parametrize("operation", POSTS, ids=_name)
async def test_every_post_takes_a_key(client: httpx.AsyncClient, operation: Operation) -> None:
    first = await _ask(client, operation, {"idempotency-key": "till-4-0001"})
    again = await _ask(client, operation, {"idempotency-key": "till-4-0001"})
    other = await client.post(_path(operation), json={"another": "body"}, headers={"idempotency-key": "till-4-0001"})
    no_key = await _ask(client, operation, {"idempotency-key": "two words"})

    assert first.status_code < 500
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json()["code"] == "idempotency-key-reused"
    assert no_key.json()["errors"][0]["pointer"] == "/headers/idempotency-key"
    assert "Idempotency-Key" in await _documented(client, operation)


@pytest.mark.parametrize("operation", CHANGES, ids=_name)
async def test_every_change_takes_if_match(client: httpx.AsyncClient, operation: Operation) -> None:
    refused = await _ask(client, operation, {"if-match": 'W/"1"'})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/headers/if-match")
    assert operation.changes is not None
    assert "If-Match" in await _documented(client, operation)


async def _ask(client: httpx.AsyncClient, operation: Operation, headers: dict[str, str]) -> httpx.Response:
    body = operation.examples[0] if operation.examples else None
    return await client.request(operation.method, _path(operation), json=body, headers=headers)


def _path(operation: Operation) -> str:
    return re.sub(r"\{\w+\}", NO_SUCH_ID, operation.path)


async def _documented(client: httpx.AsyncClient, operation: Operation) -> set[str]:
    document = (await client.get("/doc/openapi.json")).json()
    described = document["paths"][BASE + operation.path][operation.method.lower()]
    return {parameter["name"] for parameter in described["parameters"]}
