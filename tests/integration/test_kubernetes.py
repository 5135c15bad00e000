"""deploy/kubernetes.yaml against Kubernetes' own schemas, and against what the program and the image are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml  # type: ignore[import-untyped]
from app import __version__
from app.api.application import create_api
from app.cli.main import Commands
from app.settings import Settings

from proxies import DEPLOY
from service_process import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

VERSIONS: Final = ("1.30", "1.37")
"""The oldest whose schemas the objects are held to, and the newest."""
Document = dict[str, Any]


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def of_kind(documents: list[Document], kind: str) -> dict[str, Document]:
    return {one["metadata"]["name"]: one for one in documents if one["kind"] == kind}


def pods(documents: list[Document]) -> Iterator[Document]:
    """The specifications of all pods."""
    for one in documents:
        if one["kind"] in {"Deployment", "Job"}:
            yield one["spec"]["template"]["spec"]


def containers(documents: list[Document]) -> list[Document]:
    return [container for pod in pods(documents) for container in pod["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_all_objects_are_as_kubernetes_has_them(documents: list[Document], version: str) -> None:
    assert {one["kind"] for one in documents} >= {
        "ConfigMap", "Secret", "Job", "Deployment", "Service", "Ingress", "PodDisruptionBudget",
    }  # fmt: skip
    for one in documents:
        kubernetes_validate.validate(one, version, strict=True)


def test_the_schemas_find_what_is_wrong(documents: list[Document]) -> None:
    broken = yaml.safe_load(yaml.safe_dump(of_kind(documents, "Deployment")["signpost"]))
    broken["spec"]["replica"] = broken["spec"].pop("replicas")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def test_variables_are_settings_and_have_values_that_hold(
    documents: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        **of_kind(documents, "ConfigMap")["signpost"]["data"],
        **of_kind(documents, "Secret")["signpost"]["stringData"],
    }
    assert set(given) <= {f"SIGNPOST_{name.upper()}" for name in Settings.model_fields}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    (pod,) = (pod for pod in pods(documents) if pod["containers"][0]["name"] == "signpost")
    assert pod["terminationGracePeriodSeconds"] >= settings.drain_seconds + settings.shutdown_seconds + 10
    assert not settings.serve_verifies, "the worker does"


def test_probes_ask_paths_that_there_are_at_the_port_that_is_served(documents: list[Document]) -> None:
    paths = create_api(Settings()).openapi()["paths"]
    (serving,) = (one for one in containers(documents) if one["name"] == "signpost")
    (port,) = serving["ports"]
    assert serving["args"][serving["args"].index("--port") + 1] == str(port["containerPort"])
    assert f"EXPOSE {port['containerPort']}" in (ROOT / "Dockerfile").read_text()
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = serving[probe]["httpGet"]
        assert asked["path"] in paths
        assert asked["port"] == port["name"]
    # What is 503 on all pods at once while the database is away must not decide where requests go.
    assert serving["readinessProbe"]["httpGet"]["path"] == "/health/serving"
    (service,) = of_kind(documents, "Service").values()
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]


def test_all_names_go_to_the_service_over_http_too_and_no_address_into_a_log(
    documents: list[Document],
) -> None:
    (service,) = of_kind(documents, "Service").values()
    (ingress,) = of_kind(documents, "Ingress").values()
    rules = ingress["spec"]["rules"]
    settings = of_kind(documents, "ConfigMap")["signpost"]["data"]
    # A rule without a host is for all the others.
    assert [rule.get("host") for rule in rules] == [urlsplit(settings["SIGNPOST_PUBLIC_URL"]).hostname, None]
    for rule in rules:
        (path,) = rule["http"]["paths"]
        assert (path["path"], path["pathType"]) == ("/", "Prefix")
        backend = path["backend"]["service"]
        assert backend["name"] == service["metadata"]["name"]
        assert backend["port"]["name"] == service["spec"]["ports"][0]["name"]
    said = {name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items()}
    assert said["ssl-redirect"] == "false"
    assert said["enable-access-log"] == "false"
    # What the service refuses over http, it refuses at the word of a proxy that it trusts.
    assert settings["SIGNPOST_PUBLIC_URL"].startswith("https://")
    assert settings["SIGNPOST_TRUSTED_PROXIES"]


def test_commands_are_ones_that_there_are(documents: list[Document]) -> None:
    assert {one["args"][0] for one in containers(documents)} <= Commands.places.keys()


def test_selectors_select_the_pods_that_they_are_for(documents: list[Document]) -> None:
    labels = of_kind(documents, "Deployment")["signpost"]["spec"]["template"]["metadata"]["labels"]
    (service,) = of_kind(documents, "Service").values()
    (budget,) = of_kind(documents, "PodDisruptionBudget").values()
    assert service["spec"]["selector"] == labels
    assert budget["spec"]["selector"]["matchLabels"] == labels
    for deployment in of_kind(documents, "Deployment").values():
        spec = deployment["spec"]
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    assert budget["spec"]["minAvailable"] < of_kind(documents, "Deployment")["signpost"]["spec"]["replicas"]


def test_pods_run_as_the_image_does_and_may_do_no_more(documents: list[Document]) -> None:
    found = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    for pod in pods(documents):
        context = pod["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"]) == tuple(map(int, found.groups()))
        assert context["runAsNonRoot"] is True
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            confined = container["securityContext"]
            assert confined["readOnlyRootFilesystem"] is True
            assert confined["allowPrivilegeEscalation"] is False
            assert confined["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            # Forked processes meet at a socket there, and bulk requests are kept there.
            assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]  # noqa: S108


def test_all_run_the_same_image_of_this_version(documents: list[Document]) -> None:
    assert {one["image"].rpartition(":")[2] for one in containers(documents)} == {__version__}


def test_connections_to_postgresql_fit_as_it_comes(documents: list[Document]) -> None:
    each = Settings.model_fields["database_connections"].default
    wanted = 0
    for deployment in of_kind(documents, "Deployment").values():
        args = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        processes = int(args[args.index("--workers") + 1]) if "--workers" in args else 1
        # One replica more while they are replaced.
        wanted += (deployment["spec"]["replicas"] + 1) * processes * (each + 2)
    assert wanted <= 97
