"""Ids that count up: the same run gives the same ids."""

from itertools import count

from sale_domain.ids import new_id


class SequentialIds:
    """The `Ids` port for tests: 1, 2, 3, … with the bucket behind.

    Args:
        milliseconds: The time that every id names.
        first: The number that the first id has.
    """

    def __init__(self, *, milliseconds: int = 0, first: int = 1) -> None:
        self._milliseconds = milliseconds
        self._numbers = count(first)

    def new(self, bucket: int) -> str:
        """See `Ids`."""
        return new_id(milliseconds=self._milliseconds, randomness=next(self._numbers), bucket=bucket)
