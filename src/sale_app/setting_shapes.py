"""The shapes of settings: each reads a variable's text, or says what is wrong with it by a ValueError."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from sale_adapters.wire.addresses import Network, unmapped
from sale_adapters.wire.signatures import secret_of

T = TypeVar("T")

SHORTEST_SECRET = 8
"""Characters of what is masked in logs."""

_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")

SIGNATURES = ("ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
"""What a token may be signed with; public keys only."""


def text(text: str) -> str:
    """Return any text but an empty one."""
    if not text.strip():
        raise ValueError("is empty")
    return text


def secret(text: str) -> str:
    """Return a secret that logs can mask: a shorter one may be a word that lines are made of."""
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"must have at least {SHORTEST_SECRET} characters: logs could not mask a shorter one")
    return text


def port(text: str) -> int:
    """Return a port number."""
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= 65535:  # noqa: PLR2004 - ports have 16 bits
        raise ValueError(f"must be a port number, not {text!r}")
    return number


def number(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number within limits."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


minutes = number(0, 525_600)
"""Read minutes, up to a year."""


def url(*schemes: str) -> Callable[[str], str]:
    """Return what reads a URL of these schemes."""

    def parse(text: str) -> str:
        try:
            parts = urlsplit(text)
            parts.port  # noqa: B018 - reading it checks it
        except ValueError:
            # Not what it says: that would be a piece of the password.
            raise ValueError(
                "is no URL: its port is no number, or a [ has no ] (in a password / ? # @ [ and : are written"
                " %2F %3F %23 %40 %5B and %3A)"
            ) from None
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{s}://' for s in schemes)}")
        return text.rstrip("/") if parts.scheme.startswith("http") else text

    return parse


def database_url(text: str) -> str:
    """Return a PostgreSQL URL, in the one spelling that is used from here on; libpq knows both."""
    if _NO_ESCAPE.search(text):
        # libpq would show what it cannot read, which is a piece of the password; SQLAlchemy would take it as it is.
        raise ValueError("has a % that no two hexadecimal digits follow, or %00 (in a password % is written %25)")
    return url("postgresql")(text.replace("postgres://", "postgresql://", 1))


def path(text: str) -> str:
    """Return a path that begins with a slash, without one at its end."""
    if not text.startswith("/"):
        raise ValueError(f"must be a path that begins with /, not {text!r}")
    return text.rstrip("/")


def bootstrap(text: str) -> str:
    """Return the addresses of one or more servers."""
    for server in text.split(","):
        host, _, place = server.strip().rpartition(":")
        if not (host and place):
            raise ValueError(f"must be host:port, or several with commas, not {text!r}")
        port(place)
    return text


def one_of(*values: str) -> Callable[[str], str]:
    """Return what reads one of some words, however it is capitalised."""
    spelling = {value.lower(): value for value in values}

    def parse(text: str) -> str:
        if text.lower() not in spelling:
            raise ValueError(f"must be one of {', '.join(values)}, not {text!r}")
        return spelling[text.lower()]

    return parse


def some_of(*names: str) -> Callable[[str], tuple[str, ...]]:
    """Return what reads some of these names, with commas between them, in whatever case."""
    one = one_of(*names)
    return lambda text: tuple(one(name.strip()) for name in text.split(","))


def file(text: str) -> str:
    """Return the path of a file that is there."""
    if not Path(text).is_file():
        raise ValueError(f"is no file: {text!r}")
    return text


def optional(shape: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return what reads a setting that may be empty, which is None."""
    return lambda text: shape(text) if text else None


def networks(text: str) -> tuple[Network, ...]:
    """Return networks of IPv4 and IPv6, or single addresses; of IPv4 written as IPv6, the IPv4."""
    return tuple(unmapped(ip_network(network)) for network in _listed(text))


def webhook_secrets(text: str) -> tuple[bytes, ...]:
    """Return the keys that are written as `whsec_…`; what is wrong with one does not show it."""
    return tuple(secret_of(secret) for secret in _listed(text))


def _listed(text: str) -> list[str]:
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if text.strip() and not entries:
        # Two variables that were not set, with a comma between them, must not switch a guard off.
        raise ValueError("has nothing between its commas; empty it to do without")
    return entries


def names(text: str) -> tuple[tuple[str, str], ...]:
    """Return ids with the names that people know them by, in their order."""
    pairs = [entry.partition("=") for entry in text.split(";") if entry.strip()]
    for known, _, name in pairs:
        if not (known.strip() and name.strip()):
            raise ValueError(f"must be id=Name, several with semicolons, not {text!r}")
    return tuple((known.strip(), name.strip()) for known, _, name in pairs)
