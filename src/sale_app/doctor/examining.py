"""Look at every part at once, and say of each how it is and what helps."""

import asyncio
from collections.abc import Awaitable, Callable

import attrs
from rich.console import Console

from sale_app.doctor.database import look_at_database
from sale_app.doctor.findings import NotReachable, NotWell, Seen, Verdict
from sale_app.doctor.kafka import look_at_kafka
from sale_app.doctor.redis import look_at_redis
from sale_app.doctor.sisters import look_at_commerce, look_at_identity, look_at_pricing
from sale_app.doctor.webhook import look_at_webhook
from sale_app.kafka import kafka_connection, kafka_topics
from sale_app.logs import masked
from sale_app.setting_fields import Process
from sale_app.settings import Settings

_PATIENCE_SECONDS = 30
"""For all that is asked of one part; each question has its own, shorter."""

_STYLES = {Verdict.GOOD: None, Verdict.MIND: "yellow", Verdict.NOT_WELL: "red", Verdict.NOT_REACHABLE: "red"}
_SERVE = frozenset({Process.DOCTOR, Process.SERVE})
_RELAY = frozenset({Process.DOCTOR, Process.RELAY})


@attrs.frozen(kw_only=True)
class Examination:
    """One part, how to look at it, and what helps when nobody answers.

    Attributes:
        look: Returns what it saw; raises when it saw nothing good.
        of: For which processes; `DOCTOR` is for all.
    """

    part: str
    look: Callable[[], Awaitable[Seen]]
    remedy: str
    of: frozenset[Process] = _SERVE


async def examine(settings: Settings, *, process: Process, console: Console) -> int:
    """Look at every part that a process needs and print a line for each; return the exit code.

    0: all does its work, 1: something does not.
    """
    wanted = [examination for examination in _examinations(settings) if process in examination.of]
    findings = await asyncio.gather(*(_finding(examination) for examination in wanted))
    for examination, (verdict, words) in zip(wanted, findings, strict=True):
        line = f"{examination.part:<9} {verdict.value}: {words}"
        console.print(masked(line, settings), style=_STYLES[verdict], markup=False, highlight=False)
    return 0 if {verdict for verdict, _ in findings} <= {Verdict.GOOD, Verdict.MIND} else 1


def _examinations(settings: Settings) -> tuple[Examination, ...]:
    return (
        Examination(
            part="database",
            look=lambda: look_at_database(settings.database_url, pool_size=settings.database_pool_size),
            remedy="check host and port in SALE_DATABASE_URL, and that PostgreSQL runs and may be reached from here",
            of=_SERVE | _RELAY,
        ),
        Examination(
            part="Kafka",
            look=lambda: look_at_kafka(
                kafka_connection(settings), topics=kafka_topics(settings), prefix=settings.relay_prefix
            ),
            remedy="check SALE_KAFKA_BOOTSTRAP and SALE_KAFKA_SECURITY_PROTOCOL, that the broker runs, and that it"
            " advertises an address that is reachable from here",
            of=_RELAY,
        ),
        Examination(
            part="Redis",
            look=lambda: _redis(settings),
            remedy="check SALE_REDIS_URL; without Redis Sale works, but forgets its policies when identity is down",
            of=_SERVE | _RELAY,
        ),
        *(
            Examination(
                part=name,
                look=lambda look=look: look(settings),  # type: ignore[misc]  # the loop's own
                remedy=f"check SALE_{name.upper()}_URL, and that the service runs and may be reached from here",
            )
            for name, look in (
                ("identity", look_at_identity),
                ("commerce", look_at_commerce),
                ("pricing", look_at_pricing),
                ("webhook", look_at_webhook),
            )
        ),
    )


async def _redis(settings: Settings) -> Seen:
    if not settings.redis_url:
        return Seen("not set; the relay does without and polls")
    return await look_at_redis(settings.redis_url, signal_channel=settings.signal_channel)


async def _finding(examination: Examination) -> tuple[Verdict, str]:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            seen = await examination.look()
    except NotWell as ill:
        return Verdict.NOT_WELL, str(ill)
    except NotReachable as away:
        return Verdict.NOT_REACHABLE, f"{away}; {examination.remedy}"
    except TimeoutError:
        return Verdict.NOT_REACHABLE, f"it does not come to an end; {examination.remedy}"
    if seen.mind:
        return Verdict.MIND, f"{seen.words}; {seen.mind}"
    return Verdict.GOOD, seen.words
