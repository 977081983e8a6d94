"""Ids that count up: the same run gives the same ids."""

from itertools import count

from sale_domain.ids import new_id


class SequentialIds:
    """The `Ids` port for tests: 1, 2, 3, … with the bucket behind."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self, bucket: int) -> str:
        """See `Ids`."""
        return new_id(milliseconds=0, randomness=next(self._numbers), bucket=bucket)
