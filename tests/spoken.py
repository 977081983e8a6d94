"""What a process would have written to its log, formatted at the moment that it is said."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from sale_app.logs import formatter


class Spoken(logging.Handler):
    """A handler that keeps its lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def objects(self, logger: str = "") -> list[dict[str, Any]]:
        """Return the lines as JSON, of one logger if it is named."""
        said = [msgspec.json.decode(line) for line in self.lines]
        return [each for each in said if each["logger"].startswith(logger)]


@contextmanager
def spoken(*, as_json: bool = True, level: int = logging.INFO, secrets: tuple[str, ...] = ()) -> Iterator[Spoken]:
    """Listen to everything that is said in the block."""
    listening, root = Spoken(), logging.getLogger()
    listening.setFormatter(formatter(as_json=as_json, secrets=secrets))
    before = root.level
    root.addHandler(listening)
    root.setLevel(level)
    try:
        yield listening
    finally:
        root.removeHandler(listening)
        root.setLevel(before)


def said(record: logging.LogRecord) -> str:
    """Return a record as text, without the time: level, logger, sentence, and fields as `name=value`."""
    return formatter(as_json=False).format(record).partition(" ")[2]
