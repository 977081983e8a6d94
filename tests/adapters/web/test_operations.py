"""The list of operations against the contract's table, and what surrounds all of them."""

import re
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from starlette.routing import Route, Router, WebSocketRoute

from ordering_over_http import opened, payment
from sale_adapters.web import create_app
from sale_adapters.web.access import PUBLIC, Public
from sale_adapters.web.openapi import openapi_document, refusals_of
from sale_adapters.web.operating import healthz
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.web.path_names import PATH_NAMES, PathName, named_in
from sale_adapters.web.routing import Endpoint, Operation
from sale_adapters.web.stream import Stream
from sale_adapters.web.stream.lines import PERMISSIONS
from sale_adapters.wire import json
from sale_adapters.wire.parsing import parse_body
from sale_adapters.wire.places import BASE, STREAM
from sale_adapters.wire.tracing import REQUEST_ID, TRACEPARENT, passed_on
from sale_app.composition import InMemorySale
from sale_domain.permissions import Permission, Principal
from spoken import spoken

ROOT = Path(__file__).parents[3]
SOME_ID = "01KE6YB4M0000000000000000126"
CONTRACT = (Path(__file__).parent / "contract_table.md").read_text()
"""Contract §9's table, as it stands there."""

OURS = {
    "GET /kitchen-stations KitchenStation.find",
    "PUT /kitchen-stations KitchenStation.update",
    "GET /unallocated Payment.find",
}
"""What Sale offers beyond that table."""

SECURED = [operation for operation in OPERATIONS if isinstance(operation.access, Permission)]


def concrete(operation: Operation) -> str:
    return re.sub(r"\{\w+\}", SOME_ID, operation.path)


def contracted() -> set[str]:
    """Read the contract's table: a path without a method or a stem goes on with those before it."""
    found = set()
    for row in CONTRACT.strip().splitlines():
        _, left, right, _ = row.split("|")
        methods, stem, thing, codes = [""], "", "", []
        for code in right.replace("(C25)", "").strip().split(" · "):
            thing, _, act = code.rpartition(".") if code[0] != "." else (thing, "", code[1:])
            codes.append(f"{thing}.{act}".removeprefix("."))
        for number, part in enumerate(left.strip().split(" · ")):
            named, _, path = part.strip("`").rpartition(" `")
            path = path.partition("?")[0]
            if named:
                methods, stem = named.split("/"), path.rpartition("/")[0] if path.count("/") > 1 else ""
            elif "{id}" in stem:
                path = stem + path
            code = _code_for(codes, number, path)
            found |= {f"{method} {path} {code}" for method in methods}
    return found


def _code_for(codes: list[str], number: int, path: str) -> str:
    """Return the permission: the one that there is, the action's own, or that in the same place."""
    action = path.rpartition("/")[2]
    if path.startswith("/kitchen-ticket-items/"):
        return f"KitchenTicketItem.{action}"
    if path.startswith("/allocation-usages/"):
        return "AllocationUsage.update"
    return codes[min(number, len(codes) - 1)]


def test_every_operation_of_the_contract_is_there_with_its_permission() -> None:
    built = {
        f"{operation.method} {re.sub('{(?!itemId)[a-zA-Z]+}', '{id}', operation.path)} "
        f"{'none' if isinstance(operation.access, Public) else operation.access.value}"
        for operation in OPERATIONS
    }

    assert built == contracted() | OURS


def test_every_route_of_the_application_says_who_may_ask(shop: InMemorySale) -> None:
    async def readiness() -> dict[str, str | None]:
        return {}

    app = create_app(shop.sale, readiness=readiness, stream=Stream(shop.sale, tail=shop.tail))
    assert isinstance(app, Router)
    public = []
    for route in app.routes:
        if isinstance(route, WebSocketRoute):
            assert (route.path, route.endpoint.__class__) == (STREAM, Stream), "each of its topics has a permission"
            assert all(isinstance(needed, Permission) for needed in PERMISSIONS.values())
            continue
        assert isinstance(route, Route)
        assert isinstance(route.endpoint, Endpoint), "whatever else is routed says nothing of access"
        for operation in route.endpoint._operations.values():
            assert isinstance(operation.access, Permission | Public)
            public += [operation.path] * isinstance(operation.access, Public)
    pages = ("/healthz", "/readyz", "/metrics", "/doc", "/doc/openapi.json", "/doc/asyncapi.json", "/board")
    assert {path for path in public if not path.startswith("/board/")} == {"/webhooks/payment", *pages}


@pytest.mark.parametrize("access", [None, "SaleOrder.find", True])
def test_an_operation_without_a_permission_cannot_be_made(access: Any) -> None:  # noqa: ANN401 - what is wrong
    with pytest.raises(TypeError):
        attrs.evolve(OPERATIONS[0], access=access)
    with pytest.raises(TypeError, match="'access'"):
        Operation(method="GET", path="/", summary="", handler=healthz, answers={})  # type: ignore[call-arg]


