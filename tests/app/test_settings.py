"""Settings: what a process cannot do without, what it takes when it is there, and what nobody is shown."""

import pytest
from typer.testing import CliRunner

from sale_adapters.kafka.connection import KafkaConnection
from sale_adapters.web.stream.tail import PAGE
from sale_app.cli import app
from sale_app.kafka import kafka_connection
from sale_app.setting_fields import Process
from sale_app.setting_rows import describe
from sale_app.settings import BadSettings, Settings

RELAY = {"SALE_DATABASE_URL": "postgresql://sale@db/sale", "SALE_KAFKA_BOOTSTRAP": "kafka:9092"}
SASL = {"SALE_KAFKA_SECURITY_PROTOCOL": "sasl_ssl", "SALE_KAFKA_USERNAME": "sale", "SALE_KAFKA_PASSWORD": "open-sesame"}


def read(more: dict[str, str]) -> Settings:
    return Settings.read({**RELAY, **more}, process=Process.RELAY)


def test_the_relay_does_without_redis_and_is_woken_by_it_when_it_is_there() -> None:
    assert read({}).redis_url is None
    with_redis = read({"SALE_REDIS_URL": "redis://cache:6379/0"})
    assert (with_redis.redis_url, with_redis.signal_channel) == ("redis://cache:6379/0", "signal")
    with pytest.raises(BadSettings, match="SALE_REDIS_URL must be a URL"):
        read({"SALE_REDIS_URL": "cache:6379"})


def test_an_open_kafka_needs_nothing_more() -> None:
    assert kafka_connection(read({})) == KafkaConnection(
        bootstrap="kafka:9092", options={"security_protocol": "PLAINTEXT"}
    )


def test_user_password_and_authority_reach_the_client() -> None:
    authority = {"SALE_KAFKA_CA_FILE": __file__}
    assert kafka_connection(read(SASL | authority)).options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "sale",
        "sasl_plain_password": "open-sesame",
        "ssl_cafile": __file__,
    }


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"SALE_KAFKA_SECURITY_PROTOCOL": "TLS"}, "SALE_KAFKA_SECURITY_PROTOCOL must be one of PLAINTEXT, SSL"),
        ({"SALE_KAFKA_SASL_MECHANISM": "GSSAPI"}, "SALE_KAFKA_SASL_MECHANISM must be one of PLAIN, SCRAM-SHA-256"),
        ({"SALE_KAFKA_CA_FILE": "/nowhere/ca.pem"}, "SALE_KAFKA_CA_FILE is no file: '/nowhere/ca.pem'"),
        ({"SALE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "SALE_KAFKA_PASSWORD is missing: SASL needs it"),
    ],
)
def test_wrong_settings_of_kafka_get_a_line(wrong: dict[str, str], line: str) -> None:
    with pytest.raises(BadSettings, match=line):
        read(wrong)


def test_the_stream_keeps_at_least_what_it_reads_at_once() -> None:
    (few,) = (row.variable for row in describe({}) if row.variable == "SALE_STREAM_QUEUE")
    with pytest.raises(BadSettings, match=f"{few} must be a whole number from {PAGE} to"):
        Settings.read({few: str(PAGE - 1)}, process=Process.SERVE)


def test_the_password_is_not_shown_and_what_is_optional_is_not_called_missing() -> None:
    rows = {row.variable: row for row in describe(SASL)}
    assert rows["SALE_KAFKA_PASSWORD"].value == "********"
    assert rows["SALE_KAFKA_USERNAME"].value == "sale"
    assert rows["SALE_KAFKA_CA_FILE"].source == "optional"
    assert rows["SALE_KAFKA_BOOTSTRAP"].source == "missing"
    assert "open-sesame" not in repr(kafka_connection(read(SASL)))


def test_what_cannot_be_read_is_called_malformed() -> None:
    rows = {row.variable: row.source for row in describe({"SALE_HTTP_PORT": "abc", "SALE_HTTP_HOST": "127.0.0.1"})}
    assert (rows["SALE_HTTP_PORT"], rows["SALE_HTTP_HOST"]) == ("malformed", "environment")


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"SALE_WEBHOOK_SECRETS": ","}, "SALE_WEBHOOK_SECRETS has nothing between its commas; empty it to do without"),
        ({"SALE_CLIENT_SECRET": "7-chars"}, "SALE_CLIENT_SECRET must have at least 8 characters"),
    ],
)
def test_a_guard_that_guards_nothing_keeps_serve_from_starting(wrong: dict[str, str], line: str) -> None:
    done = CliRunner().invoke(app, ["serve"], env=wrong)

    assert done.exit_code == 2
    assert line in done.output
    assert "7-chars" not in done.output


def test_what_is_wrong_with_a_secret_is_said_without_a_piece_of_it() -> None:
    settings = {
        "SALE_DATABASE_URL": "postgresql://sale:ro/se@127.0.0.1:5432/sale",  # pragma: allowlist secret
        "SALE_KAFKA_BOOTSTRAP": "kafka",
        "SALE_WEBHOOK_SECRETS": "rose",
    }
    done = CliRunner().invoke(app, ["doctor"], env=settings)

    assert done.exit_code == 2
    lines = {line.partition(" ")[0]: line for line in done.output.splitlines()}
    assert "its port is no number" in lines["SALE_DATABASE_URL"]
    assert "must be host:port" in lines["SALE_KAFKA_BOOTSTRAP"]
    assert "must be whsec_" in lines["SALE_WEBHOOK_SECRETS"]
    assert "is missing" in lines["SALE_IDENTITY_URL"]
    assert "'ro'" not in done.output
    assert "rose" not in done.output


@pytest.mark.parametrize("password", ["hunter2secret%zzpw", "hunter2secret%", "hunter2secret%00"])
def test_a_percent_sign_that_escapes_nothing_is_refused_before_a_client_shows_the_password(password: str) -> None:
    url = f"postgresql://sale:{password}@127.0.0.1:1/sale"
    for command in (["migrate"], ["migrate", "--wait", "0"], ["outbox", "list"], ["inbox", "list"], ["doctor"]):
        done = CliRunner().invoke(app, command, env={"SALE_DATABASE_URL": url, "SALE_KAFKA_BOOTSTRAP": "127.0.0.1:1"})

        assert done.exit_code == 2
        assert "SALE_DATABASE_URL has a % that no two hexadecimal digits follow" in done.output
        assert "hunter2secret" not in done.output


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:pa:ss@h", "http://u:********@h"),
        ("http://u:pa/ss@h:80/x", "http://u:********@h:80/x"),
        ("http://:p@ss@h/x", "http://:********@h/x"),
        ("http://h:8080/x", "http://h:8080/x"),
    ],
)
def test_a_password_in_a_url_is_shown_with_none_of_its_pieces(url: str, shown: str) -> None:
    (value,) = (row.value for row in describe({"SALE_IDENTITY_URL": url}) if row.variable == "SALE_IDENTITY_URL")

    assert value == shown
