"""Texts and documents: what Sale keeps verbatim and never looks into."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

Json: TypeAlias = "str | int | Decimal | bool | Sequence[Json] | Mapping[str, Json] | None"
"""A JSON value whose numbers are exact."""

MAX_TEXT = 500
"""How many characters a text has at most, from outside or put together here (contract §9)."""

JsonObject: TypeAlias = Mapping[str, Json]
"""A JSON object whose numbers are exact."""
