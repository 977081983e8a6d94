"""The programs of Apache Kafka: fetched once from Maven by jgo, each checked against a locked sha256.

`python -m sale_adapters.embedded.jars` resolves the two root artifacts anew and prints the text of `kafka.lock`.
"""

import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import attrs
import jgo
import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from sale_adapters.embedded.cache import cache_dir
from sale_adapters.embedded.directory import exclusive
from sale_adapters.embedded.errors import PartUnavailable
from sale_adapters.embedded.progress import Progress

KAFKA_VERSION = "4.3.1"

_ROOTS = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
_LOCK_FILE = Path(__file__).with_name("kafka.lock")
_AT_ONCE = 8
_ATTEMPTS = 3
_ANOTHER_FETCHES_SECONDS = 600.0


@attrs.frozen(kw_only=True)
class Jar:
    """One locked artifact.

    Attributes:
        group: Maven group id.
        artifact: Maven artifact id.
        version: Maven version.
        sha256: Hexadecimal digest of the file.
    """

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Return the name of the file, unique in the lock."""
        return f"{self.artifact}-{self.version}.jar"


def locked_jars() -> tuple[Jar, ...]:
    """Read `kafka.lock`: a line each, sha256 and group:artifact:version."""
    lines = (line.split() for line in _LOCK_FILE.read_text().splitlines())
    return tuple(
        Jar(group=group, artifact=artifact, version=version, sha256=sha256)
        for sha256, coordinate in lines
        for group, artifact, version in [coordinate.split(":")]
    )


async def kafka_jars(on_progress: Progress) -> tuple[Path, ...]:
    """Return the paths of all jars, fetching those that are missing or damaged; safe in several processes at once.

    Raises:
        PartUnavailable: Something is missing and cannot be fetched, or is not what was locked.
    """
    jars = locked_jars()
    home = cache_dir() / f"kafka-{KAFKA_VERSION}"
    if await asyncio.to_thread(_missing, home, jars):
        async with exclusive(home / "lock", timeout_seconds=_ANOTHER_FETCHES_SECONDS):
            await _fetch_all(await asyncio.to_thread(_missing, home, jars), home, on_progress)
    return tuple(home / jar.file_name for jar in jars)


def _missing(home: Path, jars: tuple[Jar, ...]) -> list[Jar]:
    return [jar for jar in jars if not _sound(home / jar.file_name, jar)]


def _sound(path: Path, jar: Jar) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256


async def _fetch_all(jars: list[Jar], home: Path, on_progress: Progress) -> None:
    gate = asyncio.Semaphore(_AT_ONCE)
    fetched = 0

    async def fetch(jar: Jar, staging: Path) -> None:
        nonlocal fetched
        async with gate:
            await asyncio.to_thread(_fetch, jar, home, staging)
        fetched += 1
        on_progress(f"fetched {fetched} of {len(jars)} files")

    with tempfile.TemporaryDirectory(dir=home, prefix=".fetching-", ignore_cleanup_errors=True) as staging:
        try:
            async with asyncio.TaskGroup() as group:
                for jar in jars:
                    group.create_task(fetch(jar, Path(staging)))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None


def _fetch(jar: Jar, home: Path, staging: Path) -> None:
    """Download into a place of our own, check, and only then put the file where others look."""
    for attempt in range(1, _ATTEMPTS + 1):
        # A broken download leaves half a file, which jgo would take for the whole.
        repository = staging / f"{jar.file_name}-{attempt}"
        repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
        context = MavenContext(repo_cache=repository, remote_repos=repositories)
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
        try:
            path = Path(artifact.resolve())
        except (requests.RequestException, RuntimeError) as error:
            if attempt == _ATTEMPTS:
                raise PartUnavailable(
                    f"Apache Kafka is not on this machine yet and {jar.file_name} could not be fetched "
                    f"({type(error).__name__}): is there a network?"
                ) from error
            continue
        if not _sound(path, jar):
            raise PartUnavailable(f"{jar.file_name} was fetched but is not the file that Sale was built with.")
        os.replace(path, home / jar.file_name)  # noqa: PTH105 - says what it does better than Path.replace
        shutil.rmtree(repository, ignore_errors=True)
        return


def _resolved() -> str:
    """Resolve the roots anew and return the text of the lock."""
    lines = []
    for artifact in jgo.resolve(_ROOTS):
        sha256 = hashlib.sha256(Path(artifact.resolve()).read_bytes()).hexdigest()
        lines.append(f"{sha256} {artifact.groupId}:{artifact.artifactId}:{artifact.version}\n")
    return "".join(sorted(lines, key=lambda line: line.split()[1]))


if __name__ == "__main__":
    sys.stdout.write(_resolved())
