"""What ARCHITECTURE.md draws and names is how it is; `make check` refuses a map that is not true."""

import pytest

from rooms import MAP, untruths

TRUE = MAP.read_text()


def test_the_map_is_true() -> None:
    assert untruths(TRUE) == []
    assert len(TRUE.splitlines()) < 80, "it is one page"


@pytest.mark.parametrize(
    ("written", "instead", "untruth"),
    [
        ("    kafka\n", "    rabbitmq\n", "sale_adapters.rabbitmq is drawn and not there"),
        ("orders[orders, ledger, basket]", "orders[orders, cart]", "sale_domain.cart is drawn and not there"),
        ("web --> use_cases", "web --> publishing", "web is drawn to use publishing and does not import it"),
        ("& memory &", "& memory & orders &", "orders is drawn to use ports and does not import it"),
        ("`settings.py`", "`configuration.py`", "src/sale_app/configuration.py is not there"),
        ("`publishing.py`", "`publisher.py`", "src/sale_domain/publisher.py is not there"),
        ("`sandbox` plays", "something plays", "src/sale_adapters/sandbox is not on the map"),
        ("`chaos` (real", "(real", "tests/chaos is not on the map"),
    ],
)
def test_what_is_not_true_of_a_map_is_said(written: str, instead: str, untruth: str) -> None:
    assert written in TRUE
    assert untruth in untruths(TRUE.replace(written, instead))
