"""Which parts are reachable, in plain words, and what to do about those that are not."""

import asyncio
from collections.abc import Awaitable, Callable

import attrs
import httpx
import psycopg
import redis.asyncio
from rich.console import Console

from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.kafka.topics import lacking
from sale_adapters.postgres.migrations.pending import pending
from sale_app.kafka import kafka_connection
from sale_app.settings import Settings
from sale_domain.errors import SaleError
from sale_domain.events import KAFKA_TOPICS

_PATIENCE_SECONDS = 5


class Ill(Exception):
    """A part is reachable, but not as it must be; the message says what to do."""


@attrs.frozen(kw_only=True)
class Examination:
    """One part, how to look at it, and what helps when nobody answers.

    Attributes:
        look: Returns what it saw; raises when it saw nothing good.
    """

    part: str
    look: Callable[[], Awaitable[str]]
    remedy: str


async def examine(settings: Settings, *, console: Console) -> int:
    """Look at every part at once and print a line for each; return the exit code (0 all good, 1 something is wrong)."""
    findings = await asyncio.gather(*(_finding(examination) for examination in examinations(settings)))
    for good, line in findings:
        console.print(line, style=None if good else "red", markup=False, highlight=False)
    return 0 if all(good for good, _ in findings) else 1


def examinations(settings: Settings) -> tuple[Examination, ...]:
    """Return what there is to look at."""
    return (
        Examination(
            part="database",
            look=lambda: _database(settings.database_url),
            remedy="check SALE_DATABASE_URL, and that PostgreSQL runs and lets this user in",
        ),
        Examination(
            part="Kafka",
            look=lambda: _kafka(kafka_connection(settings)),
            remedy="check SALE_KAFKA_BOOTSTRAP and SALE_KAFKA_SECURITY_PROTOCOL, and that the broker advertises an"
            " address that is reachable from here",
        ),
        Examination(
            part="Redis",
            look=lambda: _redis(settings.redis_url),
            remedy="check SALE_REDIS_URL; without Redis Sale works, but forgets its policies when identity is down",
        ),
        Examination(
            part="identity",
            look=lambda: _identity(settings),
            remedy="check SALE_IDENTITY_URL, and that the service runs and is reachable",
        ),
        _sister("commerce", settings.commerce_url + "/", "SALE_COMMERCE_URL"),
        _sister("pricing", settings.pricing_url + "/", "SALE_PRICING_URL"),
    )


def _sister(name: str, url: str, variable: str) -> Examination:
    return Examination(
        part=name, look=lambda: _http(url), remedy=f"check {variable}, and that the service runs and is reachable"
    )


async def _finding(examination: Examination) -> tuple[bool, str]:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            seen = await examination.look()
    except Ill as ill:
        return False, f"{examination.part:<9} not well: {ill}"
    except (OSError, TimeoutError, SaleError, psycopg.Error, redis.RedisError, httpx.HTTPError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return False, f"{examination.part:<9} not reachable: {reason}; {examination.remedy}"
    return True, f"{examination.part:<9} good: {seen}"


async def _database(url: str) -> str:
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=_PATIENCE_SECONDS) as connection:
        version = connection.info.server_version // 10_000
    if revisions := await asyncio.to_thread(pending, url):
        raise Ill(f"the schema lacks {', '.join(revisions)}; run `sale migrate`")
    return f"PostgreSQL {version}, schema up to date"


async def _kafka(connection: KafkaConnection) -> str:
    lacks = await asyncio.to_thread(lacking, connection, KAFKA_TOPICS)
    if lacks:
        raise Ill("; ".join(lacks))
    return "every topic is there, and we may read and write it"


async def _redis(url: str) -> str:
    async with redis.asyncio.from_url(url, socket_timeout=_PATIENCE_SECONDS) as client:
        await client.ping()
    return "it answers"


async def _identity(settings: Settings) -> str:
    client_id, secret = settings.client_id, settings.client_secret
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
        keys = await client.get(settings.identity_url + settings.identity_jwks_path)
        token = await client.post(settings.identity_url + settings.identity_token_path, data=form)
    if keys.status_code != httpx.codes.OK or b'"keys"' not in keys.content:
        raise Ill(f"{keys.url} answers {keys.status_code} and no keys; check SALE_IDENTITY_URL and its path")
    if not token.is_success:
        raise Ill(f"it gives no token ({token.status_code}); check SALE_CLIENT_ID and SALE_CLIENT_SECRET")
    return "it publishes its keys and gives us a token"


async def _http(url: str) -> str:
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
        answer = await client.get(url)
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Ill(f"{url} answers {answer.status_code}; look into that service's own log")
    return f"{url} answers {answer.status_code}"
