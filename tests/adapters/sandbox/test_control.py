"""Sisters that misbehave as told, and the record of what they were asked."""

from typing import Any

import httpx
import pytest

from sale_adapters.sandbox.control import LONGEST_LOG
from sandbox_world import SandboxWorld

KEYS = "/identity/jw-certs"


async def told(world: SandboxWorld, sister: str, **faults: object) -> httpx.Response:
    return await world.http.put(f"/control/{sister}", json=faults)


async def statuses(world: SandboxWorld, count: int, path: str = KEYS) -> list[int]:
    return [(await world.http.get(path)).status_code for _ in range(count)]


async def requests(world: SandboxWorld, sister: str) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = (await world.http.get(f"/control/{sister}/requests")).json()
    return seen


async def test_a_sister_fails_the_next_two_requests_and_then_recovers(world: SandboxWorld) -> None:
    await told(world, "identity", failNext=2, failStatus=500)
    assert await statuses(world, 4) == [500, 500, 200, 200]


async def test_a_failure_without_a_status_is_a_503_and_a_status_without_a_count_lasts(world: SandboxWorld) -> None:
    await told(world, "identity", failNext=1)
    assert await statuses(world, 2) == [503, 200]
    await told(world, "identity", failStatus=418)
    assert await statuses(world, 3) == [418, 418, 418]
    await told(world, "identity")
    assert await statuses(world, 1) == [200]


async def test_a_slow_sister_answers_after_its_latency(world: SandboxWorld) -> None:
    await told(world, "identity", latencyMs=250)
    assert await statuses(world, 1) == [200]
    assert world.waits == [0.25]


async def test_garbage_is_a_200_that_cannot_be_used(world: SandboxWorld) -> None:
    await told(world, "identity", garbage=True)
    answer = await world.http.get(KEYS)
    assert (answer.status_code, answer.text) == (200, "<html>no JSON here")
    await told(world, "identity", garbage="shape")
    answer = await world.http.get(KEYS)
    assert (answer.status_code, isinstance(answer.json(), list)) == (200, True)


async def test_one_sister_down_leaves_the_others_up(world: SandboxWorld) -> None:
    await told(world, "commerce", down=True)
    with pytest.raises(httpx.TransportError, match="commerce is down"):
        await world.http.get("/commerce/categories/category-combo")
    assert await statuses(world, 1) == [200]


async def test_a_tester_gets_tokens_also_while_identity_is_down(world: SandboxWorld) -> None:
    await told(world, "identity", down=True, failStatus=500, garbage=True)
    assert (await world.http.post("/identity/dev-token")).status_code == 200


async def test_a_sister_that_fails_does_not_ask_for_a_token_first(world: SandboxWorld) -> None:
    await told(world, "pricing", failNext=1)
    assert (await world.http.post("/pricing/simulation/calculate")).status_code == 503
    assert (await world.http.post("/pricing/simulation/calculate")).status_code == 401


async def test_every_request_is_kept_with_its_query_headers_and_body(world: SandboxWorld) -> None:
    await world.http.get("/commerce/product-infos?principalType=Product&principalId=p", headers={"X-Request-Id": "r1"})
    await world.http.post("/pricing/simulation/calculate", content=b'{"quantity": 1.10}')
    await world.http.post("/pricing/simulation/calculate", content=b"not JSON")
    [info] = await requests(world, "commerce")
    assert (info["method"], info["body"], info["at"]) == ("GET", None, "2026-11-22T06:30:00Z")
    assert info["path"] == "/commerce/product-infos?principalType=Product&principalId=p"
    assert info["headers"]["x-request-id"] == "r1"
    raw = (await world.http.get("/control/pricing/requests")).content
    assert b'"body":{"quantity":1.10}' in raw
    assert (await requests(world, "pricing"))[1]["body"] == "not JSON"


async def test_the_record_forgets_the_oldest_request_rather_than_growing(world: SandboxWorld) -> None:
    for number in range(LONGEST_LOG + 5):
        await world.http.get(f"/identity/jw-certs?n={number}")
    seen = await requests(world, "identity")
    assert (len(seen), seen[0]["path"], seen[-1]["path"]) == (1000, f"{KEYS}?n=5", f"{KEYS}?n=1004")


async def test_a_reset_heals_every_sister_and_empties_its_record(world: SandboxWorld) -> None:
    await told(world, "identity", failStatus=500)
    await told(world, "pricing", taxPercent=10)
    await statuses(world, 1)
    assert (await world.http.delete("/control")).status_code == 204
    assert await requests(world, "identity") == []
    assert await statuses(world, 1) == [200]
    assert (await told(world, "pricing")).json()["taxPercent"] == 0


@pytest.mark.parametrize(
    ("sister", "faults", "reason"),
    [
        ("identity", {"latency": 5}, "Object contains unknown field `latency`"),
        ("identity", {"latencyMs": -1}, "Expected `float` >= 0.0 - at `$.latencyMs`"),
        ("identity", {"failNext": "two"}, "Expected `int | null`, got `str` - at `$.failNext`"),
        ("identity", {"failStatus": 200}, "Expected `int` >= 400 - at `$.failStatus`"),
        ("identity", {"garbage": "yes"}, "Invalid enum value 'yes' - at `$.garbage`"),
        ("identity", {"taxPercent": 8}, "Object contains unknown field `taxPercent`"),
        ("pricing", {"discountPercent": 101}, "discountPercent must be at most 100"),
        ("pricing", {"prices": {"p": -1}}, "prices.p must be a decimal(15,4) of at least 0, not -1"),
        ("identity", ["down"], "Expected `object`, got `array`"),
    ],
)
async def test_an_order_to_misbehave_that_makes_no_sense_is_refused_and_changes_nothing(
    world: SandboxWorld, sister: str, faults: object, reason: str
) -> None:
    answer = await world.http.put(f"/control/{sister}", json=faults)
    assert (answer.status_code, answer.json()["detail"]) == (422, reason)
    assert await statuses(world, 1) == [200]


async def test_a_sister_that_is_not_there_cannot_be_told(world: SandboxWorld) -> None:
    answer = await told(world, "inventory", down=True)
    detail = "'inventory' is none of identity, commerce, pricing, mq-pay"
    assert (answer.status_code, answer.json()["detail"]) == (404, detail)


async def test_the_root_lists_what_is_there_and_that_it_lives(world: SandboxWorld) -> None:
    assert "POST /mq-pay/payments" in (await world.http.get("/")).json()["mq-pay"]
    assert (await world.http.get("/healthz")).json() == {"status": "ok"}
