"""The stage: PostgreSQL, Redis, Kafka, the sandbox, serve and relay as processes, watched and brought back."""

import asyncio
import json
import os
import shlex
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import httpx

from sale_adapters.embedded import ChildProcess, EmbeddedParts, Part, PartFailed, free_ports
from sale_adapters.sandbox import IdentitySettings
from sale_adapters.wire.demo_shop import CHANNELS, MENU
from sale_adapters.wire.places import BASE
from sale_app.setting_fields import variable

_IDENTITY = IdentitySettings()

_WHERE = "demo.json"
SETTINGS = "settings.sh"
"""The file that makes a shell's `sale` commands those of the demo."""

_WATCH_SECONDS = 0.3
_BACK_OFF_SECONDS = 1.0

Tell = Callable[[str, str], None]


@attrs.define(kw_only=True)
class Stage:
    """Everything that runs, and where.

    Attributes:
        tell: Gets a part's name and a sentence, whenever something starts, dies or comes back.
        webhook_secrets: As the setting has them: mq-pay signs, and serve checks it; empty is neither.
    """

    parts: EmbeddedParts
    http_port: int
    data_dir: Path
    tell: Tell
    sandbox_port: int = attrs.field(factory=lambda: free_ports(1)[0])
    children: dict[str, ChildProcess] = attrs.field(factory=dict)
    webhook_secrets: str = attrs.field(factory=lambda: os.environ.get(variable("webhook_secrets"), ""), repr=False)

    @property
    def http(self) -> str:
        """Return the service's URL, its base included."""
        return f"http://127.0.0.1:{self.http_port}{BASE}"

    @property
    def sandbox(self) -> str:
        """Return the sandbox's URL."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def webhook(self) -> str:
        """Return where mq-pay delivers."""
        return f"{self.http}/webhooks/payment"

    @property
    def kafka_bootstrap(self) -> str | None:
        """Return Kafka's address; None when there is no Kafka."""
        return None if self.parts.kafka.name in self.parts.unavailable else self.parts.kafka.bootstrap

    def environment(self) -> Mapping[str, str]:
        """Return the settings of serve, relay and migrate."""
        settings = {
            "http_host": "127.0.0.1",
            "http_port": str(self.http_port),
            "database_url": self.parts.postgres.url,
            "redis_url": self.parts.redis.url,
            "identity_url": f"{self.sandbox}/identity",
            "commerce_url": f"{self.sandbox}/commerce",
            "pricing_url": f"{self.sandbox}/pricing",
            "client_id": _IDENTITY.client_id,
            "client_secret": _IDENTITY.client_secret,
            "jwt_issuer": _IDENTITY.issuer,
            "jwt_audience": _IDENTITY.audience,
            "kafka_replication": "1",
            "kafka_partitions": "3",
            **_board(self.sandbox),
        }
        if self.kafka_bootstrap:
            settings["kafka_bootstrap"] = self.kafka_bootstrap
        if self.webhook_secrets:
            settings["webhook_secrets"] = self.webhook_secrets
        return {variable(name): value for name, value in settings.items()}

    def note(self) -> None:
        """Write what runs where: `demo.json` (contract §11) for programs, `settings.sh` for a shell beside the demo."""
        running: dict[str, list[int]] = {name: [] for name in ("kafka", "relay")}
        running |= {part.name: [part.process.pid] for part in self.parts.running}
        running |= {name: [child.pid] for name, child in self.children.items()}
        where = {
            "http": self.http,
            "sandbox": self.sandbox,
            "databaseUrl": self.parts.postgres.url,
            "kafkaBootstrap": self.kafka_bootstrap,
            "redisUrl": self.parts.redis.url,
            "webhookUrl": self.webhook,
            "processes": running,
        }
        self._write(_WHERE, json.dumps(where, indent=2) + "\n")
        settings = (f"export {name}={shlex.quote(value)}\n" for name, value in self.environment().items())
        self._write(SETTINGS, "".join(settings))

    def forget(self) -> None:
        """Remove what `note` wrote."""
        for name in (_WHERE, SETTINGS):
            (self.data_dir / name).unlink(missing_ok=True)

    def _write(self, name: str, text: str) -> None:
        """Replace a file as a whole, so that a reader never sees half of it, and for our own eyes: it has secrets."""
        fresh = self.data_dir / f"{name}.new"
        fresh.touch(mode=0o600)
        fresh.write_text(text)
        fresh.replace(self.data_dir / name)

    async def start(self) -> None:
        """Start the sandbox, migrate, and start serve and relay.

        Raises:
            PartFailed: one of them ended early or did not answer.
        """
        await _together(self._start("sandbox"), self._migrate())
        await _together(self._start("serve"), *([self._start("relay")] if self.kafka_bootstrap else []))
        self.note()

    async def stop(self) -> None:
        """Stop what `start` started, the last one first."""
        for child in reversed(self.children.values()):
            await child.stop()

    async def watch(self) -> None:
        """Bring back whatever dies, for ever, and say so; one that cannot come back yet keeps no other waiting."""
        parts = [self._keep(part.name, part) for part in self.parts.running]
        await _together(*parts, *(self._keep(name, None) for name in self.children))

    async def _keep(self, name: str, part: Part | None) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if not (part.process if part else self.children[name]).running:
                await self._bring_back(name, part)

    async def _bring_back(self, name: str, part: Part | None) -> None:
        self.tell(name, "died; starting it again")
        before = self.environment()
        try:
            await (part.start() if part else self._start(name))
        except PartFailed as failure:
            self.tell(name, f"does not come back yet: {str(failure).splitlines()[0]}")
            await asyncio.sleep(_BACK_OFF_SECONDS)
            return
        if part and self.environment() != before:
            # A part had to take another port; those who talk to it, or are starting to, must hear of it.
            for child in ("serve", "relay"):
                if child in self.children:
                    await self.children[child].stop()
        self.tell(name, "is back")
        self.note()

    async def _migrate(self) -> None:
        self.tell("migrate", "bringing the database and the topics up to date")
        await self._command("migrate", *([] if self.kafka_bootstrap else ["--without-topics"])).run()

    async def _start(self, name: str) -> None:
        self.tell(name, "starting")
        arguments = {
            "sandbox": ("--port", str(self.sandbox_port), "--webhook-url", self.webhook),
            "serve": (),
            "relay": (),
        }[name]
        ready = {"sandbox": f"{self.sandbox}/healthz", "serve": f"{self.http}/readyz"}.get(name)
        self.children[name] = self._command(name, *arguments)
        if ready is None:
            await self.children[name].start()
            self.tell(name, "started")
        else:
            await self.children[name].start(ready=lambda: _answers(ready), timeout_seconds=60)
            self.tell(name, "ready")

    def _command(self, name: str, *arguments: str) -> ChildProcess:
        return ChildProcess(
            name=f"sale {name}",
            argv=(sys.executable, "-m", "sale_app", name, *arguments),
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **self.environment()},
            log=self.data_dir / f"{name}.log",
        )


