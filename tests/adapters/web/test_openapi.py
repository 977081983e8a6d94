"""The OpenAPI document is valid, and what it shows fits what it says (C18, C19)."""

import copy
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from sale_adapters.web.operations import OPERATIONS
from sale_adapters.wire import json, webhook
from sale_adapters.wire.refusals import InvalidInput
from sale_domain.kitchen_lifecycle import KitchenItemStatus, KitchenTicketStatus
from sale_domain.ledger import FactType
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.usage_lifecycle import UsageStatus

Example = tuple[str, Any, Any]
PAYMENT = next(each.examples[0] for each in OPERATIONS if each.path == "/webhooks/payment")
TRANSACTION = {
    "eventType": "mq-pay:transaction.settled",
    "timestamp": 1767598200000,
    "payload": {
        "timestamp": "2026-01-05T07:30:00Z",
        "source": "till",
        "transaction": {
            "id": 1,
            "uid": "transaction-1",
            "status": "SETTLED",
            "total": "130000",
            "paid": 130000,
            "sourceType": "SaleOrder",
            "sourceId": "01KE6YB4M0000000000000000126",
        },
    },
}


@pytest.fixture
async def document(client: httpx.AsyncClient) -> Any:  # noqa: ANN401 - a JSON document
    return (await client.get("/doc/openapi.json")).json()


def shown(document: Any) -> Iterator[Example]:  # noqa: ANN401 - a JSON document
    """Yield every place that has content: where, its schema, and its examples."""
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            bodies = {"body": described["requestBody"]} if "requestBody" in described else {}
            for where, part in {**bodies, **described["responses"]}.items():
                for media_type, content in part["content"].items():
                    named = [_example(document, each) for each in content.get("examples", {}).values()]
                    examples = [*named, *([content["example"]] if "example" in content else [])]
                    yield f"{method} {path} {where} {media_type}", content["schema"], examples


def _example(document: Any, example: Any) -> Any:  # noqa: ANN401 - JSON
    name = example.get("$ref", "").rpartition("/")[2]
    return (document["components"]["examples"][name] if name else example)["value"]


