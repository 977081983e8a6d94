"""The board's files: read once, each answered with its type and an ETag, and asked for again with If-None-Match."""

import hashlib
from pathlib import Path

import attrs

from sale_adapters.web.access import PUBLIC
from sale_adapters.web.board.setup import BoardSetup
from sale_adapters.web.calls import Call
from sale_adapters.web.routing import Operation
from sale_adapters.wire import json
from sale_domain.ports.answers import StoredAnswer

_HERE = Path(__file__).parent / "page"
_PAGE = "index.html"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_NOT_MODIFIED = 304


@attrs.frozen(kw_only=True)
class Asset:
    """One file of the page.

    Attributes:
        headers: Its type, and for the page itself what it may load and call.
    """

    body: bytes
    headers: tuple[tuple[str, str], ...]

    @property
    def etag(self) -> str:
        """Return what changes with the content."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    async def show(self, call: Call) -> StoredAnswer:
        """Answer the file, or that the caller has it already; browsers ask each time, so that an update is seen."""
        fresh = (("etag", self.etag), ("cache-control", "no-cache"), ("x-content-type-options", "nosniff"))
        known = call.request.headers.get("if-none-match", "")
        if self.etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
            return StoredAnswer(status=_NOT_MODIFIED, headers=fresh, body=b"")
        return StoredAnswer(status=200, headers=(*self.headers, *fresh), body=self.body)


class Board:
    """Every file of the page, and what it is told."""

    def __init__(self, setup: BoardSetup) -> None:
        """Read the files."""
        files = {path.relative_to(_HERE).as_posix(): path for path in _HERE.rglob("*") if path.suffix in _TYPES}
        assets = {name: Asset(body=path.read_bytes(), headers=_type(path.suffix)) for name, path in files.items()}
        assets["config.json"] = Asset(body=json.write(setup.document()), headers=_type(".json"))
        page = assets.pop(_PAGE)
        self._page = attrs.evolve(page, headers=(*page.headers, *_guards(setup)))
        self._assets = assets

    async def page(self, call: Call) -> StoredAnswer:
        """Answer the page itself."""
        return await self._page.show(call)

    def operations(self) -> list[Operation]:
        """Return the operations that serve what the page loads; they are of no interest to other callers."""
        return [
            Operation(
                method="GET",
                path=f"/board/{name}",
                access=PUBLIC,
                summary="Read a file of the board.",
                handler=asset.show,
                answers={200: "application/octet-stream"},
            )
            for name, asset in self._assets.items()
        ]


def _type(suffix: str) -> tuple[tuple[str, str], ...]:
    return (("content-type", _TYPES[suffix]),)


def _guards(setup: BoardSetup) -> tuple[tuple[str, str], ...]:
    """Let the page run its own modules alone, and call its own origin and the demo's doors."""
    called = " ".join(("'self'", *setup.origins()))
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src {called}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types lit-html"
    )
    return (("content-security-policy", policy), ("referrer-policy", "no-referrer"))
