"""What operators say about the board, and whose pages the sandbox lets call."""

import httpx
import pytest

from sale_adapters.sandbox import create_sandbox
from sale_app import setting_shapes as shapes


def test_names_are_read_in_their_order_and_may_have_spaces_around() -> None:
    told = shapes.names("table-1=Bàn 1; table-2 = Bàn 2;")
    assert told == (("table-1", "Bàn 1"), ("table-2", "Bàn 2"))
    assert shapes.names("") == ()


@pytest.mark.parametrize("told", ["table-1", "=Bàn 1", "table-1=", "table-1=Bàn 1;table-2"])
def test_a_name_without_an_id_or_an_id_without_a_name_is_refused(told: str) -> None:
    with pytest.raises(ValueError, match="must be id=Name"):
        shapes.names(told)


async def test_the_sandbox_lets_the_boards_page_call_and_no_other() -> None:
    app = create_sandbox(webhook="http://127.0.0.1:1/", origins=("http://127.0.0.1:31030",))
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sandbox") as client:
        board, stranger = [
            await client.options("/identity/dev-token", headers={**asked, "origin": origin})
            for origin in ("http://127.0.0.1:31030", "http://elsewhere")
        ]

    assert board.headers["access-control-allow-origin"] == "http://127.0.0.1:31030"
    assert stranger.status_code == 400
    assert "access-control-allow-origin" not in stranger.headers