def errors(document: Any, schema: Any, value: Any) -> list[str]:  # noqa: ANN401 - JSON
    validator = Draft202012Validator({**schema, "components": document["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


async def test_the_document_is_valid_openapi(document: Any) -> None:  # noqa: ANN401 - a JSON document
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    spoilt = copy.deepcopy(document)
    spoilt["paths"]["/v1/api/sale/sale-orders"]["get"]["parameters"][0]["in"] = "cookies"
    assert [*OpenAPIV31SpecValidator(spoilt).iter_errors()]


async def test_every_body_and_every_answer_has_an_example_that_fits_its_schema(document: Any) -> None:  # noqa: ANN401 - JSON
    places = list(shown(document))
    bare = [where for where, _, examples in places if not examples and "text/" not in where]
    assert bare == [
        "get /v1/api/sale/doc/openapi.json 200 application/json",
        "get /v1/api/sale/doc/asyncapi.json 200 application/json",
    ]
    wrong = [(where, errors(document, schema, each)) for where, schema, examples in places for each in examples]
    assert len(wrong) > len(OPERATIONS)
    assert [each for each in wrong if each[1]] == []


async def test_an_example_that_does_not_fit_is_found(document: Any) -> None:  # noqa: ANN401 - a JSON document
    _, schema, (example,) = next(each for each in shown(document) if each[0].startswith("post") and "201" in each[0])
    assert errors(document, schema, {**example, "version": "one"}) == ["$.version: 'one' is not of type 'integer'"]


@pytest.mark.parametrize("whole", [PAYMENT, TRANSACTION], ids=["attempt", "transaction"])
async def test_the_webhooks_schema_asks_for_what_the_webhook_asks_for_and_no_more(document: Any, whole: Any) -> None:  # noqa: ANN401 - JSON
    described = document["paths"]["/v1/api/sale/webhooks/payment"]["post"]["requestBody"]
    schema = described["content"]["application/json"]["schema"]
    assert (errors(document, schema, whole), refused(whole)) == ([], None)
    for pointer, less in without_a_field(whole, ""):
        known = {"/eventType", f"/payload/{'attempt' if 'attempt' in whole['payload'] else 'transaction'}"}
        if pointer not in known:  # which of the three is needed depends on the header and the type
            assert bool(errors(document, schema, less)) == (refused(less) == pointer), pointer


def without_a_field(form: Any, pointer: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    for name in form:
        yield f"{pointer}/{name}", {key: part for key, part in form.items() if key != name}
        if isinstance(form[name], dict):
            yield from ((deep, {**form, name: less}) for deep, less in without_a_field(form[name], f"{pointer}/{name}"))


def refused(form: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return what the webhook misses."""
    verdict = webhook.read(json.write(form), header=None, received_at=datetime(2026, 1, 5, tzinfo=UTC)).verdict
    return verdict.errors[0].pointer if isinstance(verdict, InvalidInput) else None


async def test_every_object_that_is_sent_in_is_said_to_have_no_other_fields(document: Any) -> None:  # noqa: ANN401 - JSON
    """Also where a class is answered as well: what is answered may grow."""
    bodies = [
        each["requestBody"]
        for methods in document["paths"].values()
        for each in methods.values()
        if "requestBody" in each
    ]
    sent = {name for body in bodies for name in references(document, body) if "Payment" not in name}
    assert "StationInput" in sent
    assert [name for name in sent if document["components"]["schemas"][name]["additionalProperties"] is not False] == []


SELF_EVIDENT = {"id", "name", "note", "reason", "items", "tickets", "stations", "usages", "payload", "quantity"}
"""What needs no word; and the id of a thing, when it was created, sent or changed."""


async def test_every_schema_property_and_parameter_that_is_not_self_evident_says_what_it_means(document: Any) -> None:  # noqa: ANN401 - JSON
    schemas = document["components"]["schemas"]
    properties = {
        f"{schema}.{name}": described
        for schema, whole in schemas.items()
        for name, described in whole["properties"].items()
        if name not in SELF_EVIDENT and not re.search("(Id|[a-z]At|^at)$", name)
    }
    parameters = {
        f"{method} {path} {parameter['name']}": parameter
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        for parameter in described["parameters"]
    }
    assert len(properties) > 100
    mute = [where for where, it in {**schemas, **properties, **parameters}.items() if not it.get("description")]
    assert mute == []
    assert [each for each in properties.values() if "Attributes:" in each["description"]] == []
    assert schemas["Order"]["properties"]["payments"]["description"].startswith("What mq-pay has told, a row each.")


@pytest.mark.parametrize(
    ("schema", "statuses"),
    [
        ("Order", OrderStatus),
        ("Ticket", KitchenTicketStatus),
        ("TicketItem", KitchenItemStatus),
        ("Usage", UsageStatus),
    ],
)
async def test_what_is_said_of_a_status_names_each_there_is_and_no_other(
    document: Any,  # noqa: ANN401 - JSON
    schema: str,
    statuses: type[Enum],
) -> None:
    said = document["components"]["schemas"][schema]["properties"]["status"]["description"]
    assert set(re.findall("[A-Z_]{4,}", said)) == {status.value for status in statuses}


async def test_what_is_said_of_a_payments_status_names_all_that_mq_pay_tells(document: Any) -> None:  # noqa: ANN401 - JSON
    said = document["components"]["schemas"]["Payment"]["properties"]["status"]["description"]
    attempts, transactions = said.split(";")
    for part, words in ((True, attempts), (False, transactions)):
        told = {fact.value.rpartition(".")[2] for fact in FactType if fact.is_attempt is part}
        assert set(re.findall(r"\b(success|settled|failed|expired|cancelled)\b", words)) == told


def references(document: Any, part: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the names of all schemas that a part speaks of."""
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(document, each)
    if isinstance(part, dict) and "$ref" in part and "/schemas/" in part["$ref"]:
        name = part["$ref"].rpartition("/")[2]
        yield name
        yield from references(document, document["components"]["schemas"][name])