def test_an_answer_without_an_example_is_said_to_need_one() -> None:
    with pytest.raises(ValueError, match="Permission has no example"):
        openapi_document([attrs.evolve(OPERATIONS[0], answers={201: Permission})], version="1")


def test_an_operation_whose_path_names_what_nobody_knows_cannot_be_made() -> None:
    with pytest.raises(ValueError, match=r"/dreams/{dreamId}: .*PATH_NAMES \(src/sale_adapters/web/path_names"):
        attrs.evolve(OPERATIONS[0], path="/dreams/{dreamId}")


@pytest.mark.parametrize(("name", "named"), PATH_NAMES.items())
async def test_what_a_path_names_is_what_a_404_has_not_found_and_what_the_log_says(
    client: httpx.AsyncClient, name: str, named: PathName
) -> None:
    operation = next(each for each in SECURED if name in named_in(each.path))
    malformed = attrs.evolve(operation, path=operation.path.replace(f"{{{name}}}", "!"))
    with spoken() as log:
        await client.request(operation.method, concrete(operation))
        refused = await client.request(operation.method, concrete(malformed))

    assert (refused.status_code, refused.json()["detail"]) == (404, f"There is no such {named.thing}.")
    whole, _ = log.objects("sale.access")
    assert whole[named.logged] == SOME_ID
    assert f"`{named.logged}`" in (ROOT / "docs/how-to/watch.md").read_text()


@pytest.mark.parametrize("operation", SECURED, ids=[f"{each.method} {each.path}" for each in SECURED])
async def test_every_operation_asks_for_its_own_permission_and_no_other(
    client: httpx.AsyncClient, shop: InMemorySale, operation: Operation
) -> None:
    assert isinstance(operation.access, Permission)
    shop.policies.deny("cashier", operation.access)
    denied = await client.request(operation.method, concrete(operation))
    shop.policies.effects.clear()
    shop.policies.allow("cashier", operation.access)
    allowed = await client.request(operation.method, concrete(operation))

    assert denied.status_code == 403
    assert allowed.status_code != 403


@pytest.mark.parametrize("path", sorted({concrete(operation) for operation in OPERATIONS}))
async def test_another_method_is_refused_with_those_that_there_are(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.request("TRACE", path)

    methods = {operation.method for operation in OPERATIONS if concrete(operation) == path}
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == methods


@pytest.mark.parametrize("path", ["/", "/nothing", "/sale-orders/", "/sale-orders//", "/../sale-orders", "/%00"])
async def test_an_unknown_path_is_a_problem_too(client: httpx.AsyncClient, path: str) -> None:
    for url in (path, f"http://sale{path}"):
        answer = await client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_head_answers_as_get_does(client: httpx.AsyncClient) -> None:
    for path in ("/sale-orders", "/healthz"):
        assert (await client.head(path)).status_code == 200


@pytest.mark.parametrize("operation", OPERATIONS, ids=[f"{each.method} {each.path}" for each in OPERATIONS])
def test_every_example_in_the_documentation_can_be_sent(operation: Operation) -> None:
    for example in operation.examples:
        if isinstance(operation.body, type) and operation in SECURED:
            parse_body(json.write(example), operation.body)
    assert refusals_of(operation) or operation.access == PUBLIC


async def test_a_request_id_is_taken_when_it_is_sane_and_made_when_not(client: httpx.AsyncClient) -> None:
    taken = await client.get("/healthz", headers={"x-request-id": "till-4.0001"})
    made = [await client.get("/nothing", headers={"x-request-id": given}) for given in ("", "a b", "x" * 129, "a\tb")]

    assert taken.headers["x-request-id"] == "till-4.0001"
    ids = {answer.headers["x-request-id"] for answer in made}
    assert len(ids) == 4
    assert {answer.json()["requestId"] for answer in made} == ids


async def test_sisters_are_told_the_request_id_and_the_trace(client: httpx.AsyncClient, shop: InMemorySale) -> None:
    told: list[Any] = []
    verify = shop.tokens.verify

    async def remembering(token: str) -> Any:  # noqa: ANN401 - the port's own
        told.append(dict(passed_on()))
        return await verify(token)

    shop.tokens.verify = remembering  # type: ignore[method-assign]
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await client.get("/sale-orders", headers={"x-request-id": "r-1", "traceparent": traceparent})
    await client.get("/sale-orders", headers={"traceparent": "00-" + "0" * 32 + "-b7ad6b7169203331-01"})

    assert told[0] == {"x-request-id": "r-1", "traceparent": traceparent}
    assert told[1]["traceparent"][3:35] != "0" * 32
    assert (REQUEST_ID.get(), TRACEPARENT.get(), passed_on()) == (None, None, {})


async def test_the_log_has_one_line_a_request_with_its_names_and_no_secret(client: httpx.AsyncClient) -> None:
    with spoken() as log:
        await client.post("/sale-orders?q=hush", content=b'{"note": "hush"}', headers={"x-request-id": "r-1"})
        await client.get("/a%0Ab")

    first, second = log.objects("sale.access")
    assert (
        first.items()
        >= {
            "level": "INFO",
            "event": "request",
            "request_id": "r-1",
            "method": "POST",
            "route": "/v1/api/sale/sale-orders",
            "status": 400,
            "code": "invalid",
            "user_id": "user-lan",
            "merchant_id": "merchant-1",
        }.items()
    )
    assert len(first["trace_id"]) == 32
    assert second["path"] == "/v1/api/sale/a%0Ab"
    assert "route" not in second
    assert not any(secret in str(line) for line in log.objects("sale") for secret in ("hush", "Bearer"))


async def test_what_a_request_is_about_is_said_with_it_by_whoever_speaks(client: httpx.AsyncClient) -> None:
    order = await opened(client)
    with spoken() as log:
        await client.get(f"/sale-orders/{order['id']}")
        await client.get("/sale-orders/not-an-id")
        await client.post("/webhooks/payment", json=payment(order["id"], 65_000))

    of_ours, of_nobody, paid = log.objects("sale.access")
    assert of_ours["order_id"] == order["id"]
    assert (of_nobody["status"], "order_id" in of_nobody) == (404, False)
    assert (paid["order_id"], "merchant_id" in paid) == (order["id"], False)


async def test_who_asks_every_few_seconds_is_not_worth_a_line_until_the_answer_is_bad(
    client: httpx.AsyncClient, missing_parts: dict[str, str | None]
) -> None:
    with spoken() as log:
        for path in ("/healthz", "/readyz", "/metrics"):
            await client.get(path)
        assert log.objects("sale") == []
        missing_parts["database"] = "does not answer"
        await client.get("/readyz")

    (bad,) = log.objects("sale.access")
    assert (bad["level"], bad["status"], bad["code"]) == ("WARNING", 503, "not-ready")


async def test_a_bug_is_a_500_that_tells_nothing_and_is_logged(
    client: httpx.AsyncClient, shop: InMemorySale, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(token: str) -> Principal:
        raise ZeroDivisionError(f"secret detail of {token}")

    shop.tokens.verify = broken  # type: ignore[method-assign]
    answer = await client.get("/sale-orders", headers={"x-request-id": "r-1"})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert answer.headers["x-request-id"] == answer.json()["requestId"] == "r-1"
    assert "secret" not in answer.text
    assert [record.exc_info is not None for record in caplog.records if record.name == "sale.bugs"] == [True]


async def test_health_says_that_the_process_lives_and_readiness_names_what_is_missing(
    client: httpx.AsyncClient, missing_parts: dict[str, str | None]
) -> None:
    assert (await client.get("/healthz", headers={"authorization": ""})).json() == {"status": "alive"}
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]) == (200, {"database": "reachable", "identity": "reachable"})

    missing_parts["database"] = "connection refused"
    unready = await client.get("/readyz")
    assert (unready.status_code, unready.json()["code"]) == (503, "not-ready")
    assert unready.json()["parts"] == {"database": "connection refused", "identity": "reachable"}
    assert (await client.get("/healthz")).status_code == 200


