"""What a request can carry: an argument that none can is refused before anything is sent."""

import re
from reprlib import repr as shortened
from urllib.parse import quote

import httpx

from sale_adapters.wire import json
from sale_adapters.wire.places import BASE
from sale_domain.documents import JsonObject

_HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?")

_ELSEWHERE = frozenset({"", ".", ".."})
"""Without the id of a line, its path would be that of all lines."""


def base_of(base_url: str) -> str:
    """Return where Sale's paths begin; they may be named or left out.

    >>> base_of("http://127.0.0.1:31030"), base_of("https://shop.example/v1/api/sale/")
    ('http://127.0.0.1:31030/v1/api/sale', 'https://shop.example/v1/api/sale')

    Raises:
        ValueError: it is no address; it is not repeated, since a password may stand in it.
    """
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    # A user in the address would be sent in place of the token.
    if url.scheme not in {"http", "https"} or not url.host or url.userinfo or url.query or url.fragment:
        raise ValueError("base_url is no http:// or https:// with a host, and without user, query and fragment")
    return base_url.rstrip("/").removesuffix(BASE) + BASE


def header(name: str, text: str) -> str:
    """Return a text that a header can carry.

    Raises:
        ValueError: it cannot; the argument is named, and its text, which may be secret, is not.
    """
    if not _HEADER.fullmatch(text):
        raise ValueError(f"{name} has to be printable ASCII, not empty, and without blanks around it")
    return text


def place(*steps: str) -> str:
    """Return a path below the base; ids are quoted.

    >>> place("sale-orders", "01K/..", "items")
    '/sale-orders/01K%2F../items'

    Raises:
        ValueError: an id is one that would lead elsewhere, or has half a character.
    """
    if not _ELSEWHERE.isdisjoint(steps):
        raise ValueError(f"{steps} has a step that is no id")
    try:
        return "".join(f"/{quote(step, safe='')}" for step in steps)
    except UnicodeEncodeError as broken:
        raise _half(broken) from None


def filters(query: JsonObject) -> dict[str, str]:
    """Return a query's texts.

    Raises:
        ValueError: one has half a character.
    """
    told = {name: str(value) for name, value in query.items()}
    try:
        "".join(told.values()).encode()
    except UnicodeEncodeError as broken:
        raise _half(broken) from None
    return told


def content(body: JsonObject) -> bytes:
    """Return a body's bytes.

    Raises:
        ValueError: a text has half a character.
    """
    try:
        return json.write(body)
    except UnicodeEncodeError as broken:
        raise _half(broken) from None


def _half(broken: UnicodeEncodeError) -> ValueError:
    return ValueError(f"{shortened(broken.object)} has half a character: a surrogate without its other half")
