"""The third door, from the wheel: the service runs from an environment that holds its pins alone, on real parts."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from built import ran
from sale_adapters.embedded import free_ports
from sale_adapters.sandbox.identity import IdentitySettings

TWO_PHO = {"saleChannelId": "channel-vnd", "items": [{"itemId": "variant-pho", "quantity": 2}]}


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def sandbox_port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def environment(database_url: str, redis_url: str, port: int, sandbox_port: int) -> Mapping[str, str]:
    """Return all that the service is told: variables, and no other way in."""
    known, sisters = IdentitySettings(), f"http://127.0.0.1:{sandbox_port}"
    return {
        "PATH": "/usr/bin:/bin",
        "SALE_HTTP_HOST": "127.0.0.1",
        "SALE_HTTP_PORT": str(port),
        "SALE_DATABASE_URL": database_url,
        "SALE_REDIS_URL": redis_url,
        "SALE_IDENTITY_URL": f"{sisters}/identity",
        "SALE_COMMERCE_URL": f"{sisters}/commerce",
        "SALE_PRICING_URL": f"{sisters}/pricing",
        "SALE_CLIENT_ID": known.client_id,
        "SALE_CLIENT_SECRET": known.client_secret,
        "SALE_JWT_ISSUER": known.issuer,
        "SALE_JWT_AUDIENCE": known.audience,
    }


@contextmanager
def running(*command: str | Path, cwd: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(list(map(str, command)), cwd=cwd, env=environment)  # noqa: S603 - our own build
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def once(there: Callable[[], httpx.Response], *, within_seconds: float = 60) -> httpx.Response:
    """Ask until somebody answers well."""
    deadline = time.monotonic() + within_seconds
    while True:
        try:
            answer = there()
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.is_success:
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def test_the_installed_service_sells_two_bowls_on_real_parts(
    serving: Path, tmp_path: Path, environment: Mapping[str, str], port: int, sandbox_port: int
) -> None:
    command, home = serving.with_name("sale"), f"http://127.0.0.1:{port}/v1/api/sale"
    ran(serving, "-m", "sale_app", "migrate", "--without-topics", cwd=tmp_path, environment=environment)
    webhook = ("--webhook-url", f"{home}/webhooks/payment")
    with (
        running(command, "sandbox", "--port", str(sandbox_port), *webhook, cwd=tmp_path, environment=environment),
        running(command, "serve", cwd=tmp_path, environment=environment),
        httpx.Client(timeout=30, trust_env=False) as client,
    ):
        sandbox = f"http://127.0.0.1:{sandbox_port}"
        who = {"userId": "lan", "roles": ["admin"], "merchants": ["merchant-1"]}
        token = once(lambda: client.post(f"{sandbox}/identity/dev-token", json=who)).json()["access_token"]
        client.headers.update({"authorization": f"Bearer {token}", "x-merchant-id": "merchant-1"})
        once(lambda: client.get(f"{home}/readyz"))

        order = client.post(f"{home}/sale-orders", json=TWO_PHO).raise_for_status().json()
        client.post(f"{home}/sale-orders/{order['id']}/checkout", json={}).raise_for_status()
        paid = {"saleOrderId": order["id"], "amount": 130_000}
        client.post(f"{sandbox}/mq-pay/payments", json=paid).raise_for_status()

        assert client.get(f"{home}/sale-orders/{order['id']}").json()["status"] == "COMPLETED"
        assert "Sale" in client.get(f"{home}/board").text


def test_console_script_and_module_are_one_and_say_what_is_missing(serving: Path, tmp_path: Path) -> None:
    listed = ran(serving.with_name("sale"), "settings", cwd=tmp_path, environment={"COLUMNS": "200"})
    assert "SALE_DATABASE_URL" in listed
    assert ran(serving, "-m", "sale_app", "settings", cwd=tmp_path, environment={"COLUMNS": "200"}) == listed
    done = subprocess.run([serving, "-m", "sale_app", "serve"], capture_output=True, text=True, env={}, check=False)  # noqa: S603 - our own build
    assert done.returncode == 2
    assert "SALE_DATABASE_URL" in done.stderr


def test_the_library_alone_says_what_the_command_line_needs(bare: Path, tmp_path: Path) -> None:
    done = subprocess.run([bare, "-m", "sale_app"], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - our own build
    assert done.returncode == 1
    assert done.stderr.strip() == "The command line needs typer: pip install 'sale[service]'"
