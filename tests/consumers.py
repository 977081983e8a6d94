"""The services behind Kafka, as far as they decide anything: how each one takes an event in, once."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sale_adapters.wire import json


def read(payload: bytes) -> dict[str, Any]:
    """Return a record's value, money as exact decimals."""
    document = json.read(payload)
    assert isinstance(document, dict)
    return document


class Finance:
    """Books an order once, when it is fully paid: dedup by saleOrderId (C5)."""

    def __init__(self) -> None:
        self.booked: dict[str, Decimal] = {}

    def take(self, payload: bytes) -> None:
        event = read(payload)
        if event["payment"]["isFullyPaid"] and event["saleOrderId"] not in self.booked:
            self.booked[event["saleOrderId"]] = Decimal(event["payment"]["paid"])


class FinanceByAttempt:
    """Books every attempt on the day that it is told of, into the wallet of its provider: dedup by eventId."""

    def __init__(self) -> None:
        self.booked: list[tuple[str, str, Decimal]] = []
        self._seen: set[str] = set()

    def take(self, payload: bytes) -> None:
        event = read(payload)
        if event["eventId"] in self._seen:
            return
        self._seen.add(event["eventId"])
        self.booked += [
            (attempt["uid"], attempt["paymentProvider"], Decimal(attempt["amount"]))
            for attempt in event["payment"]["attempts"]
        ]


class Inventory:
    """Takes what was sold out of the stocks: dedup by (saleOrderId, stockId) (C2)."""

    def __init__(self) -> None:
        self.taken: dict[tuple[str, str], Decimal] = {}

    def take(self, payload: bytes) -> None:
        event = read(payload)
        for row in event["stocks"]:
            self.taken.setdefault((event["saleOrderId"], row["stockId"]), Decimal(row["quantity"]))


class InventoryOfMaterials:
    """Takes what a dish is made of when it is READY: dedup by (saleOrderId, kitchenTicketItemId, materialId) (C3, C15).

    Attributes:
        recipes: What one of a dish needs, by recipe and material.
    """

    def __init__(self, recipes: Mapping[str, Mapping[str, Decimal]]) -> None:
        self.recipes = recipes
        self.consumed: dict[tuple[str, str, str], Decimal] = {}

    def take(self, payload: bytes) -> None:
        event = read(payload)
        if event.get("status") != "READY" or "recipeId" not in event:
            return
        for material, each in self.recipes[event["recipeId"]].items():
            key = (event["saleOrderId"], event["kitchenTicketItemId"], material)
            self.consumed.setdefault(key, each * Decimal(event["quantity"]))

    def used(self, material: str) -> Decimal:
        """Return how much of a material is gone."""
        return sum((amount for key, amount in self.consumed.items() if key[2] == material), start=Decimal(0))
