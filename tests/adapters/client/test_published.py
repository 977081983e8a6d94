"""The client and the OpenAPI document are one: every route has its method, and says and hears all that is published."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from jsonschema import Draft202012Validator

from client_calls import CALLS, Told
from sale_adapters.client import (
    Conflict,
    Page,
    Pages,
    Problem,
    Rejected,
    Retries,
    SaleClient,
    Stations,
    Unavailable,
)
from sale_adapters.web.openapi import openapi_document, refusals_of
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.wire import json
from sale_adapters.wire.answers import answer_json
from sale_adapters.wire.places import BASE
from sale_domain import errors

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "use-the-client.md"
DOCUMENT: Any = openapi_document(OPERATIONS, version="")
NO_CALLERS = {
    "payments.receive",  # mq-pay's alone (C1)
    "operating.healthz",
    "operating.readyz",
    "operating.metrics",
    "operating.board",
    "operating.page",
    "operating.openapi",
    "operating.asyncapi",
}
"""What machines and browsers ask, and no service that sells."""


@attrs.frozen
class Published:
    """An operation of the document."""

    method: str
    path: str
    described: Any

    @property
    def shown(self) -> tuple[int, Any]:
        """Return status and example of the good answer."""
        status = min(code for code in self.described["responses"] if code.startswith("2"))
        return int(status), self.described["responses"][status]["content"]["application/json"]["example"]

    def parameters(self, place: str) -> set[str]:
        """Return the names of what can be said in path, query or headers."""
        return {each["name"] for each in self.described["parameters"] if each["in"] == place}


PUBLISHED: Mapping[str, Published] = {
    described["operationId"]: Published(method.upper(), path, described)
    for path, methods in DOCUMENT["paths"].items()
    for method, described in methods.items()
}
AN_EXAMPLE: Mapping[str, Any] = {name: each["value"] for name, each in DOCUMENT["components"]["examples"].items()}


async def asked(call: Told, operation: Published) -> tuple[httpx.Request, Any]:
    """Make a call, let the document's example be the answer, and return both."""
    status, example = operation.shown
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status, content=json.write(example), headers={"etag": '"7"', "x-feed-seq": "12"})

    transport = httpx.MockTransport(answer)
    async with SaleClient("http://sale", token="lan", merchant_id="merchant-1", transport=transport) as client:
        made = getattr(client, call.method)(*call.positional, **call.named)
        value = await (made.page("cursor-1") if isinstance(made, Pages) else made)
    (request,) = requests
    return request, value


def test_every_operation_of_the_document_has_a_method_or_is_none_of_a_callers() -> None:
    assert set(PUBLISHED) == {*CALLS, *NO_CALLERS}
    assert {name for name in PUBLISHED if PUBLISHED[name].described["security"] == []} == NO_CALLERS


def test_every_method_has_an_operation() -> None:
    methods = {name for name, _ in inspect.getmembers(SaleClient, inspect.isfunction) if not name.startswith("_")}
    assert methods - {"close"} == {call.method for calls in CALLS.values() for call in calls}


def test_the_page_about_the_client_names_the_method_of_every_route() -> None:
    told = [line for line in HOW_TO.read_text().splitlines() if re.match(r"\| `[A-Z]+ /", line)]
    assert told == [_row(PUBLISHED[name], calls[0].method) for name, calls in CALLS.items()]


def _row(operation: Published, method: str) -> str:
    parameters = [*inspect.signature(getattr(SaleClient, method)).parameters.values()][1:]
    plain = [each.name for each in parameters if each.kind is not inspect.Parameter.KEYWORD_ONLY]
    named = [f"{each.name}=" for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY]
    return f"| `{operation.method} {operation.path.removeprefix(BASE)}` | `{method}({', '.join([*plain, *named])})` |"


def test_every_argument_of_every_method_is_tried_here() -> None:
    for call in (call for calls in CALLS.values() for call in calls):
        signature = inspect.signature(getattr(SaleClient, call.method))
        assert set(signature.bind(None, *call.positional, **call.named).arguments) == set(signature.parameters), call


@pytest.mark.parametrize("name", CALLS)
async def test_what_a_method_asks_is_all_that_the_document_lets_one_ask(name: str) -> None:
    operation = PUBLISHED[name]
    requests = [(await asked(call, operation))[0] for call in CALLS[name]]
    for request in requests:
        assert request.method == operation.method
        assert request.url.path == operation.path.replace("{itemId}", "line-1").replace(
            _named(operation.path), "thing-1"
        )
        assert set(request.url.params) == operation.parameters("query")
        unsaid = {header.lower() for header in operation.parameters("header")} - set(request.headers)
        assert unsaid == {"x-request-id"}, "Sale makes one itself"
        assert request.headers["authorization"] == "Bearer lan"
        assert [*misunderstood(request, operation)] == []
    if "requestBody" in operation.described:
        schema = operation.described["requestBody"]["content"]["application/json"]["schema"]
        bodies: list[Any] = [json.read(request.content) for request in requests]
        assert [wrong(schema, body) for body in bodies] == [[] for _ in bodies]
        assert list(never_said(schema, bodies, "")) == []
    else:
        assert [request.content for request in requests] == [b""] * len(requests)


