"""Bodies and queries: exact, strict, and every error at its pointer."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_adapters.wire import json
from sale_adapters.wire.bodies import (
    CancelBody,
    ChangeItemBody,
    CheckoutBody,
    NewOrderBody,
    OrderQuery,
    RevertBody,
    read_item,
)
from sale_adapters.wire.parsing import parse_body, parse_query
from sale_adapters.wire.refusals import InvalidInput
from sale_adapters.wire.scalars import QuantityOrNone
from sale_domain.ids import CustomerId, ItemId, SaleChannelId
from sale_domain.lines import Keep
from sale_domain.money import Currency
from sale_domain.order_errors import TooManyLines
from sale_domain.order_lifecycle import OrderStatus
from sale_domain.use_cases.checkout import CheckoutRequest
from sale_domain.use_cases.ordering import ComponentRequest, CustomRequest, NewOrder, ProductRequest


def errors_of(body: bytes | str, kind: type = NewOrderBody) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        parse_body(body.encode() if isinstance(body, str) else body, kind)
    return {error.pointer: error.detail for error in refused.value.errors}


def item_errors(body: str | bytes) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        read_item(body.encode() if isinstance(body, str) else body)
    return {error.pointer: error.detail for error in refused.value.errors}


def query_errors(*pairs: tuple[str, str]) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        parse_query(pairs, OrderQuery)
    return {error.pointer: error.detail for error in refused.value.errors}


def test_a_new_order_with_pho_a_combo_and_a_custom_cake_is_read_in_full() -> None:
    body = """{"saleChannelId": "channel-vnd", "currency": "VND", "customerId": "lan", "note": "bàn 4", "items": [
        {"itemId": "variant-pho", "quantity": 2, "note": "ít hành"},
        {"itemId": "variant-combo-sang", "components": [{"itemId": "variant-tra-da", "quantity": "0.5"}]},
        {"mode": "CUSTOM", "name": "Bánh", "unitPrice": "250000.5000", "quantity": 1.25}]}"""

    assert parse_body(body.encode(), NewOrderBody).request() == NewOrder(
        sale_channel_id=SaleChannelId("channel-vnd"),
        currency=Currency("VND"),
        customer_id=CustomerId("lan"),
        note="bàn 4",
        items=(
            ProductRequest(item_id=ItemId("variant-pho"), quantity=Decimal(2), note="ít hành"),
            ProductRequest(
                item_id=ItemId("variant-combo-sang"),
                components=(ComponentRequest(item_id=ItemId("variant-tra-da"), quantity=Decimal("0.5")),),
            ),
            CustomRequest(name="Bánh", unit_price=Decimal("250000.5"), quantity=Decimal("1.25")),
        ),
    )


def test_an_item_is_told_apart_by_its_mode() -> None:
    assert read_item(b'{"mode": "PRODUCT", "itemId": "variant-pho"}') == ProductRequest(item_id=ItemId("variant-pho"))
    assert item_errors('{"mode": "GIFT", "itemId": "variant-pho"}') == {"/mode": "must be PRODUCT or CUSTOM"}
    assert item_errors('{"mode": ["CUSTOM"]}') == {"/mode": "must be PRODUCT or CUSTOM"}
    assert item_errors('{"mode": "CUSTOM", "itemId": "x"}') == {
        "/name": "is required",
        "/unitPrice": "is required",
        "/itemId": "is not known",
    }


def test_an_empty_body_is_an_empty_object() -> None:
    assert parse_body(b"", CheckoutBody).request() == CheckoutRequest()
    assert parse_body(b"", RevertBody) == RevertBody()
    assert errors_of(b"", CancelBody) == {"/reason": "is required"}


def test_a_change_tells_an_absent_note_from_one_that_is_emptied() -> None:
    assert parse_body(b'{"quantity": 0}', ChangeItemBody) == ChangeItemBody(
        quantity=QuantityOrNone(Decimal(0)), note=Keep.KEEP
    )
    assert parse_body(b'{"note": null}', ChangeItemBody) == ChangeItemBody(quantity=None, note=None)
    assert parse_body(b'{"note": "cay"}', ChangeItemBody).note == "cay"
    assert errors_of('{"note": ""}', ChangeItemBody) == {"/note": "must have 1 to 500 characters"}


def test_every_error_is_told_at_once_at_its_own_place() -> None:
    body = """{"currency": "vnd", "color": 1, "items": [
        {"itemId": "variant-pho", "quantity": 0},
        {"quantity": true, "components": [{"itemId": 5, "quantity": "two"}, 7]},
        [],
        {"mode": "CUSTOM", "name": "", "unitPrice": -1}]}"""

    assert errors_of(body) == {
        "/saleChannelId": "is required",
        "/currency": "must be a currency code of three capital letters",
        "/color": "is not known",
        "/items/0/quantity": "must be greater than 0",
        "/items/1/itemId": "is required",
        "/items/1/quantity": "must be a number",
        "/items/1/components/0/itemId": "must be text",
        "/items/1/components/0/quantity": "must be a number",
        "/items/1/components/1": "must be an object",
        "/items/2": "must be an object",
        "/items/3/name": "must have 1 to 500 characters",
        "/items/3/unitPrice": "must not be negative",
    }


@pytest.mark.parametrize(
    "body", ["{", "[]", "7", '"text"', "null", "true", "NaN", '{"quantity": NaN}', "\ufeff{}", "{} {}"]
)
def test_what_is_no_json_object_is_refused_as_a_whole(body: str) -> None:
    assert list(errors_of(body)) == [""]


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b'{"note": "a", "note": "b"}',
        b"[" * 100_000,
        b'{"items": -Infinity}',
    ],
)
def test_bytes_that_mean_nothing_certain_are_refused_as_a_whole(body: bytes) -> None:
    assert list(errors_of(body)) == [""]


@pytest.mark.parametrize(
    "quantity",
    [
        "true",
        "null",
        "[]",
        "{}",
        '"NaN"',
        '"Infinity"',
        '"1e3"',
        '" 1"',
        '"1_0"',
        '"٣"',
        '"0x10"',
        '""',
        "1e999999999",
        "1E-999999999",
        "0.00001",
        "100000000000",
        "-1",
        "0",
        "-0.0",
        '"' + "9" * 600 + '"',
    ],
)
def test_a_quantity_that_is_no_positive_decimal_of_four_places_is_refused(quantity: str) -> None:
    assert list(item_errors(f'{{"itemId": "variant-pho", "quantity": {quantity}}}')) == ["/quantity"]


@given(st.decimals(min_value=Decimal("0.0001"), max_value=Decimal("99999999999.9999"), places=4))
def test_a_quantity_comes_in_exactly_as_number_or_as_text(quantity: Decimal) -> None:
    for written in (f"{quantity:f}", f'"{quantity:f}"'):
        assert read_item(f'{{"itemId": "variant-pho", "quantity": {written}}}'.encode()).quantity == quantity


@pytest.mark.parametrize(
    "text", ["", " ", "\\u200b\\u00a0", "\\u3164", "x" * 501, "a\\u0000b", "a\\nb", "\\u007f", "\\u0085", "\\ud800"]
)
def test_a_text_has_1_to_500_characters_that_can_be_printed(text: str) -> None:
    assert list(errors_of(f'{{"reason": "{text}"}}', CancelBody)) == ["/reason"]


@pytest.mark.parametrize("text", [".", " 🙂", "\u200bbàn 4", "\U0001fadf", "﷽"])
def test_a_text_has_something_to_be_seen_of_whatever_script(text: str) -> None:
    assert parse_body(json.write({"reason": text}), CancelBody).reason == text


def test_a_text_may_hold_any_language_and_500_characters() -> None:
    reason = "Khách đổi ý 🙂" + "ầ" * 486

    assert parse_body(json.write({"reason": reason}), CancelBody).reason == reason


def test_a_pointer_escapes_what_a_field_is_called_and_stays_short_and_printable() -> None:
    assert errors_of('{"reason": "x", "a/b~c": 1}', CancelBody) == {"/a~1b~0c": "is not known"}
    assert errors_of('{"reason": "x", "\\ud800": 1}', CancelBody) == {"/\\ud800": "is not known"}
    (pointer,) = errors_of(json.write({"reason": "x", "y" * 10_000: 1}), CancelBody)
    assert len(pointer) == 101


def test_no_more_than_fifty_errors_are_told() -> None:
    assert len(errors_of(json.write({f"field-{n}": n for n in range(9_000)}), CancelBody)) == 50


def test_a_list_that_no_order_could_hold_is_refused_before_its_elements_are_looked_at() -> None:
    items: Any = [None] * 10_000

    assert errors_of(json.write({"saleChannelId": "channel-vnd", "items": items})) == {
        "/items": "must have at most 500 elements"
    }


def test_components_count_as_lines_too() -> None:
    combo: Any = {"itemId": "combo", "components": [{"itemId": "part", "quantity": 1}] * 250}
    order = parse_body(json.write({"saleChannelId": "channel-vnd", "items": [combo, combo]}), NewOrderBody)

    with pytest.raises(TooManyLines):
        order.request()
    with pytest.raises(TooManyLines):
        read_item(json.write({**combo, "components": combo["components"] * 2}))


def test_an_exchange_rate_has_ten_decimals_and_a_total_four() -> None:
    body = b'{"expectedTotal": "3.5", "exchangeRate": 25400.1234567891}'

    assert parse_body(body, CheckoutBody).request() == CheckoutRequest(
        expected_total=Decimal("3.5"), exchange_rate=Decimal("25400.1234567891")
    )
    assert list(errors_of('{"exchangeRate": 0}', CheckoutBody)) == ["/exchangeRate"]
    assert list(errors_of('{"exchangeRate": 0.00000000001, "expectedTotal": -1}', CheckoutBody)) == [
        "/expectedTotal",
        "/exchangeRate",
    ]


def test_a_query_is_read_as_strictly_as_a_body() -> None:
    query = parse_query(
        [("status", "DRAFT"), ("createdFrom", "2026-01-05T14:30:00+07:00"), ("limit", "200")], OrderQuery
    )

    assert query.filter().status is OrderStatus.DRAFT
    assert str(query.filter().created_from) == "2026-01-05 07:30:00+00:00"
    assert query.limit == 200
    assert parse_query([], OrderQuery).limit == 50
    assert list(
        query_errors(("status", "draft"), ("state", "x"), ("limit", "0"), ("cursor", "?"), ("createdTo", "2026"))
    ) == ["/query/status", "/query/createdTo", "/query/limit", "/query/cursor", "/query/state"]
    assert query_errors(("limit", "1"), ("limit", "2")) == {"/query/limit": "must be given once"}


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "٣", "", "99999999999", "ten"])
def test_a_page_has_1_to_200_things(limit: str) -> None:
    assert list(query_errors(("limit", limit))) == ["/query/limit"]


@pytest.mark.parametrize(
    "time",
    ["2026-01-05", "20260105T073000Z", "2026-01-05T07:30:00", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00"],
)
def test_a_time_is_rfc_3339_and_exists(time: str) -> None:
    assert list(query_errors(("createdFrom", time))) == ["/query/createdFrom"]


@pytest.mark.parametrize("cursor", ["", "é", "AAAA", "a" * 10_000, "bm90IGFuIGlk"])
def test_a_cursor_is_one_of_ours(cursor: str) -> None:
    assert list(query_errors(("cursor", cursor))) == ["/query/cursor"]


@pytest.mark.timeout(20)
def test_a_text_that_never_ends_is_refused_at_once_however_many_quotes_are_in_it() -> None:
    with pytest.raises(json.BadJson):
        json.read(b"[]" * 101 + b'"' + b'\\"' * 500_000)


def test_json_nests_a_hundred_deep_and_no_deeper() -> None:
    brackets_in_texts = [json.write("[{" * 200), b'"' + b'\\"[' * 200 + b'"', b'"' + b"\\\\" * 99 + b'"']
    for inner in (b"1", *brackets_in_texts):
        assert json.read(b"[" * json.MAX_DEPTH + inner + b"]" * json.MAX_DEPTH)
    wide = b"[" + b",".join([b'{"a": [1]}'] * 500) + b"]"
    assert isinstance(json.read(wide), list)
    deeper = b'{"a":' * 101 + b"1" + b"}" * 101
    with pytest.raises(json.BadJson, match="nested too deep"):
        json.read(deeper)
    with pytest.raises(json.BadJson):
        json.read(b'"' + b"[" * 100_000)


@given(st.binary(max_size=200))
def test_no_bytes_ever_do_more_than_be_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_body(data, NewOrderBody)
