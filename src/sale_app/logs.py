"""A process's log: a JSON object, or a line of text, for each thing that is told by Sale or by a library.

Whatever is said while a request is worked through carries the request's names; secrets are masked whoever says them.
"""

import base64
import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs

from sale_adapters.wire.tracing import REQUEST_ID, SUBJECT, trace_id
from sale_app.setting_shapes import SHORTEST_SECRET
from sale_app.settings import Settings

_HEAD = ("time", "level", "logger", "event")
_OF_ANY_RECORD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
"""What a record has by itself, or from another handler's formatter; all else the caller has told."""
_ENDS = re.compile(r"\s*[\r\n]\s*")
_PLAIN = re.compile(r"[^\s\"=]+")
_MASK = "********"
_TOKEN = re.compile(r"eyJ[\w-]{4,}\.[\w-]+(?:\.[\w-]*)*|(?<=[Bb]earer )[^\s\"',]+")
_PASSWORDS = frozenset({"password", "sslpassword", "ssl_password"})
_PASSWORD = re.compile(r"(://[^\s:/@\"]*:)[^\s/@\"]+@")
# PostgreSQL's DETAIL of a violated constraint is the row, and a row may hold the body of a webhook.
_DETAIL = re.compile(r"^DETAIL: .*$", re.MULTILINE)
_WRITER = json.JSONEncoder(default=str)


def start_logging(settings: Settings) -> None:
    """Log to standard error as the settings say, Sale and libraries alike."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(as_json=as_json, secrets=tuple(secrets_of(settings))))
    logging.basicConfig(level=settings.log_level, handlers=[handler])
    # No line of ours says by which thread or process it was written (Python's logging HOWTO).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for chatty in ("httpx", "httpcore", "alembic"):
        # A line for each call to a sister is told by the metrics, and its URL holds names of people's roles; a line for
        # each look at the tables tells nobody anything.
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(settings.log_level)))


def formatter(*, as_json: bool, secrets: tuple[str, ...] = ()) -> logging.Formatter:
    """Return what turns a record into JSON, or into text whose traceback keeps its lines; `secrets` are masked."""
    return _Formatter(_json if as_json else _text, secrets=secrets)


def masked(text: str, settings: Settings) -> str:
    """Return what a command is to print of an error, without what the settings say and nobody may read."""
    return _Mask(secrets_of(settings))(text)


def secrets_of(settings: Settings) -> Iterator[str]:
    """Yield what the settings say and no log may: secrets, and the passwords of URLs, also as they are quoted there."""
    for field in attrs.fields(Settings):
        value = getattr(settings, field.name)
        if not (field.metadata["secret"] and value):
            continue
        for secret in value if isinstance(value, tuple) else (value,):
            yield from _spellings(secret)


def _spellings(secret: str | bytes) -> set[str]:
    if isinstance(secret, bytes):
        # As the setting has it, as URLs do, and as Python shows it.
        return {
            base64.b64encode(secret).decode().rstrip("="),
            base64.urlsafe_b64encode(secret).decode().rstrip("="),
            repr(secret)[2:-1],
        }
    said = _passwords(secret) if "://" in secret else [secret]
    return {spelling for password in said if password for spelling in (password, unquote(password))}


def _passwords(url: str) -> list[str | None]:
    """Return the passwords of a URL, also those that libpq and redis-py take behind the question mark."""
    parts = urlsplit(url)
    options = (option.partition("=") for option in parts.query.split("&"))
    return [parts.password, *(value for name, _, value in options if name in _PASSWORDS)]


def _told(record: logging.LogRecord) -> dict[str, Any]:
    """Return time, level, logger and the request's names, and then what the record says itself."""
    moment = datetime.fromtimestamp(record.created, UTC)
    names = {
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": record.name,
        "event": record.getMessage(),
        "request_id": REQUEST_ID.get(),
        "trace_id": trace_id(),
    }
    if (subject := SUBJECT.get()) is not None:
        names.update(subject.names())
    names.update((name, value) for name, value in record.__dict__.items() if name not in _OF_ANY_RECORD)
    return {name: value for name, value in names.items() if value is not None}


class _Formatter(logging.Formatter):
    """Renders, and masks what no log may say."""

    def __init__(self, render: Callable[[dict[str, Any]], str], *, secrets: Iterable[str]) -> None:
        super().__init__()
        self._render = render
        self._mask = _Mask(secrets)

    def format(self, record: logging.LogRecord) -> str:
        told = _told(record)
        if record.exc_info:
            told["exception"] = _DETAIL.sub(f"DETAIL: {_MASK}", self.formatException(record.exc_info))
        if record.stack_info:
            told["stack"] = record.stack_info
        return self._mask(self._render(told))


class _Mask:
    """Puts a mask on tokens, on passwords of URLs, and on secrets that are known."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
        # The longest first: a secret that begins with another would keep its end.
        self._secrets = sorted(forms, key=len, reverse=True)

    def __call__(self, line: str) -> str:
        if "://" in line:
            line = _PASSWORD.sub(rf"\g<1>{_MASK}@", line)
        if "eyJ" in line or "earer " in line:
            line = _TOKEN.sub(_MASK, line)
        for secret in self._secrets:
            line = line.replace(secret, _MASK)
        return line


def _forms(secret: str) -> set[str]:
    """Return how a line may write a secret: as it is, and as JSON does."""
    return {secret, *(json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))}


def _json(event: dict[str, Any]) -> str:
    # Escaped to ASCII: whatever a stranger sent can be written, half a character too.
    return _WRITER.encode(event)


def _text(event: dict[str, Any]) -> str:
    exception = event.pop("exception", None)
    head = (event["time"], event["level"], event["logger"], _ENDS.sub(" ", event["event"].strip()))
    names = (f"{name}={_value(value)}" for name, value in event.items() if name not in _HEAD)
    line = " ".join((*head, *names))
    return line if exception is None else f"{line}\n{exception}"


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
