"""`sale doctor`, with each part broken in turn as a new operator may find it: which part, what is wrong, what helps."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from typer.testing import CliRunner

import services
from live import Live
from sale_adapters.embedded import free_ports
from sale_adapters.postgres.migrations import pending as migrations
from sale_adapters.postgres.migrations.run import migrate
from sale_app.cli import app

PARTS = ["database", "Kafka", "Redis", "identity", "commerce", "pricing", "webhook"]


def doctor(settings: dict[str, str], *arguments: str) -> tuple[int, dict[str, str]]:
    """Return the exit code, and what was said of each part."""
    done = CliRunner().invoke(app, ["doctor", *arguments], env={"COLUMNS": "80", **settings})
    assert "Traceback" not in done.output
    said = dict(re.split(r" +", line, maxsplit=1) for line in done.output.splitlines())
    return done.exit_code, said


@pytest.fixture(scope="module")
def healthy(sale: Live) -> dict[str, str]:
    """Return the settings of a Sale that lacks nothing."""
    return {**sale.stage.environment(), "SALE_WEBHOOK_NETWORKS": "10.2.0.0/16"}


def only_ill(healthy: dict[str, str], part: str, **changed: str) -> str:
    """Break a healthy Sale by its settings; return what is said of the one part that is ill."""
    code, said = doctor({**healthy, **changed})
    ill = {name: line for name, line in said.items() if line.startswith("not ")}
    assert (code, list(ill)) == (1, [part]), said
    return ill[part]


def test_a_healthy_sale_is_said_to_be_healthy_part_by_part(healthy: dict[str, str]) -> None:
    code, said = doctor(healthy)

    assert (code, list(said)) == (0, PARTS)
    assert [part for part, line in said.items() if not line.startswith("good: ")] == ["database"]
    assert said["database"].startswith("mind: PostgreSQL 18, schema up to date; fsync")  # as tests have it
    assert said["webhook"] == "good: guarded by an allow-list (10.2.0.0/16)"


def test_a_relay_needs_no_sisters_and_serve_no_kafka(healthy: dict[str, str]) -> None:
    of_relay = {name: healthy[name] for name in ("SALE_DATABASE_URL", "SALE_KAFKA_BOOTSTRAP", "SALE_KAFKA_PARTITIONS")}
    of_serve = {name: value for name, value in healthy.items() if "KAFKA" not in name}

    code, said = doctor(of_relay, "--for", "relay")
    assert (code, list(said)) == (0, ["database", "Kafka", "Redis"])
    code, said = doctor(of_serve, "--for", "serve")
    assert (code, list(said)) == (0, [part for part in PARTS if part != "Kafka"])


def test_a_webhook_that_nothing_guards_is_minded_and_no_failure(healthy: dict[str, str]) -> None:
    code, said = doctor({**healthy, "SALE_WEBHOOK_NETWORKS": ""})

    assert code == 0
    assert re.search(r"^mind: whoever reaches port \d+ can say that an order is paid", said["webhook"])


URLS = {
    "database": ("SALE_DATABASE_URL", "postgresql://sale@{}/sale"),
    "Kafka": ("SALE_KAFKA_BOOTSTRAP", "{}"),
    "Redis": ("SALE_REDIS_URL", "redis://{}/0"),
    "identity": ("SALE_IDENTITY_URL", "http://{}/identity"),
    "commerce": ("SALE_COMMERCE_URL", "http://{}/commerce"),
    "pricing": ("SALE_PRICING_URL", "http://{}/pricing"),
}


@pytest.mark.parametrize("part", URLS)
@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("127.0.0.1:{port}", r"nobody listens there|Connection refused"),
        ("no-host.invalid:{port}", r"no such host name|Name or service not known"),
    ],
    ids=["down", "unknown host"],
)
def test_a_part_that_is_away_is_named_with_the_setting_to_check(
    healthy: dict[str, str], part: str, place: str, why: str
) -> None:
    setting, url = URLS[part]
    told = only_ill(healthy, part, **{setting: url.format(place.format(port=free_ports(1)[0]))})

    assert re.match(rf"not reachable: .*({why}).*; check .*{setting}", told), told


# PostgreSQL


@pytest.fixture(scope="module")
def locked(sale: Live) -> Iterator[Callable[..., str]]:
    """Yield what makes URLs of a server that wants the password `lotus` of the user `doctor_locked`."""
    postgres = sale.stage.parts.postgres
    hba = postgres.data_dir / "cluster" / "pg_hba.conf"
    before = hba.read_bytes()
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE doctor_locked LOGIN PASSWORD 'lotus'")
        hba.write_bytes(b"host all doctor_locked 127.0.0.1/32 scram-sha-256\n" + before)
        connection.execute("SELECT pg_reload_conf()")
        place = urlsplit(postgres.url).netloc.rpartition("@")[2]
        yield lambda user="doctor_locked", database="sale": f"postgresql://{user}@{place}/{database}"
        hba.write_bytes(before)
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("DROP ROLE doctor_locked")


@pytest.fixture
def tables(sale: Live) -> Iterator[str]:
    """Yield a database of that server with all tables."""
    with services.fresh_database(sale.stage.parts.postgres.url) as url:
        migrate(url)
        yield url


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"user": "doctor_locked:rose"}, "it refuses our password: check user and password in SALE_DATABASE_URL"),
        ({"user": "doctor_locked"}, "it wants a password, and SALE_DATABASE_URL has none"),
        ({"user": "nobody"}, "it has no such user"),
        ({"user": "sale", "database": "nothing"}, "it has no such database"),
    ],
)
def test_a_postgresql_that_lets_us_not_in_says_why(
    healthy: dict[str, str], locked: Callable[..., str], where: dict[str, str], said: str
) -> None:
    told = only_ill(healthy, "database", SALE_DATABASE_URL=locked(**where))

    assert told.startswith(f"not well: {said}")
    assert "rose" not in told


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("DELETE FROM alembic_version", r"not well: the schema lacks 0001, .*0015; run `sale migrate`$"),
        ("ALTER DATABASE {name} SET default_transaction_read_only = on", "not well: it is set to read only"),
        (
            "REVOKE ALL ON outbox FROM doctor_locked",
            r"not well: doctor_locked lacks rights on outbox \(SELECT, INSERT, UPDATE, DELETE\); grant them as docs/",
        ),
        ("REVOKE ALL ON alembic_version FROM doctor_locked", "not well: its revision cannot be read: .*permission"),
    ],
    ids=["unmigrated", "read only", "a right too few", "not even the revision"],
)
def test_a_database_that_is_not_as_it_must_be(
    healthy: dict[str, str], tables: str, locked: Callable[..., str], broken: str, said: str
) -> None:
    name = urlsplit(tables).path[1:]
    with psycopg.connect(tables, autocommit=True) as connection:
        connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO doctor_locked")
        connection.execute(broken.format(name=name).encode())
    told = only_ill(healthy, "database", SALE_DATABASE_URL=locked(user="doctor_locked:lotus", database=name))

    assert re.match(said, told), told


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("0014", "its schema will do; "),
        ("9999", "schema 9999 of a newer Sale, which this one works with; "),
    ],
)
def test_tables_that_are_a_little_older_or_newer_do(
    healthy: dict[str, str], tables: str, revision: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "NEEDED", "0014")  # so that there are some of which it can do without the newest
    with psycopg.connect(tables) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", (revision,))
    code, told = doctor({**healthy, "SALE_DATABASE_URL": tables}, "--for", "serve")

    assert code == 0
    assert told["database"].startswith(f"mind: PostgreSQL 18, {said}")


def test_more_connections_than_postgresql_has_are_too_many(healthy: dict[str, str]) -> None:
    told = only_ill(healthy, "database", SALE_DATABASE_POOL_SIZE="201")

    assert told == ("not well: it allows 200 connections in all, and SALE_DATABASE_POOL_SIZE wants 201 for one serve")


# Redis


@pytest.mark.parametrize(
    ("command", "user", "said"),
    [
        ("CONFIG SET requirepass lotus", "", r"it does not let us in \(.*\); check user and password"),
        ("CONFIG SET requirepass lotus", ":rose@", r"it does not let us in \(.*\); check user and password"),
        ("ACL SETUSER reader on >lotus ~* &* +get", "reader:lotus@", r"a right is missing .*SET, GET, PTTL"),
        ("ACL SETUSER writer on >lotus ~* &* +set +publish", "writer:lotus@", r"a right is .*PTTL"),
        ("ACL SETUSER deaf on >lotus ~* &* +@all -subscribe", "deaf:lotus@", r"a right is missing .*subscribe"),
        ("ACL SETUSER mute on >lotus ~* resetchannels &sale:* +@all", "mute:lotus@", r"a right is .*work, signal$"),
        ("REPLICAOF 127.0.0.1 1", "", "it is a replica, which cannot be written"),
    ],
    ids=["no password", "wrong password", "a right too few", "no reading", "no hearing", "no signal", "a replica"],
)
def test_a_redis_that_is_not_as_it_must_be(healthy: dict[str, str], command: str, user: str, said: str) -> None:
    with services.redis() as url:
        redis.Redis.from_url(url).execute_command(*command.split())  # type: ignore[no-untyped-call]
        told = only_ill(healthy, "Redis", SALE_REDIS_URL=url.replace("redis://", f"redis://{user}"))

    assert re.match(f"not well: {said}", told), told
    assert "rose" not in told


# What is something else than it should be


@contextmanager
def talking(said: bytes) -> Iterator[str]:
    """Yield host:port of a server that answers everybody with the same words and hangs up."""
    loop = asyncio.new_event_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        writer.write_eof()
        await reader.read()  # until the client has hung up: while something is unread, closing takes the words back
        writer.close()

    listening = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield "{}:{}".format(*listening.sockets[0].getsockname())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        listening.close()
        loop.close()


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("database", "not reachable: "),
        ("Kafka", "not reachable: "),
        ("Redis", "not well: what answers there is no Redis"),
        ("identity", "not well: what answers at .* speaks no HTTP"),
        ("commerce", "not well: what answers at .* speaks no HTTP"),
        ("pricing", "not well: what answers at .* speaks no HTTP"),
    ],
)
def test_a_port_where_something_else_listens(healthy: dict[str, str], part: str, said: str) -> None:
    setting, url = URLS[part]
    with talking(b"220 mail.example ESMTP\r\n") as place:
        told = only_ill(healthy, part, **{setting: url.format(place)})

    assert re.match(said, told), told
    assert setting in told


# The sisters


@pytest.mark.parametrize(
    ("part", "faults", "said"),
    [
        ("identity", {"failStatus": 500}, r".*/jw-certs answers 500; look into that service's own log"),
        ("identity", {"garbage": True}, r".*/jw-certs answers 200 and no JSON object; check SALE_IDENTITY_URL and"),
        ("commerce", {"failStatus": 401}, r"it refuses the token that identity gives Sale \(401: .*SALE_CLIENT_ID"),
        ("commerce", {"failStatus": 503}, r".* answers 503; look into that service's own log"),
        ("commerce", {"garbage": True}, r".* answers 200 and no JSON object; check SALE_COMMERCE_URL and"),
        ("pricing", {"failStatus": 403}, r"it refuses the token .* this: POST /pricing/simulation/calculate"),
        ("pricing", {"failStatus": 500}, r".* answers 500; look into that service's own log"),
        ("pricing", {"garbage": "shape"}, r".* answers 200 and no JSON object; check SALE_PRICING_URL and"),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_a_sister_that_answers_and_is_not_well(
    sale: Live, healthy: dict[str, str], part: str, faults: dict[str, object], said: str
) -> None:
    sale.control(part, **faults)
    try:
        told = only_ill(healthy, part)
    finally:
        sale.control(part)

    assert re.match(f"not well: {said}", told), told


@pytest.mark.parametrize(
    ("part", "changed", "said"),
    [
        ("database", {"SALE_DATABASE_URL": "postgresql://127.0.0.1/sale?rose=1"}, r"SALE_DATABASE_URL cannot be read"),
        ("Redis", {"SALE_REDIS_URL": "redis://127.0.0.1/0?rose=1"}, r"SALE_REDIS_URL has an option"),
        (
            "identity",
            {"SALE_CLIENT_SECRET": "rose-garden"},
            r"it gives no token \(401: .*\); check SALE_CLIENT_ID and SALE_CL",
        ),
        ("identity", {"SALE_IDENTITY_TOKEN_PATH": "/tokens"}, r".*/tokens answers 404; check .*_TOKEN_PATH"),
        ("identity", {"SALE_IDENTITY_JWKS_PATH": "/keys"}, r".*/keys answers 404: .*; check .*_JWKS_PATH"),
        ("identity", {"SALE_JWT_ALGORITHMS": "RS256"}, r".* has no key for RS256, but for ES256; let SALE_JWT_ALG"),
        ("identity", {"SALE_JWT_ISSUER": "https://else"}, r"it issues tokens as 'https://identity.*, and SALE_JWT_ISS"),
        ("commerce", {"SALE_BOARD_CHANNELS": "nowhere=Nowhere"}, r"it knows no sale channel 'nowhere', which"),
        ("pricing", {"SALE_PRICING_V2_PATH": "/v2"}, r".*/v2 answers 404; check SALE_PRICING_URL and SALE_PRICING_V2"),
    ],
)
def test_a_setting_that_leads_to_the_wrong_door(
    healthy: dict[str, str], part: str, changed: dict[str, str], said: str
) -> None:
    told = only_ill(healthy, part, **changed)

    assert re.match(f"not well: {said}", told), told
    assert "rose" not in told


def test_what_may_be_wrong_and_cannot_be_known_is_minded(healthy: dict[str, str]) -> None:
    wrong = {"SALE_JWT_AUDIENCE": "till", "SALE_COMMERCE_URL": healthy["SALE_PRICING_URL"]}
    right, as_it_is = doctor({**healthy, "SALE_BOARD_CHANNELS": ""}, "--for", "serve")
    code, said = doctor({**healthy, **wrong, "SALE_BOARD_CHANNELS": ""}, "--for", "serve")

    assert (right, as_it_is["commerce"]) == (0, "good: it takes our token, and does not know a channel that nobody has")
    assert code == 0
    assert "; our token is for 'sale', and SALE_JWT_AUDIENCE is 'till'; " in said["identity"]
    assert said["commerce"].startswith("mind: it takes our token; it says the same of any path, so whether it is comm")
    assert "check SALE_COMMERCE_URL and " in said["commerce"]


def test_clocks_that_are_apart_and_a_plain_port_that_is_asked_for_tls(healthy: dict[str, str]) -> None:
    with talking(b"HTTP/1.1 200 OK\r\ndate: Mon, 02 Mar 2020 10:00:00 GMT\r\ncontent-length: 2\r\n\r\n{}") as place:
        late = only_ill(healthy, "identity", SALE_IDENTITY_URL=f"http://{place}")
        plain = only_ill(healthy, "commerce", SALE_COMMERCE_URL=f"https://{place}")

    assert re.match(r"not well: our clock is \d+ s ahead of identity's, .*ask a time server", late)
    assert re.match(r"not reachable: it does not speak TLS as we do: .*; check SALE_COMMERCE_URL", plain)
