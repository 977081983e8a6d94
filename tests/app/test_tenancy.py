"""What another merchant has does not exist: not to be read, not to be moved, not to be told from nothing (§9)."""

import json
import re
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx
import pytest

from sale_adapters.postgres.migrations.run import migrate
from sale_adapters.web.openapi import openapi_document
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.wire import json as exact
from sale_adapters.wire.places import BASE
from two_merchants import MINH, TwoMerchants, two_merchants, unborn

DOCUMENT = json.loads(exact.write(openapi_document(OPERATIONS, version="1")))
SECURED = [
    (method.upper(), path.removeprefix(BASE), described)
    for path, methods in DOCUMENT["paths"].items()
    for method, described in methods.items()
    if described["security"]
]
OF_A_THING = [each for each in SECURED if "{" in each[1]]
LISTS = [each for each in SECURED if "{" not in each[1] and each[0] == "GET"]
OF_THE_MERCHANT_ALONE = {("POST", "/sale-orders"), ("PUT", "/kitchen-stations")}
"""Each has a test of its own below."""


@pytest.fixture(scope="module")
def tables_url(database_url: str) -> str:
    migrate(database_url)
    return database_url


@pytest.fixture
async def world(tables_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[TwoMerchants]:
    async with two_merchants(tables_url, monkeypatch) as world:
        yield world


def example(described: Mapping[str, Any]) -> bytes:
    """Return the first body that the documentation shows, none when there is none."""
    content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    return b"".join(json.dumps(each["value"]).encode() for each in list(content.get("examples", {}).values())[:1])


def told(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Return all of an answer that does not change from request to request."""
    request_id = answer.headers["x-request-id"].encode()
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, headers, answer.content.replace(request_id, b"")


def test_every_route_is_of_a_thing_a_list_or_named_here() -> None:
    others = {(method, path) for method, path, _ in SECURED} - {(method, path) for method, path, _ in OF_A_THING}
    assert others - {(method, path) for method, path, _ in LISTS} == OF_THE_MERCHANT_ALONE
    assert len(OF_A_THING) > 20


def places(path: str, world: TwoMerchants) -> list[tuple[str, str]]:
    """Return the path with Minh's ids and with ids of nobody; below a thing of Lan's too when it has two."""
    names = re.findall(r"\{(\w+)\}", path)
    nobody = {name: unborn(world.ids[name]) for name in names}
    found = [(path.format(**world.ids), path.format(**nobody))]
    if len(names) > 1:
        last, whole = names[-1], {name: world.own[name] for name in names}
        found.append((path.format(**{**whole, last: world.ids[last]}), path.format(**{**whole, last: nobody[last]})))
    return found


async def test_a_thing_of_another_merchants_is_answered_as_one_that_never_was(world: TwoMerchants) -> None:
    wrong = {f"{method} {path}": await differences(world, method, path, each) for method, path, each in OF_A_THING}
    assert {route: found for route, found in wrong.items() if found} == {}


async def differences(world: TwoMerchants, method: str, path: str, described: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Return what tells Minh's thing from nothing; both are asked for in the same way."""
    body, found = example(described), []
    if (await world.lan.request(method, path.format(**world.ids), content=body, headers=MINH)).status_code == 404:
        found.append("Minh cannot see it either")
    before = await world.everything()
    for minhs, nobodys in places(path, world):
        for headers in ({}, {"if-match": '"2"'}):
            world.look()
            seen = await world.lan.request(method, minhs, content=body, headers=headers)
            asked = world.look()
            unseen = await world.lan.request(method, nobodys, content=body, headers=headers)
            if seen.status_code != 404:
                found.append(f"{minhs} is {seen.status_code}")
            if told(seen) != told(unseen):
                found.append(f"{told(seen)} is not {told(unseen)}")
            if asked != world.look():  # as many questions, the same ones: there is nothing to be timed
                found.append("the database was asked other questions")
            found += [f"it says {word}" for word in world.words if word in seen.text]
    if await world.everything() != before:
        found.append("something was written")
    return found


async def test_an_idempotency_key_opens_nothing_and_keeps_what_the_caller_alone_was_told(world: TwoMerchants) -> None:
    for path, described in ((path, each) for method, path, each in OF_A_THING if method == "POST"):
        body, place, key = example(described), path.format(**world.ids), {"idempotency-key": "evening-1"}
        done = await world.lan.post(place, content=body, headers={**MINH, **key})
        before = await world.everything(but="idempotency_keys")
        answers = [await world.lan.post(place, content=body, headers=key) for _ in "12"]
        again = await world.lan.post(place, content=body, headers={**MINH, **key})
        assert [answer.status_code for answer in answers] == [404, 404], path
        assert (again.content, again.headers["idempotency-replayed"]) == (done.content, "true"), path
        assert await world.everything(but="idempotency_keys") == before, path


@pytest.mark.parametrize("other", ["user", "method", "path"])
async def test_a_key_of_another_user_method_or_path_is_another_key(world: TwoMerchants, other: str) -> None:
    """The merchant is tried above."""
    place, body = "/sale-orders", b'{"saleChannelId": "channel-2"}'
    key = {**MINH, "idempotency-key": f"other-{other}"}
    first = await world.lan.post(place, content=body, headers=key)
    match other:
        case "user":
            second = await world.lan.post(place, content=body, headers={**key, "authorization": "Bearer hoa"})
            assert (second.status_code, second.json()["id"] != first.json()["id"]) == (201, True)
        case "path":
            second = await world.lan.post(f"{place}/{first.json()['id']}/revert", content=b"{}", headers=key)
            assert second.status_code == 409
        case "method":
            patched = f"{place}/{first.json()['id']}/items/{world.ids['itemId']}"
            second = await world.lan.patch(patched, content=b'{"quantity": 1}', headers=key)
            assert second.status_code == 404
    assert "idempotency-replayed" not in second.headers


async def test_a_list_has_nothing_of_another_merchants_whatever_it_is_asked_for(world: TwoMerchants) -> None:
    for _, path, _ in LISTS:
        cursor = (await world.lan.get(f"{path}?limit=1", headers=MINH)).json().get("nextCursor")
        queries = ["", "saleChannelId=channel-2", f"unitId={world.unit}", "zoneId=Minh", f"cursor={cursor}"]
        for query in queries:
            answer = await world.lan.get(f"{path}?{query}")
            assert answer.status_code in {200, 400}
            assert not [word for word in world.words if word in answer.text], (path, query)


async def test_no_order_is_opened_at_another_merchants_channel(world: TwoMerchants) -> None:
    before = await world.everything()
    theirs = await world.lan.post("/sale-orders", content=b'{"saleChannelId": "channel-2"}')
    nobodys = await world.lan.post("/sale-orders", content=b'{"saleChannelId": "channel-9"}')
    assert (theirs.status_code, theirs.json()["code"]) == (422, "unknown-sale-channel")
    assert told(theirs)[2].replace(b"channel-2", b"channel-9") == told(nobodys)[2]
    assert await world.everything() == before


async def test_setting_the_stations_sets_ones_own(world: TwoMerchants) -> None:
    await world.lan.put("/kitchen-stations", content=b'{"stations": [{"id": "bar", "name": "Bar"}]}', headers=MINH)
    minhs = (await world.lan.get("/kitchen-stations", headers=MINH)).content
    await world.lan.put("/kitchen-stations", content=b'{"stations": [{"id": "stove", "name": "Stove"}]}')
    assert (await world.lan.get("/kitchen-stations", headers=MINH)).content == minhs
    assert "bar" not in (await world.lan.get("/kitchen-stations")).text


async def test_a_line_of_another_merchants_cannot_be_cooked_with_ones_own_order(world: TwoMerchants) -> None:
    before = await world.everything()
    place = f"/sale-orders/{world.own['orderId']}/kitchen-tickets"
    line, nobodys = world.ids["itemId"], unborn(world.ids["itemId"])
    answers = [
        await world.lan.post(place, content=json.dumps({"items": [{"saleOrderItemId": each, "quantity": 1}]}))
        for each in (line, nobodys)
    ]
    first, second = (told(answer) for answer in answers)
    assert first[0] == 422
    assert (first[0], first[2].replace(line.encode(), b"")) == (second[0], second[2].replace(nobodys.encode(), b""))
    assert await world.everything() == before


async def test_two_merchants_may_have_a_table_of_the_same_name(world: TwoMerchants) -> None:
    """Both have taken it: that the other one has it in use is not told by a refusal either."""
    for headers in ({}, MINH):
        listed = (await world.lan.get(f"/allocation-usages?unitId={world.unit}", headers=headers)).json()["items"]
        assert {usage["merchantId"] for usage in listed} == {MINH["x-merchant-id"] if headers else "merchant-1"}
