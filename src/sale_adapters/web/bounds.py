"""Limits of what Sale takes: they may be widened, and never narrowed (C18, C19, C21)."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sale_adapters.wire import json

_CEILINGS = frozenset({"maxLength", "maxItems", "maximum", "exclusiveMaximum"})
_FLOORS = frozenset({"minLength", "minItems", "minimum", "exclusiveMinimum"})
_AS_IT_IS = frozenset({"pattern", "multipleOf"})
_DEFAULT = "default"


def bounds_of(path: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each limit of a part as `path keyword` and its value in JSON."""
    for keyword in sorted({*_CEILINGS, *_FLOORS, *_AS_IT_IS, _DEFAULT} & schema.keys()):
        yield f"{path} {keyword}", json.write(schema[keyword]).decode()


def narrowed(published: Mapping[str, str], now: Mapping[str, str], *, fields: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for every limit that refuses what was taken before, or means something else.

    Args:
        published: The limits of then.
        now: The limits of now.
        fields: What could be sent then: what is new may have any limits.
    """
    for name in sorted(published.keys() | now.keys()):
        path, _, keyword = name.rpartition(" ")
        before, here = published.get(name), now.get(name)
        if path in fields and before != here and not _is_wider(keyword, before, here):
            yield f"{path} had {keyword} {before or 'of no kind'} and has {here or 'none'} now."


def _is_wider(keyword: str, before: str | None, now: str | None) -> bool:
    if before is None or now is None:
        # Without a limit everything is taken; without a default, what is left out means something else than before.
        return (now is None) is not (keyword == _DEFAULT)
    if keyword in _CEILINGS:
        return Decimal(now) >= Decimal(before)
    return keyword in _FLOORS and Decimal(now) <= Decimal(before)