@pytest.mark.parametrize("name", CALLS)
async def test_what_a_method_returns_is_all_that_the_document_shows(name: str) -> None:
    operation = PUBLISHED[name]
    _, example = operation.shown
    _, value = await asked(CALLS[name][0], operation)
    match value:
        case Page():
            assert value.feed_seq == 12
            value = {"items": value.items, "nextCursor": value.next_cursor}
        case Stations():
            assert value.version == 7
            value = {"stations": value.stations}
        case tuple():
            (part,) = example
            value = {part: value}
        case _:
            assert attrs.fields_dict(type(value))
    assert answer_json(value) == example
    assert not [each for each in leaves(value) if isinstance(each, float)]


@pytest.mark.parametrize("problem", DOCUMENT["x-problems"], ids=lambda problem: problem["code"])
async def test_every_problem_is_raised_as_what_it_is(problem: Any) -> None:  # noqa: ANN401 - JSON
    code, status = problem["code"], problem["status"]
    shown = AN_EXAMPLE.get(code) or {"code": code, "status": status, "detail": "…", "requestId": "r-1"}
    answer = httpx.Response(status, content=json.write(shown), headers={"retry-after": "2"})
    transport = httpx.MockTransport(lambda _: answer)
    never = Retries(count=0)
    client = SaleClient("http://sale", token="lan", merchant_id="merchant-1", transport=transport, retries=never)
    async with client:
        with pytest.raises(KIND.get(code, Rejected)) as caught:
            await client.check_out("thing-1")
    raised = caught.value
    assert (raised.code, raised.status, raised.detail) == (code, status, shown["detail"])
    assert (raised.request_id, raised.retry_after_seconds) == (shown["requestId"], 2.0)
    assert [{"pointer": each.pointer, "detail": each.detail} for each in raised.errors] == shown.get("errors", [])
    of_every = {"type", "title", "status", "detail", "code", "requestId", "errors"}
    assert raised.members == {name: value for name, value in shown.items() if name not in of_every}


def _kinds() -> Iterator[tuple[str, type[Problem]]]:
    """Yield what the client has to raise for a code, by what kind of error the domain says that it is."""
    ours = {errors.Rejected: Rejected, errors.Conflict: Conflict, errors.Unavailable: Unavailable}
    for kind in {kind for operation in OPERATIONS for kind in refusals_of(operation)}:
        yield kind.code, next(ours[ancestor] for ancestor in kind.__mro__ if ancestor in ours)
    yield "internal-error", Unavailable
    yield "too-many-requests", Unavailable  # the same may be asked again


KIND = dict(_kinds())


def _named(path: str) -> str:
    """Return the path parameter that is not a line of an order."""
    return next((step for step in path.split("/") if step.startswith("{") and step != "{itemId}"), "{}")


def wrong(schema: Any, value: Any) -> list[str]:  # noqa: ANN401 - JSON
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    return [error.message for error in validator.iter_errors(value)]


def misunderstood(request: httpx.Request, operation: Published) -> Iterator[str]:
    """Yield what stands in query or headers and is not what the document asks for."""
    for parameter in operation.described["parameters"]:
        place: Mapping[str, str] = {"query": request.url.params, "header": request.headers}.get(parameter["in"], {})
        said = place.get(parameter["name"])
        if said is not None:
            is_number = parameter["schema"].get("type") == "integer"
            yield from wrong(parameter["schema"], int(said) if is_number else said)


def never_said(schema: Any, values: Sequence[Any], pointer: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the pointers of what none of these values says, and its schema would let it say."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for option in schema.get("oneOf", ()):
        yield from never_said(option, [value for value in values if wrong(option, value) == []], pointer)
    for name, part in schema.get("properties", {}).items():
        said = [value[name] for value in values if name in value]
        if not said:
            yield f"{pointer}/{name}"
        yield from never_said(part, said, f"{pointer}/{name}")
    if "items" in schema:
        yield from never_said(schema["items"], [each for value in values for each in value], f"{pointer}/*")


def leaves(value: Any) -> Iterator[Any]:  # noqa: ANN401 - whatever a client returns
    if attrs.has(type(value)):
        value = [getattr(value, field.name) for field in attrs.fields(type(value))]
    match value:
        case Mapping():
            yield from (leaf for part in value.values() for leaf in leaves(part))
        case list() | tuple():
            yield from (leaf for part in value for leaf in leaves(part))
        case _:
            yield value
