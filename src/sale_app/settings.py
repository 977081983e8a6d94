"""Settings from `SALE_…` environment variables: one table says each one's meaning, default and shape (contract §11)."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import attrs


class Process(Enum):
    """Which process a setting is for."""

    SERVE = "serve"
    RELAY = "relay"
    MIGRATE = "migrate"
    MIGRATE_DATABASE = "migrate --without-topics"
    DOCTOR = "doctor"
    INBOX = "inbox"
    OUTBOX = "outbox"
    RECONCILE = "reconcile"


EVERY = frozenset(Process)
WITH_KAFKA = frozenset({Process.RELAY, Process.MIGRATE, Process.DOCTOR, Process.RECONCILE})
RECONCILING = frozenset({Process.RELAY, Process.RECONCILE})
SERVE = frozenset({Process.SERVE, Process.DOCTOR})
_MASK = "********"
_PASSWORD = re.compile(r":[^:/@]*@")
_SHOWN = (Process.SERVE, Process.RELAY, Process.MIGRATE, Process.RECONCILE)


class BadSettings(Exception):
    """Settings are missing or wrong.

    Attributes:
        problems: A line for each.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= 65535:  # noqa: PLR2004 - ports have 16 bits
        raise ValueError(f"must be a port number, not {text!r}")
    return number


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}, not {text!r}")
        return int(text)

    return parse


_minutes = _number(0, 525_600)


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            parts = urlsplit(text)
            parts.port  # noqa: B018 - reading it checks it
        except ValueError as error:
            raise ValueError(f"is no URL: {error}") from None
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{s}://' for s in schemes)}")
        return text.rstrip("/") if parts.scheme.startswith("http") else text

    return parse


def _database_url(text: str) -> str:
    # One spelling from here on; libpq knows both.
    return _url("postgresql")(text.replace("postgres://", "postgresql://", 1))


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError(f"must be a path that begins with /, not {text!r}")
    return text.rstrip("/")


def _bootstrap(text: str) -> str:
    for server in text.split(","):
        host, _, port = server.strip().rpartition(":")
        if not (host and port.isascii() and port.isdigit()):
            raise ValueError(f"must be host:port, or several with commas, not {text!r}")
        _port(port)
    return text


def _level(text: str) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if text.upper() not in levels:
        raise ValueError(f"must be one of {', '.join(levels)}, not {text!r}")
    return text.upper()


