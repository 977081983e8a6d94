"""Kafka's programs are fetched once, by whoever comes first, and only as they were locked."""

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sale_adapters.embedded import PartUnavailable, jars
from sale_adapters.embedded.ports import free_ports

CONTENTS = {"pho": b"broth and noodles", "tra-da": b"iced tea"}


class Shop:
    """A Maven repository with two artifacts, at an address of 127.0.0.1, that counts what it sells."""

    def __init__(self, shelves: Path) -> None:
        self.sold: list[str] = []
        for name, content in CONTENTS.items():
            place = shelves / "vn" / name / "1.0" / f"{name}-1.0.jar"
            place.parent.mkdir(parents=True)
            place.write_bytes(content)
        sold = self.sold

        class Counter(SimpleHTTPRequestHandler):
            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                del size
                if int(code) == 200:
                    sold.append(self.path.rpartition("/")[2])

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Counter, directory=str(shelves)))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Run a shop, make it the only one that jgo knows, and lock its two artifacts."""
    shop = Shop(tmp_path / "shelves")
    lock = tmp_path / "kafka.lock"
    lock.write_text(
        "".join(f"{hashlib.sha256(content).hexdigest()} vn:{name}:1.0\n" for name, content in CONTENTS.items())
    )
    monkeypatch.setattr(jars, "_LOCK_FILE", lock)
    monkeypatch.setenv("SALE_CACHE_DIR", str(tmp_path / "cache"))
    _buy_at(shop.server.server_port, tmp_path, monkeypatch)
    serving = threading.Thread(target=shop.server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield shop
    shop.server.shutdown()
    serving.join()
    shop.server.server_close()


def _buy_at(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "jgo.conf"
    config.write_text(f"[repositories]\ncentral = http://127.0.0.1:{port}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(config))


async def test_two_who_come_at_once_fetch_each_file_once_and_find_it_whole(shop: Shop) -> None:
    news: list[str] = []

    first, second = await asyncio.gather(jars.kafka_jars(news.append), jars.kafka_jars(news.append))

    assert first == second
    assert [path.read_bytes() for path in first] == list(CONTENTS.values())
    assert sorted(shop.sold) == ["pho-1.0.jar", "tra-da-1.0.jar"]
    assert news == ["fetched 1 of 2 files", "fetched 2 of 2 files"]
    assert sorted(path.name for path in first[0].parent.iterdir()) == ["lock", "pho-1.0.jar", "tra-da-1.0.jar"]


async def test_a_damaged_file_is_fetched_again_and_only_that(shop: Shop) -> None:
    pho, _ = await jars.kafka_jars(_quietly)
    pho.write_bytes(b"half a bow")
    shop.sold.clear()

    await jars.kafka_jars(_quietly)

    assert pho.read_bytes() == CONTENTS["pho"]
    assert shop.sold == ["pho-1.0.jar"]


async def test_what_is_not_as_locked_is_refused_and_not_kept(shop: Shop, tmp_path: Path) -> None:
    assert shop
    (tmp_path / "shelves" / "vn" / "pho" / "1.0" / "pho-1.0.jar").write_bytes(b"poison")

    with pytest.raises(
        PartUnavailable, match=r"pho-1\.0\.jar was fetched but is not the file that Sale was built with"
    ):
        await jars.kafka_jars(_quietly)

    assert not (tmp_path / "cache" / "kafka-4.3.1" / "pho-1.0.jar").exists()


async def test_without_a_network_the_reason_is_one_plain_sentence(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop
    (port,) = free_ports(1)
    _buy_at(port, tmp_path, monkeypatch)

    with pytest.raises(PartUnavailable, match=r"not on this machine yet and .* could not be fetched .*network\?"):
        await jars.kafka_jars(_quietly)


def test_the_lock_names_the_broker_and_every_file_once() -> None:
    locked = jars.locked_jars()
    assert len({jar.file_name for jar in locked}) == len(locked)
    assert {("kafka_2.13", jars.KAFKA_VERSION), ("slf4j-simple", "1.7.36")} <= {
        (jar.artifact, jar.version) for jar in locked
    }
    assert all(len(jar.sha256) == 64 for jar in locked)


def _quietly(message: str) -> None:
    del message
