"""All parts together: one directory, one user of it, and on without Kafka when it cannot be had."""

import os
from pathlib import Path

import pytest

from processes import eventually, family
from sale_adapters.embedded import DirectoryInUse, EmbeddedParts, PartFailed, PartUnavailable, kafka
from sale_adapters.embedded.progress import Progress


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unreachable(on_progress: Progress) -> tuple[Path, ...]:
        on_progress("looking for a network")
        raise PartUnavailable("Is there a network?")

    monkeypatch.setattr(kafka, "kafka_jars", unreachable)


@pytest.mark.usefixtures("no_network")
async def test_without_kafka_the_others_start_and_the_reason_is_told(tmp_path: Path) -> None:
    news: list[tuple[str, str]] = []

    async with EmbeddedParts(
        data_dir=tmp_path, durable=False, on_progress=lambda part, message: news.append((part, message))
    ) as parts:
        assert [part.name for part in parts.running] == ["postgres", "redis"]
        assert all(part.process.running for part in parts.running)
        assert parts.unavailable == {"kafka": "Is there a network?"}

    assert ("kafka", "not available: Is there a network?") in news
    assert {("postgres", "ready"), ("redis", "ready")} <= set(news)
    assert not any(part.process.running for part in parts.running)


@pytest.mark.usefixtures("no_network")
async def test_a_second_user_of_the_directory_is_refused_and_another_directory_is_fine(tmp_path: Path) -> None:
    async with EmbeddedParts(data_dir=tmp_path / "one", durable=False) as one:
        with pytest.raises(DirectoryInUse, match="choose another data directory"):
            async with EmbeddedParts(data_dir=tmp_path / "one", durable=False):
                pass
        async with EmbeddedParts(data_dir=tmp_path / "two", durable=False) as two:
            assert one.postgres.url != two.postgres.url
            assert one.redis.url != two.redis.url
        assert all(part.process.running for part in one.running)


@pytest.mark.usefixtures("no_network")
async def test_when_one_part_fails_the_others_are_stopped_and_the_directory_is_free_again(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis" / "appendonly.aof").write_text("not a command\n")
    before = family(os.getpid())

    with pytest.raises(PartFailed, match="Bad file format"):
        async with EmbeddedParts(data_dir=tmp_path, durable=False):
            pass

    assert await eventually(lambda: family(os.getpid()) <= before)
    (tmp_path / "redis" / "appendonly.aof").unlink()
    async with EmbeddedParts(data_dir=tmp_path, durable=False):
        pass
