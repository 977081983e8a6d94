"""What the tests of the whole service share."""

from collections.abc import Iterator

import pytest

import live


@pytest.fixture(scope="session")
def sale() -> Iterator[live.Live]:
    """Yield one running Sale for all tests of this folder; each makes orders of its own."""
    with live.running() as everything:
        yield everything