@asynccontextmanager
async def stage(*, data_dir: Path, http_port: int, tell: Tell) -> AsyncIterator[Stage]:
    """Set the stage; whatever ends the block takes everything down again."""
    async with EmbeddedParts(data_dir=data_dir, on_progress=tell) as parts:
        set_up = Stage(parts=parts, http_port=http_port, data_dir=data_dir, tell=tell)
        # One that was killed could not take its files along.
        set_up.forget()
        try:
            await set_up.start()
            yield set_up
        finally:
            await set_up.stop()
            set_up.forget()


def _board(sandbox: str) -> Mapping[str, str]:
    """Return what makes the board ready at one click: a place to sign in and to pay, a menu and ten tables."""
    channel = CHANNELS["channel-vnd"]
    menu = [each for each in MENU.values() if each.price_in(channel.currency) is not None]
    return {
        "board_sign_in_url": f"{sandbox}/identity/dev-token",
        "board_pay_url": f"{sandbox}/mq-pay/payments",
        "board_channels": f"{channel.id}={channel.name}",
        "board_items": ";".join(f"{each.id}={each.name}" for each in menu),
        "board_units": ";".join(f"table-{number}=Bàn {number}" for number in range(1, 11)),
    }


async def _together(*steps: Coroutine[None, None, None]) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _answers(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            return (await client.get(url)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
