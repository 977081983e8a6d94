"""How a part tells what it is doing."""

from collections.abc import Callable

Progress = Callable[[str], None]


def silent(message: str) -> None:
    """Take a message and keep it to oneself."""