def _optional(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: parse(text) if text else None


def _names(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [entry.partition("=") for entry in text.split(";") if entry.strip()]
    for known, _, name in pairs:
        if not (known.strip() and name.strip()):
            raise ValueError(f"must be id=Name, several with semicolons, not {text!r}")
    return tuple((known.strip(), name.strip()) for known, _, name in pairs)


def _setting(
    meaning: str,
    parse: Callable[[str], Any] = _text,
    *,
    of: frozenset[Process] = EVERY,
    also: frozenset[Process] = frozenset(),
    default: str | None = None,
    secret: bool = False,
) -> Any:  # noqa: ANN401 - as attrs.field
    return attrs.field(
        default=None,
        metadata={
            "meaning": meaning,
            "parse": parse,
            "of": of,
            "readers": of | also,
            "default": default,
            "secret": secret,
        },
    )


@attrs.frozen(kw_only=True)
class Settings:
    """Every setting; the variable's name is `SALE_` and the attribute in capitals."""

    http_host: str = _setting("Address that serve listens on", of=SERVE, default="127.0.0.1")
    http_port: int = _setting("Port that serve listens on", _port, of=SERVE, default="31030")
    database_url: str = _setting("PostgreSQL, as a postgresql:// URL", _database_url, secret=True)
    database_pool_size: int = _setting(
        "Most database connections of one serve process", _number(1, 500), of=SERVE, default="10"
    )
    kafka_bootstrap: str = _setting("Kafka servers, as host:port,…", _bootstrap, of=WITH_KAFKA)
    kafka_partitions: int = _setting(
        "Partitions of a topic that migrate makes; fixed for ever after", _number(1, 1024), of=WITH_KAFKA, default="12"
    )
    kafka_replication: int = _setting(
        "Replicas of a topic that migrate makes", _number(1, 16), of=WITH_KAFKA, default="3"
    )
    redis_url: str = _setting(
        "Redis, as a redis:// URL; the relay does without",
        _url("redis", "rediss"),
        of=SERVE,
        also=frozenset({Process.RELAY}),
        secret=True,
    )
    identity_url: str = _setting("The identity service", _url("http", "https"), of=SERVE)
    identity_jwks_path: str = _setting("Where identity publishes its keys", _path, of=SERVE, default="/jw-certs")
    identity_token_path: str = _setting("Where identity gives service tokens", _path, of=SERVE, default="/token")
    identity_policies_path: str = _setting(
        "Where identity tells its policies", _path, of=SERVE, default="/policy-definitions"
    )
    commerce_url: str = _setting("The commerce service", _url("http", "https"), of=SERVE)
    commerce_variants_path: str = _setting("Product variants", _path, of=SERVE, default="/product-variants")
    commerce_infos_path: str = _setting("Product infos", _path, of=SERVE, default="/product-infos")
    commerce_channels_path: str = _setting("Sale channels", _path, of=SERVE, default="/sale-channels")
    commerce_categories_path: str = _setting("Categories", _path, of=SERVE, default="/categories")
    pricing_url: str = _setting("The pricing service", _url("http", "https"), of=SERVE)
    pricing_v1_path: str = _setting("Pricing v1, which is charged", _path, of=SERVE, default="/simulation/calculate")
    pricing_v2_path: str = _setting("Pricing v2, which is kept", _path, of=SERVE, default="/simulation-v2/calculate")
    stream_poll_ms: int = _setting(
        "How late a change of another process reaches the live stream at most, without Redis",
        _number(10, 60_000),
        of=SERVE,
        default="1000",
    )
    stream_clients: int = _setting(
        "Most sockets of the live stream of one serve process", _number(0, 100_000), of=SERVE, default="2000"
    )
    stream_queue: int = _setting(
        "How many changes a socket may be behind before it is told to read again",
        _number(1, 100_000),
        of=SERVE,
        default="1000",
    )
    stream_resume: int = _setting(
        "How many changes a socket that comes back with since is told one by one",
        _number(0, 1_000_000),
        of=SERVE,
        default="10000",
    )
    signal_channel: str = _setting(
        "The Redis channel on which signal is told of changes",
        default="signal",
        of=SERVE | frozenset({Process.RELAY}),
    )
    client_id: str = _setting("Sale's own name at identity", of=SERVE)
    client_secret: str = _setting("Sale's own secret at identity", of=SERVE, secret=True)
    jwt_issuer: str = _setting("The iss that a token must have", of=SERVE)
    jwt_audience: str = _setting("The aud that a token must have", of=SERVE)
    relay_shards: int = _setting(
        "Into how many shards the relays cut the outbox; the same for all of them",
        _number(1, 1024),
        default="1",
        of=frozenset({Process.RELAY, Process.DOCTOR}),
    )
    relay_prefix: str = _setting(
        "Begins the relays' transactional ids; one for each database that shares a Kafka",
        default="sale-relay",
        of=frozenset({Process.RELAY, Process.DOCTOR}),
    )
    outbox_days: int = _setting(
        "Days that a published event stays in the outbox; 0: for ever",
        _number(0, 36500),
        of=RECONCILING,
        default="30",
    )
    webhook_log_days: int = _setting(
        "Days that a webhook's body is kept; 0: for ever",
        _number(0, 36500),
        of=frozenset({Process.RELAY}),
        default="0",
    )
    reconcile_minutes: int = _setting(
        "How often the relay compares a sample of orders with everything told of them; 0 is never",
        _number(0, 10_080),
        default="10",
        of=frozenset({Process.RELAY}),
    )
    reconcile_sample: int = _setting(
        "How many orders such a sample has", _number(1, 10_000), default="50", of=frozenset({Process.RELAY})
    )
    age_processing_minutes: int = _setting(
        "An order that is PROCESSING longer is reported", _minutes, default="720", of=RECONCILING
    )
    age_partial_minutes: int = _setting(
        "An order that is PARTIAL longer is reported", _minutes, default="1440", of=RECONCILING
    )
    age_parked_minutes: int = _setting(
        "A payment that waits longer for its order is reported, and late in sale inbox",
        _minutes,
        default="15",
        of=RECONCILING | {Process.INBOX},
    )
    age_unpublished_minutes: int = _setting(
        "An event that is unpublished longer is reported", _minutes, default="5", of=RECONCILING
    )
    age_set_aside_minutes: int = _setting(
        "An event that is set aside longer is reported", _minutes, default="0", of=RECONCILING
    )
    board_sign_in_url: str | None = _setting(
        "Where the board gets a token for a role at one click: for demos only",
        _optional(_url("http", "https")),
        of=SERVE,
        default="",
    )
    board_pay_url: str | None = _setting(
        "Where the board plays a payment: for demos only", _optional(_url("http", "https")), of=SERVE, default=""
    )
    board_channels: tuple[tuple[str, str], ...] = _setting(
        "Sale channels that the board opens orders at, as id=Name;…", _names, of=SERVE, default=""
    )
    board_items: tuple[tuple[str, str], ...] = _setting(
        "Items that the board has a button for, as id=Name;…", _names, of=SERVE, default=""
    )
    board_units: tuple[tuple[str, str], ...] = _setting(
        "Tables that the board shows also while they are free, as id=Name;…", _names, of=SERVE, default=""
    )
    log_level: str = _setting("DEBUG, INFO, WARNING or ERROR", _level, default="INFO")

    @classmethod
    def read(cls, environment: Mapping[str, str], *, process: Process) -> "Settings":
        """Read what a process needs; the rest is not looked at.

        Raises:
            BadSettings: with a line for each that is missing or wrong.
        """
        values, problems = {}, []
        for field in (field for field in attrs.fields(cls) if process in field.metadata["readers"]):
            name, default = variable(field.name), field.metadata["default"]
            text = environment.get(name, default)
            try:
                if text is not None:
                    values[field.name] = field.metadata["parse"](text)
                elif process in field.metadata["of"]:
                    problems.append(f"{name} is missing: {field.metadata['meaning']}")
            except ValueError as error:
                problems.append(f"{name} {error}")
        if problems:
            raise BadSettings(tuple(problems))
        return cls(**values)


def variable(name: str) -> str:
    """Return the environment variable of an attribute.

    >>> variable("http_port")
    'SALE_HTTP_PORT'
    """
    return f"SALE_{name.upper()}"


@attrs.frozen(kw_only=True)
class SettingRow:
    """A setting as `sale settings` and the documents show it; a secret's value is masked."""

    variable: str
    value: str
    source: str
    default: str
    meaning: str
    processes: tuple[str, ...]


def describe(environment: Mapping[str, str]) -> tuple[SettingRow, ...]:
    """Return a row for every setting."""
    return tuple(_row(field, environment) for field in attrs.fields(Settings))


def _row(field: Any, environment: Mapping[str, str]) -> SettingRow:  # noqa: ANN401 - an attrs field
    name, default = variable(field.name), field.metadata["default"]
    given = environment.get(name)
    value = given if given is not None else default
    return SettingRow(
        variable=name,
        value="" if value is None else _MASK if field.metadata["secret"] else _PASSWORD.sub(f":{_MASK}@", value),
        source="environment" if given is not None else "missing" if default is None else "default",
        default=default or "",
        meaning=field.metadata["meaning"],
        processes=tuple(process.value for process in _SHOWN if process in field.metadata["readers"]),
    )
