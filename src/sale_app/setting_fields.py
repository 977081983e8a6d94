"""What is known of a setting: its meaning, its shape, its default, and which processes read it."""

from collections.abc import Callable
from enum import Enum
from typing import Any

import attrs

from sale_app import setting_shapes as shapes


class Process(Enum):
    """Which process a setting is for."""

    SERVE = "serve"
    RELAY = "relay"
    MIGRATE = "migrate"
    MIGRATE_DATABASE = "migrate --without-topics"
    DOCTOR = "doctor"
    INBOX = "inbox"
    OUTBOX = "outbox"
    RECONCILE = "reconcile"


EVERY = frozenset(Process)
NOBODY = frozenset[Process]()
WITH_KAFKA = frozenset({Process.RELAY, Process.MIGRATE, Process.DOCTOR, Process.RECONCILE})
RECONCILING = frozenset({Process.RELAY, Process.RECONCILE})
SERVE = frozenset({Process.SERVE, Process.DOCTOR})


def setting(
    meaning: str,
    parse: Callable[[str], Any] = shapes.text,
    *,
    of: frozenset[Process] = EVERY,
    also: frozenset[Process] = frozenset(),
    default: str | None = None,
    secret: bool = False,
) -> Any:  # noqa: ANN401 - as attrs.field
    """Return the field of a setting.

    Args:
        meaning: For operators.
        parse: Reads the variable's text, or says by a ValueError what is wrong with it.
        of: The processes that cannot do without.
        also: Those that read it when it is there.
        default: The text of a variable that is not set; None is none.
        secret: Whether its value is never shown.
    """
    return attrs.field(
        default=None,
        metadata={
            "meaning": meaning,
            "parse": parse,
            "of": of,
            "readers": of | also,
            "default": default,
            "secret": secret,
        },
    )


def variable(name: str) -> str:
    """Return the environment variable of an attribute.

    >>> variable("http_port")
    'SALE_HTTP_PORT'
    """
    return f"SALE_{name.upper()}"