async def test_the_openapi_document_describes_every_operation_and_refers_to_nothing_that_is_missing(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/doc/openapi.json")).json()

    assert document["openapi"] == "3.1.0"
    for operation in OPERATIONS:
        described = document["paths"][BASE + operation.path][operation.method.lower()]
        expected = None if isinstance(operation.access, Public) else operation.access.value
        assert described.get("x-permission") == expected
        codes = {code for answer in described["responses"].values() for code in answer.get("x-codes", ())}
        assert codes == {kind.code for kind in refusals_of(operation)}
    kinds = document["components"]
    missing = {ref for ref in _references(document) if ref.split("/")[3] not in kinds[ref.split("/")[2]]}
    assert missing == set()
    item = document["components"]["schemas"]["Product"]
    assert (item["additionalProperties"], item["required"]) == (False, ["itemId"])
    assert item["properties"]["quantity"]["default"] == 1
    order = document["components"]["schemas"]["Order"]
    assert len(order["required"]) == len(order["properties"]) == 28


async def test_the_page_shows_every_operation_and_problem_and_fetches_nothing(client: httpx.AsyncClient) -> None:
    page = await client.get("/doc")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert all(f"{each.method} {BASE}{each.path}" in page.text for each in OPERATIONS)
    assert all(f'id="{kind.code}"' in page.text for each in OPERATIONS for kind in refusals_of(each))
    assert "<script" not in page.text
    assert "://" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def _references(value: Any) -> set[str]:  # noqa: ANN401 - any JSON
    match value:
        case {"$ref": str(ref)}:
            return {ref}
        case dict():
            return set().union(*map(_references, value.values()))
        case list():
            return set().union(*map(_references, value)) if value else set()
        case _:
            return set()


async def test_of_two_request_ids_the_first_counts_which_a_proxy_has_put_there(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz", headers=[("x-request-id", "of-the-proxy"), ("x-request-id", "of-the-caller")])

    assert answer.headers.get_list("x-request-id") == ["of-the-proxy"]
