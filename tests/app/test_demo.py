"""`sale demo` as its user sees it: the story, an end that leaves nothing behind, and a start with the old data."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from live import demo_json
from processes import alive
from sale_adapters.embedded import free_ports
from sale_adapters.kafka.reading import CommittedRecord, committed_records

pytestmark = pytest.mark.long


@contextmanager
def _demo(
    data_dir: Path, port: int, *options: str, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "sale_app", "demo", "--data-dir", str(data_dir), "--port", str(port), *options]
    environment = {**os.environ, **(env or {})}
    with subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        try:
            yield demo
        finally:
            # Its leash takes everything else with it.
            demo.kill()


def _until(happened: Callable[[], bool], *, within_seconds: float = 60) -> None:
    deadline = time.monotonic() + within_seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _pids(data_dir: Path) -> list[int]:
    return [pid for pids in demo_json(data_dir)["processes"].values() for pid in pids]


def _beside(data_dir: Path, command: str) -> None:
    """Give a command of `sale` in a shell that knows nothing but the settings that the demo wrote."""
    script = f". {data_dir}/settings.sh && {sys.executable} -m sale_app {command}"
    path = {"PATH": os.environ["PATH"]}
    ran = subprocess.run(["sh", "-c", script], env=path, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603, S607 - our own command
    assert ran.returncode == 0, (command, ran.stdout, ran.stderr)


def _read_until(demo: subprocess.Popen[str], words: str) -> str:
    assert demo.stdout is not None
    told = ""
    for line in demo.stdout:
        told += line
        if words in line:
            return told
    raise AssertionError(f"the demo ended without saying {words!r}:\n{told}")


def test_once_tells_the_whole_story_and_leaves_nothing_running(tmp_path: Path) -> None:
    with _demo(tmp_path, free_ports(1)[0], "--once") as demo:
        told, _ = demo.communicate(timeout=120)

    assert demo.returncode == 0, told
    steps = [line for line in told.splitlines() if line.startswith("Kafka has event")]
    assert [("topic payment.success, partition" in step, ", offset " in step) for step in steps] == [(True, True)] * 2
    assert "COMPLETED" in steps[-1]
    assert not (tmp_path / "demo.json").exists()
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or ())]


def test_a_killed_demo_takes_everything_with_it_and_starts_again_with_its_data(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    with _demo(tmp_path, port) as demo:
        _read_until(demo, "Press Ctrl-C")
        pids, orders = _pids(tmp_path), _orders(demo_json(tmp_path))
        demo.kill()
        demo.wait()
        _until(lambda: not any(map(alive, pids)), within_seconds=20)

    with _demo(tmp_path, port) as again:
        _read_until(again, "Press Ctrl-C")
        pids = _pids(tmp_path)
        assert set(orders) < set(_orders(demo_json(tmp_path)))
        for command in ("doctor", "outbox list", "inbox list", "reconcile"):
            _beside(tmp_path, command)
        again.send_signal(signal.SIGINT)
        said, _ = again.communicate(timeout=60)

    assert again.returncode == 0
    assert "nothing is left running" in said
    assert not any(map(alive, pids))
    assert not (tmp_path / "settings.sh").exists()


def test_a_part_that_dies_comes_back_and_no_event_is_lost_or_doubled(tmp_path: Path) -> None:
    with _demo(tmp_path, free_ports(1)[0]) as demo:
        _read_until(demo, "Press Ctrl-C")
        told = demo_json(tmp_path)
        killed = told["processes"]["relay"][0]
        with httpx.Client(headers=_cashier(told), timeout=30) as client:
            paid = [_sell(client, told) for _ in range(5)]
            os.kill(killed, signal.SIGKILL)
            paid += [_sell(client, told) for _ in range(5)]
        _until(lambda: demo_json(tmp_path)["processes"]["relay"][0] != killed)
        for order_id in paid:
            assert len(_records(told, key=order_id, count=1, timeout_seconds=30)) == 1
        every = [record.key for record in _records(told, key=None, count=10**6, timeout_seconds=3)]
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=60)

    assert sorted(key for key in every if key in paid) == sorted(paid)


def test_without_a_network_for_kafka_the_sale_goes_on_and_its_events_wait_in_the_outbox(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    no_network = {"SALE_CACHE_DIR": str(tmp_path / "cache"), "HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere}
    with _demo(tmp_path / "data", free_ports(1)[0], "--once", env=no_network) as demo:
        told, _ = demo.communicate(timeout=120)

    assert demo.returncode == 0, told
    assert "Apache Kafka is not on this machine yet" in told
    assert [line.split()[:3] for line in told.splitlines() if "in the outbox" in line] == [
        ["event", "1", "waiting"],
        ["event", "2", "waiting"],
    ]


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    with socket.create_server(("127.0.0.1", port)), _demo(tmp_path, port, "--once") as demo:
        told, _ = demo.communicate(timeout=30)

    assert demo.returncode == 1
    assert f"Port {port} is taken" in told
    assert not list(tmp_path.iterdir())


def _records(told: dict[str, str], **which: Any) -> list[CommittedRecord]:  # noqa: ANN401 - of committed_records
    return committed_records(told["kafkaBootstrap"], topic="payment.success", **which)


def _cashier(told: dict[str, str]) -> dict[str, str]:
    who = {"roles": ["cashier"], "merchants": ["merchant-1"]}
    token = httpx.post(f"{told['sandbox']}/identity/dev-token", json=who).json()["access_token"]
    return {"authorization": f"Bearer {token}", "x-merchant-id": "merchant-1"}


def _orders(told: dict[str, str]) -> list[str]:
    answer = httpx.get(f"{told['http']}/sale-orders", headers=_cashier(told))
    return [order["id"] for order in answer.json()["items"]]


def _sell(client: httpx.Client, told: dict[str, str]) -> str:
    body = {"saleChannelId": "channel-vnd", "items": [{"itemId": "variant-pho"}]}
    order_id = str(client.post(f"{told['http']}/sale-orders", json=body).raise_for_status().json()["id"])
    client.post(f"{told['http']}/sale-orders/{order_id}/checkout", json={}).raise_for_status()
    payment = {"saleOrderId": order_id, "amount": 65_000}
    client.post(f"{told['sandbox']}/mq-pay/payments", json=payment).raise_for_status()
    return order_id
