"""What the reference says of the fields of events and of the stream's messages."""

import re

import attrs
import pytest

from sale_adapters.web.schema import meanings
from sale_adapters.web.stream import messages
from sale_adapters.wire import frames
from sale_domain import events

PARTS = [
    kind
    for module in (events, frames, messages)
    for kind in vars(module).values()
    if attrs.has(kind) and kind.__module__ == module.__name__
]


@pytest.mark.parametrize("part", PARTS)
def test_every_field_that_is_not_an_id_says_what_it_means(part: type[attrs.AttrsInstance]) -> None:
    names = {field.name for field in attrs.fields(part)}
    told = meanings(part)
    assert told.keys() <= names
    assert [name for name in names - told.keys() if not re.search("(^|_)id$", name)] == []
