"""The files under deploy/ fit the program that they start."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from starlette.routing import Route

from sale_adapters.prometheus import RelayMetrics
from sale_adapters.system import SystemClock
from sale_adapters.web.operations import OPERATIONS
from sale_adapters.web.stream.service import FAREWELL_SECONDS
from sale_adapters.wire.places import BASE
from sale_app.relay_http import relay_app
from sale_app.server import grace_seconds
from sale_app.setting_fields import Process
from sale_app.setting_rows import describe
from sale_app.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
SCHEMAS = Path(__file__).with_name("schemas")
KUBERNETES = DEPLOY / "kubernetes"
KNOWN = {row.variable for row in describe({})}
PATHS = {f"{BASE}{operation.path}" for operation in OPERATIONS}


def documents() -> list[dict[str, Any]]:
    files = [*sorted(KUBERNETES.glob("base/*.yaml")), KUBERNETES / "secrets.example.yaml"]
    return [document for file in files for document in yaml.safe_load_all(file.read_text())]


def one(kind: str, name: str) -> Any:  # noqa: ANN401 - YAML, as it is
    (found,) = (d for d in documents() if d["kind"] == kind and d["metadata"]["name"] == name)
    return found


def pods() -> Iterator[dict[str, Any]]:
    yield from (d["spec"]["template"]["spec"] for d in documents() if d["kind"] in {"Deployment", "Job"})


def test_every_variable_is_a_setting() -> None:
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    named = {
        name for path in files for name in re.findall(r"\b(SALE_[A-Z0-9_]*[A-Z0-9])\b(?! and so on)", path.read_text())
    }

    assert named - KNOWN - {"SALE_PORT"} == set()
    assert len(named) > 15


@pytest.mark.parametrize(
    ("process", "secret"), [(Process.SERVE, "sale"), (Process.RELAY, "sale"), (Process.MIGRATE, "sale-migrate")]
)
def test_a_process_gets_every_setting_that_it_cannot_do_without(process: Process, secret: str) -> None:
    Settings.read({**one("ConfigMap", "sale")["data"], **one("Secret", secret)["stringData"]}, process=process)


@pytest.mark.parametrize("service", ["serve", "relay", "migrate"])
def test_a_service_of_compose_gets_them_too(service: str) -> None:
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    given = {name: str(value) for name, value in compose["services"][service]["environment"].items()}
    spoken = {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in given.items()}

    Settings.read(spoken, process=Process(service))


def test_probes_ask_for_what_is_served() -> None:
    (serve,) = one("Deployment", "sale-serve")["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: str(port["containerPort"]) for port in serve["ports"]}
    settings = one("ConfigMap", "sale")["data"]

    assert ports == {"http": settings["SALE_HTTP_PORT"], "webhook": settings["SALE_WEBHOOK_PORT"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert serve[probe]["httpGet"]["path"] in PATHS
        assert serve[probe]["httpGet"]["port"] == "http"


def test_the_relays_probes_and_prometheus_ask_the_port_that_it_listens_on() -> None:
    (relay,) = one("Deployment", "sale-relay")["spec"]["template"]["spec"]["containers"]
    told = {variable["name"]: variable["value"] for variable in relay["env"]}
    served = {route.path for route in relay_app(RelayMetrics(clock=SystemClock())).routes if isinstance(route, Route)}
    monitors = yaml.safe_load_all((KUBERNETES / "prometheus" / "monitor.yaml").read_text())
    (asked,) = (monitor["spec"] for monitor in monitors if monitor["kind"] == "PodMonitor")
    (scrape,) = asked["podMetricsEndpoints"]
    policy = one("NetworkPolicy", "sale-relay-metrics")["spec"]

    assert [(port["name"], str(port["containerPort"])) for port in relay["ports"]] == [
        ("metrics", told["SALE_RELAY_HTTP_PORT"])
    ]
    assert told["SALE_RELAY_HTTP_HOST"] == "0.0.0.0"  # noqa: S104 - as the kubelet needs it
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert relay[probe]["httpGet"]["port"] == "metrics"
        assert relay[probe]["httpGet"]["path"] in served
    assert (scrape["port"], scrape["path"] in served) == ("metrics", True)
    assert asked["selector"] == policy["podSelector"]
    assert [str(port["port"]) for rule in policy["ingress"] for port in rule["ports"]] == [told["SALE_RELAY_HTTP_PORT"]]


def test_serve_is_given_the_time_that_it_takes_to_end_in_good_order() -> None:
    pod = one("Deployment", "sale-serve")["spec"]["template"]["spec"]
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    told = {**one("ConfigMap", "sale")["data"], **one("Secret", "sale")["stringData"]}
    settings = Settings.read(told, process=Process.SERVE)
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())

    ending = settings.drain_seconds + FAREWELL_SECONDS + grace_seconds(settings)
    assert ending >= 34
    assert pod["terminationGracePeriodSeconds"] >= pause + ending + 10
    assert int(compose["services"]["serve"]["stop_grace_period"].removesuffix("s")) >= ending + 10


def test_no_pod_takes_the_variables_of_services_for_settings_or_more_rights_than_it_needs() -> None:
    for pod in pods():
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_image_and_compose_run_sale_as_nobody_special_and_ask_whether_it_lives() -> None:
    image = (DEPLOY / "docker" / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    ours = [service for service in compose["services"].values() if service["image"].startswith("sale:")]
    (asked,) = re.findall(r"'(/\S+)', timeout", image)

    assert re.findall(r"^USER (.*)$", image, re.MULTILINE) == ["10001:10001"]
    assert re.findall(r"^(?:ENTRYPOINT|CMD) (.*)$", image, re.MULTILINE) == ['["sale"]', '["serve"]']
    assert asked in PATHS
    assert len(ours) == 4
    for service in ours:
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_mq_pay_alone_reaches_the_webhook_and_with_cilium_one_path_of_it() -> None:
    policies = [d for d in documents() if d["kind"] == "NetworkPolicy"]
    port = int(one("ConfigMap", "sale")["data"]["SALE_WEBHOOK_PORT"])
    to_webhook = [
        rule
        for policy in policies
        for rule in policy["spec"].get("ingress", ())
        if "ports" not in rule or port in {allowed.get("port") for allowed in rule["ports"]}
    ]
    cilium = yaml.safe_load((KUBERNETES / "cilium" / "webhook.yaml").read_text())["spec"]
    serve = {"matchLabels": {"app.kubernetes.io/name": "sale-serve"}}
    (rule,) = cilium["ingress"]
    (way,) = rule["toPorts"]

    assert one("NetworkPolicy", "sale-webhook")["spec"]["podSelector"] == serve
    assert [rule["from"] for rule in to_webhook] == [
        [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "payments"}},
                "podSelector": {"matchLabels": {"app.kubernetes.io/name": "mq-pay"}},
            }
        ]
    ]
    assert cilium["endpointSelector"] == serve
    assert rule["fromEndpoints"] == [
        {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "payments", "app.kubernetes.io/name": "mq-pay"}}
    ]
    assert way["ports"] == [{"port": str(port), "protocol": "TCP"}]
    assert [(rule["method"], rule["path"] in PATHS) for rule in way["rules"]["http"]] == [("POST", True)]


def test_what_is_applied_is_every_file_and_with_cilium_its_policy_instead_of_the_plain_one() -> None:
    base = yaml.safe_load((KUBERNETES / "base" / "kustomization.yaml").read_text())
    cilium = yaml.safe_load((KUBERNETES / "cilium" / "kustomization.yaml").read_text())
    (patch,) = cilium["patches"]

    files = {file.name for file in KUBERNETES.glob("base/*.yaml")} - {"kustomization.yaml"}
    assert sorted(base["resources"]) == sorted(files)
    assert cilium["resources"] == ["webhook.yaml"]
    assert yaml.safe_load(patch["patch"]) == {
        "$patch": "delete",
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "sale-webhook"},
    }


def test_compose_publishes_the_tills_port_and_the_sandbox_on_this_machine_and_nothing_else() -> None:
    services = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())["services"]

    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "serve": ["127.0.0.1:31030:31030"],
        "sandbox": ["127.0.0.1:31040:31040"],
    }


def test_a_collector_is_reached_by_those_who_trace_where_the_component_for_it_is_added() -> None:
    component = yaml.safe_load((KUBERNETES / "traces" / "kustomization.yaml").read_text())
    (policy,) = (yaml.safe_load((KUBERNETES / "traces" / name).read_text()) for name in component["resources"])
    (tracing,) = policy["spec"]["podSelector"]["matchExpressions"]
    (port,) = policy["spec"]["egress"][0]["ports"]
    base = [d for d in documents() if d["kind"] == "NetworkPolicy"]
    docs = (DEPLOY.parent / "docs" / "how-to" / "watch.md").read_text()

    assert tracing["values"] == ["sale-serve", "sale-relay"]
    assert all(one("Deployment", name) for name in tracing["values"])
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:{port['port']}" in docs
    assert "4318" not in json.dumps(base), "off unless somebody asks for it"


def test_every_image_is_pinned() -> None:
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    images = [service["image"] for service in compose["services"].values()]
    images += [c["image"] for pod in pods() for c in (*pod.get("initContainers", ()), *pod["containers"])]
    images += re.findall(r"^ARG PYTHON=(.*)$", (DEPLOY / "docker" / "Dockerfile").read_text(), re.MULTILINE)

    assert len(images) > 10
    assert all(re.search(r":\d+\.\d+", image) for image in images)


def test_kubernetes_takes_every_manifest() -> None:
    schema = json.loads((SCHEMAS / "kubernetes.json").read_text())
    standard = [d for d in documents() if not d["apiVersion"].startswith("kustomize")]
    for document in standard:
        kind = schema["kinds"][f"{document['apiVersion']} {document['kind']}"]
        jsonschema.validate(document, {"$ref": f"#/definitions/{kind}", "definitions": schema["definitions"]})
    assert len(standard) > 15


def test_compose_takes_its_file() -> None:
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())

    jsonschema.validate(compose, json.loads((SCHEMAS / "compose-spec.json").read_text()))
