"""The board's files as a browser gets them: types, what may be kept, what the page may load."""

import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from sale_adapters.web import create_app
from sale_adapters.web.board import BoardSetup, Named
from sale_app.composition import InMemorySale

PAGE = Path(__file__).parents[3] / "src/sale_adapters/web/board/page"
SCRIPTS = sorted(path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*.js"))
STYLES = sorted(path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*.css"))
IMPORTED = re.compile(r"""(?:from|import)\s*['"](?P<place>\.[^'"]+)['"]""")


async def test_the_board_needs_no_token_and_runs_no_script_but_its_own(client: httpx.AsyncClient) -> None:
    page = await client.get("/board", headers={"authorization": "", "x-merchant-id": ""})

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script>" not in page.text
    assert "style=" not in page.text


async def test_everything_that_the_page_names_is_there_with_its_type(client: httpx.AsyncClient) -> None:
    page = await client.get("/board")
    named = re.findall(r'(?:href|src)="(board/[^"]+)"', page.text)

    assert len(named) == 5
    types = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
    for place in named:
        answer = await client.get(f"/{place}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, types[Path(place).suffix])
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_module_imports_what_is_there(script: str) -> None:
    for found in IMPORTED.finditer((PAGE / script).read_text()):
        assert (PAGE / script).parent.joinpath(found["place"]).is_file(), found["place"]


async def test_a_file_that_a_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/board/main.js")
    again = await client.get("/board/main.js", headers={"if-none-match": first.headers["etag"]})
    changed = await client.get("/board/main.js", headers={"if-none-match": '"of-yesterday"'})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert changed.content == first.content != b""


async def test_nothing_beside_the_page_is_served(client: httpx.AsyncClient) -> None:
    for path in ("/board/", "/board/index.html", "/board/../app.py", "/board/assets.py", "/board/vendor"):
        assert (await client.get(path)).status_code == 404
    assert (await client.post("/board/main.js")).status_code == 405


async def test_the_page_is_told_what_the_settings_say_and_may_call_the_demos_doors(shop: InMemorySale) -> None:
    async def readiness() -> Mapping[str, str | None]:
        return {}

    setup = BoardSetup(
        sign_in_url="http://127.0.0.1:4000/identity/dev-token",
        pay_url="http://127.0.0.1:4000/mq-pay/payments",
        items=(Named(id="variant-pho", name="Phở bò tái"),),
    )
    app = create_app(shop.sale, readiness=readiness, board=setup)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sale/v1/api/sale") as client:
        told = await client.get("/board/config.json")
        page = await client.get("/board")

    assert told.json() == {
        "demoSignInUrl": "http://127.0.0.1:4000/identity/dev-token",
        "demoPayUrl": "http://127.0.0.1:4000/mq-pay/payments",
        "channels": [],
        "items": [{"id": "variant-pho", "name": "Phở bò tái"}],
        "units": [],
    }
    assert "connect-src 'self' http://127.0.0.1:4000;" in page.headers["content-security-policy"]


def test_both_languages_say_everything() -> None:
    told = {
        language: set(re.findall(r"^  '?([\w.-]+)'?:", (PAGE / f"texts/{language}.js").read_text(), re.MULTILINE))
        for language in ("en", "vi")
    }

    assert told["en"] == told["vi"]
    assert len(told["en"]) > 150


def test_every_text_that_is_asked_for_exists_and_every_text_is_asked_for() -> None:
    known = set(re.findall(r"^  '?([\w.-]+)'?:", (PAGE / "texts/en.js").read_text(), re.MULTILINE))
    asking = "".join((PAGE / script).read_text() for script in SCRIPTS if not script.startswith(("vendor/", "texts")))
    by_name = set(re.findall(r"'([\w.-]+)'", asking))
    # `status.${status}`, `role.${role}.does`
    by_part = re.findall(r"`([\w-]+\.)\$\{[^}]+\}([\w.-]*)`", asking)

    assert set(re.findall(r"\bt\('([\w.-]+)'", asking)) <= known
    assert [
        text
        for text in sorted(known - by_name)
        if not any(text.startswith(first) and text.endswith(last) for first, last in by_part)
    ] == []


@pytest.mark.parametrize("style", STYLES)
def test_nothing_moves_so_that_nobody_need_ask_for_less_of_it(style: str) -> None:
    assert re.findall(r"\b(?:animation|transition|scroll-behavior)\b|@keyframes", (PAGE / style).read_text()) == []
