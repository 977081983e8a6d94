"""Settings from `SALE_…` environment variables: one table says each one's meaning, default and shape (contract §11)."""

from collections.abc import Mapping

import attrs

from sale_adapters.wire.addresses import Network
from sale_app import setting_shapes as shapes
from sale_app.setting_fields import NOBODY, RECONCILING, SERVE, WITH_KAFKA, Process, setting, variable


class BadSettings(Exception):
    """Settings are missing or wrong.

    Attributes:
        problems: A line for each.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@attrs.frozen(kw_only=True)
class Settings:
    """Every setting; the variable's name is `SALE_` and the attribute in capitals.

    A process cannot do without those it is named in the `of` of; those under `also` it reads when they are there.
    """

    http_host: str = setting("Address that serve listens on", of=SERVE, default="127.0.0.1")
    http_port: int = setting("Port that serve listens on", shapes.port, of=SERVE, default="31030")
    webhook_host: str = setting("Address of the webhook's own listener", of=SERVE, default="127.0.0.1")
    webhook_port: int | None = setting(
        "Port on which the webhook is served alone, and no more on the other one; empty: with everything else",
        shapes.optional(shapes.port),
        of=SERVE,
        default="",
    )
    webhook_networks: tuple[Network, ...] = setting(
        "Networks that may call the webhook, as 10.2.0.0/16,…; empty: all", shapes.networks, of=SERVE, default=""
    )
    trusted_proxies: tuple[Network, ...] = setting(
        "Networks whose X-Forwarded-For is believed", shapes.networks, of=SERVE, default=""
    )
    webhook_secrets: tuple[bytes, ...] = setting(
        "Secrets that a webhook's Standard Webhooks signature is checked with, as whsec_…,…; several while one "
        "replaces another; empty: no check",
        shapes.webhook_secrets,
        of=SERVE,
        default="",
        secret=True,
    )
    drain_seconds: int = setting(
        "How long serve goes on when it is told to stop, with a /readyz that says 503, so that nobody sends it more",
        shapes.number(0, 300),
        of=SERVE,
        default="0",
    )
    request_timeout_ms: int = setting(
        "How long one request may take; then it is given up, with a 503",
        shapes.number(100, 600_000),
        of=SERVE,
        default="30000",
    )
    rate_limit: int = setting(
        "How many requests per second one user may make of one serve process; 0: any number",
        shapes.number(0, 100_000),
        of=SERVE,
        default="0",
    )
    rate_burst: int = setting(
        "How many of them at once, after a pause", shapes.number(1, 100_000), of=SERVE, default="20"
    )
    database_url: str = setting("PostgreSQL, as a postgresql:// URL", shapes.database_url, secret=True)
    database_pool_size: int = setting(
        "Most database connections of one serve process", shapes.number(2, 500), of=SERVE, default="10"
    )
    webhook_pool_size: int = setting(
        "How many of them only the payment webhook may take, whatever the tills do; fewer than all",
        shapes.number(0, 499),
        of=SERVE,
        default="2",
    )
    sister_concurrency: int = setting(
        "Most calls to one sister at a time of one serve process; more wait half a second, and get a 503",
        shapes.number(1, 10_000),
        of=SERVE,
        default="64",
    )
    sister_timeout_ms: int = setting(
        "How long a call to a sister may take, with its retries",
        shapes.number(50, 60_000),
        of=SERVE,
        default="5000",
    )
    sister_try_ms: int = setting(
        "How long one try of such a call may take", shapes.number(10, 60_000), of=SERVE, default="1500"
    )
    sister_rest_ms: int = setting(
        "How long a sister that failed five times in a row is left alone before one call tries her again",
        shapes.number(10, 600_000),
        of=SERVE,
        default="5000",
    )
    kafka_bootstrap: str = setting("Kafka servers, as host:port,…", shapes.bootstrap, of=WITH_KAFKA)
    kafka_security_protocol: str = setting(
        "How to talk to Kafka: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
        shapes.one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
        of=WITH_KAFKA,
        default="PLAINTEXT",
    )
    kafka_sasl_mechanism: str = setting(
        "How to log in to Kafka: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
        shapes.one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
        of=WITH_KAFKA,
        default="SCRAM-SHA-512",
    )
    kafka_username: str | None = setting("Sale's user at Kafka, with SASL", of=NOBODY, also=WITH_KAFKA)
    kafka_password: str | None = setting("Its password", of=NOBODY, also=WITH_KAFKA, secret=True)
    kafka_ca_file: str | None = setting(
        "The authorities that sign Kafka's certificates, as PEM; without it those of the system",
        shapes.file,
        of=NOBODY,
        also=WITH_KAFKA,
    )
    kafka_partitions: int = setting(
        "Partitions of a topic that migrate makes; fixed for ever after",
        shapes.number(1, 1024),
        of=WITH_KAFKA,
        default="12",
    )
    kafka_replication: int = setting(
        "Replicas of a topic that migrate makes", shapes.number(1, 16), of=WITH_KAFKA, default="3"
    )
    redis_url: str = setting(
        "Redis, as a redis:// URL; relay and reconcile do without",
        shapes.url("redis", "rediss"),
        of=SERVE,
        also=frozenset({Process.RELAY, Process.RECONCILE}),
        secret=True,
    )
    identity_url: str = setting("The identity service", shapes.url("http", "https"), of=SERVE)
    identity_jwks_path: str = setting("Where identity publishes its keys", shapes.path, of=SERVE, default="/jw-certs")
    identity_token_path: str = setting("Where identity gives service tokens", shapes.path, of=SERVE, default="/token")
    identity_policies_path: str = setting(
        "Where identity tells its policies", shapes.path, of=SERVE, default="/policy-definitions"
    )
    commerce_url: str = setting("The commerce service", shapes.url("http", "https"), of=SERVE)
    commerce_variants_path: str = setting("Product variants", shapes.path, of=SERVE, default="/product-variants")
    commerce_infos_path: str = setting("Product infos", shapes.path, of=SERVE, default="/product-infos")
    commerce_channels_path: str = setting("Sale channels", shapes.path, of=SERVE, default="/sale-channels")
    commerce_categories_path: str = setting("Categories", shapes.path, of=SERVE, default="/categories")
    pricing_url: str = setting("The pricing service", shapes.url("http", "https"), of=SERVE)
    pricing_v1_path: str = setting(
        "Pricing v1, which is charged", shapes.path, of=SERVE, default="/simulation/calculate"
    )
    pricing_v2_path: str = setting(
        "Pricing v2, which is kept", shapes.path, of=SERVE, default="/simulation-v2/calculate"
    )
    stream_poll_ms: int = setting(
        "How late a change of another process reaches the live stream at most, without Redis",
        shapes.number(10, 60_000),
        of=SERVE,
        default="1000",
    )
    stream_clients: int = setting(
        "Most sockets of the live stream of one serve process", shapes.number(0, 100_000), of=SERVE, default="2000"
    )
    stream_queue: int = setting(
        "How many changes a socket may be behind before it is told to read again; at least the 200 that are read at "
        "once, because one command can make more than that",
        shapes.number(200, 100_000),
        of=SERVE,
        default="1000",
    )
    stream_resume: int = setting(
        "How many changes a socket that comes back with since is told one by one",
        shapes.number(0, 1_000_000),
        of=SERVE,
        default="10000",
    )
    signal_channel: str = setting(
        "The Redis channel on which signal is told of changes",
        default="signal",
        of=SERVE | frozenset({Process.RELAY, Process.RECONCILE}),
    )
    client_id: str = setting("Sale's own name at identity", of=SERVE)
    client_secret: str = setting("Sale's own secret at identity", shapes.secret, of=SERVE, secret=True)
    jwt_issuer: str = setting("The iss that a token must have", of=SERVE)
    jwt_algorithms: tuple[str, ...] = setting(
        "The signatures that a token may have, with commas; public keys only",
        shapes.some_of(*shapes.SIGNATURES),
        of=SERVE,
        default="ES256",
    )
    jwt_audience: str = setting("The aud that a token must have", of=SERVE)
    relay_shards: int = setting(
        "Into how many shards the relays cut the outbox; the same for all of them",
        shapes.number(1, 1024),
        default="1",
        of=frozenset({Process.RELAY, Process.DOCTOR}),
    )
    relay_prefix: str = setting(
        "Begins the relays' transactional ids; one for each database that shares a Kafka; another makes a new layout",
        default="sale-relay",
        of=frozenset({Process.RELAY, Process.DOCTOR}),
    )
    outbox_days: int = setting(
        "Days that a published event stays in the outbox; 0: for ever",
        shapes.number(0, 36500),
        of=RECONCILING,
        default="30",
    )
    webhook_log_days: int = setting(
        "Days that a webhook's body is kept; 0: for ever",
        shapes.number(0, 36500),
        of=frozenset({Process.RELAY}),
        default="0",
    )
    reconcile_minutes: int = setting(
        "How often the relay compares a sample of orders with everything told of them; 0 is never",
        shapes.number(0, 10_080),
        default="10",
        of=frozenset({Process.RELAY}),
    )
    reconcile_sample: int = setting(
        "How many orders such a sample has", shapes.number(1, 10_000), default="50", of=frozenset({Process.RELAY})
    )
    age_draft_minutes: int = setting(
        "An order that is DRAFT longer is reported", shapes.minutes, default="1440", of=RECONCILING
    )
    age_processing_minutes: int = setting(
        "An order that is PROCESSING longer is reported", shapes.minutes, default="720", of=RECONCILING
    )
    age_partial_minutes: int = setting(
        "An order that is PARTIAL longer is reported", shapes.minutes, default="1440", of=RECONCILING
    )
    age_parked_minutes: int = setting(
        "A payment that waits longer for its order is reported, and late in sale inbox",
        shapes.minutes,
        default="15",
        of=RECONCILING | {Process.INBOX},
    )
    age_unpublished_minutes: int = setting(
        "An event that is unpublished longer is reported", shapes.minutes, default="5", of=RECONCILING
    )
    age_set_aside_minutes: int = setting(
        "An event that is set aside longer is reported", shapes.minutes, default="0", of=RECONCILING
    )
    log_level: str = setting(
        "DEBUG, INFO, WARNING or ERROR", shapes.one_of("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"
    )
    log_format: str = setting(
        "json (an object a line), text (for people), or auto: text when standard error is a terminal, else json",
        shapes.one_of("auto", "json", "text"),
        default="auto",
    )
    relay_http_host: str = setting(
        "Address that relay's health and metrics listen on", of=frozenset({Process.RELAY}), default="127.0.0.1"
    )
    relay_http_port: int | None = setting(
        "Port of relay's health and metrics; without it there are none",
        shapes.optional(shapes.port),
        of=frozenset({Process.RELAY}),
        default="",
    )
    board_sign_in_url: str | None = setting(
        "Where the board gets a token for a role at one click: for demos only",
        shapes.optional(shapes.url("http", "https")),
        of=SERVE,
        default="",
    )
    board_pay_url: str | None = setting(
        "Where the board plays a payment: for demos only",
        shapes.optional(shapes.url("http", "https")),
        of=SERVE,
        default="",
    )
    board_channels: tuple[tuple[str, str], ...] = setting(
        "Sale channels that the board opens orders at, as id=Name;…", shapes.names, of=SERVE, default=""
    )
    board_items: tuple[tuple[str, str], ...] = setting(
        "Items that the board has a button for, as id=Name;…", shapes.names, of=SERVE, default=""
    )
    board_units: tuple[tuple[str, str], ...] = setting(
        "Tables that the board shows also while they are free, as id=Name;…", shapes.names, of=SERVE, default=""
    )

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
        if values.get("kafka_security_protocol", "").startswith("SASL_"):
            needed = ("kafka_username", "kafka_password")
            problems += [
                f"{variable(name)} is missing: SASL needs it"
                for name in needed
                if environment.get(variable(name)) is None
            ]
        if values.get("webhook_port") is not None and values["webhook_port"] == values.get("http_port"):
            problems.append(f"{variable('webhook_port')} must differ from {variable('http_port')}")
        if values.get("webhook_pool_size", 0) >= values.get("database_pool_size", 500):
            problems.append("SALE_WEBHOOK_POOL_SIZE must be less than SALE_DATABASE_POOL_SIZE")
        if problems:
            raise BadSettings(tuple(problems))
        return cls(**values)
