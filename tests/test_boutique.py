"""Online Boutique: a real application of 12 services, its released manifests unchanged, from nothing to gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from meshctl import yamlio

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("MESHCTL_TEST_DATA", ROOT.parent / "shared/data")) / "online-boutique"
FILES = [DATA / "kubernetes-manifests.yaml", DATA / "istio-manifests.yaml"]

# The dependencies that its README tells.
NEEDS: dict[str, list[str]] = {
    "frontend": [
        *("productcatalogservice", "currencyservice", "cartservice", "recommendationservice"),
        *("shippingservice", "checkoutservice", "adservice"),
    ],
    "checkoutservice": [
        *("productcatalogservice", "shippingservice", "paymentservice"),
        *("emailservice", "currencyservice", "cartservice"),
    ],
    "recommendationservice": ["productcatalogservice"],
    "cartservice": ["redis-cart"],
    "loadgenerator": ["frontend"],
    "adservice": [],
    "currencyservice": [],
    "emailservice": [],
    "paymentservice": [],
    "productcatalogservice": [],
    "redis-cart": [],
    "shippingservice": [],
}
OF_FRONTEND = {"frontend-external", "frontend-gateway", "frontend-ingress"}
OF_NAMESPACE = {"allow-egress-googleapis", "allow-egress-google-metadata"}

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Shop:
    """The project and its namespace, as meshctl and as kubectl see them."""

    project: Path
    kubeconfig: Path
    namespace: str

    def meshctl(self, *arguments: str) -> list[Body]:
        """The events of a command that does what it should."""
        command = [sys.executable, "-m", "meshctl", "--directory", str(self.project), *arguments, "--output", "json"]
        return [json.loads(line) for line in self._run(command).splitlines()]

    def kubectl(self, *arguments: str) -> str:
        return self._run(["kubectl", *arguments])

    def _run(self, command: Sequence[str]) -> str:
        where = ["--kubeconfig", str(self.kubeconfig), "--namespace", self.namespace]
        finished = subprocess.run([*command, *where], capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    def pods(self) -> set[str]:
        return set(self.kubectl("get", "pods", "--output", "name").split())


@pytest.fixture
def shop(tmp_path: Path, sandbox_kubeconfig: Path, unused_namespace: str) -> Shop:
    """A service a folder."""
    if not DATA.is_dir():
        pytest.fail(f"{DATA} is not there; MESHCTL_TEST_DATA names the folder that has online-boutique in it")
    files: dict[str, list[Body]] = {}
    for body in sources():
        files.setdefault(service_of(body), []).append(body)
    for service, bodies in files.items():
        (tmp_path / "templates" / service).mkdir(parents=True)
        (tmp_path / "templates" / service / "all.yaml").write_text(yamlio.dump_all(bodies))
    (tmp_path / "configs").mkdir()
    services = {service: {"needs": needs} for service, needs in NEEDS.items()}
    (tmp_path / "configs/dev.yaml").write_text(yamlio.dump({"project": "boutique", "service": services}))
    return Shop(tmp_path, sandbox_kubeconfig, unused_namespace)


def sources() -> list[Body]:
    documents = [document for file in FILES for document in yamlio.load_all(file.read_text(), file.name)]
    return [document.value for document in documents]


def service_of(body: Body) -> str:
    name = body["metadata"]["name"]
    return "_namespace" if name in OF_NAMESPACE else "frontend" if name in OF_FRONTEND else name


def test_it_starts_in_order_is_as_it_was_written_restarts_and_stops(shop: Shop) -> None:
    check_order(shop.meshctl("start", "--all"))
    check_objects(shop)
    assert "applied" not in {event["type"] for event in shop.meshctl("start", "--all")}

    before = shop.pods()
    shop.meshctl("restart", "--all")
    check_replaced(shop, before)
    check_objects(shop)

    events = shop.meshctl("stop", "--all")
    assert position(events, "deleted", "loadgenerator") < position(events, "deleted", "frontend")
    left = shop.kubectl("get", "all,serviceaccount,virtualservice,gateway,serviceentry", "--output", "name")
    assert left.split() == ["serviceaccount/default"]


def check_order(events: list[Body]) -> None:
    """Every service began when what it needs was ready."""
    assert set(events[0]["services"]) - {"_namespace"} == set(NEEDS)
    for service, needs in NEEDS.items():
        for need in needs:
            assert position(events, "ready", need) < position(events, "applied", service)


def position(events: list[Body], kind: str, service: str) -> int:
    return next(
        number for number, event in enumerate(events) if (event["type"], event.get("service")) == (kind, service)
    )


def check_objects(shop: Shop) -> None:
    """kubectl finds every object of the source, with all that the source says."""
    named = [argument for file in FILES for argument in ("--filename", str(file))]
    live = json.loads(shop.kubectl("get", *named, "--output", "json"))["items"]
    assert len(live) == len(sources())
    assert [fault for wanted, found in zip(sources(), live, strict=True) for fault in faults(wanted, found)] == []


def faults(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where something is not as wanted; what the server adds is no fault."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key, value in wanted.items():
            yield from faults(value, found.get(key), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, value in enumerate(wanted):
            yield from faults(value, found[number], f"{path}[{number}]")
    elif wanted != found:
        yield f"{path}: {found!r} is not {wanted!r}"


def check_replaced(shop: Shop, before: set[str]) -> None:
    shop.kubectl("wait", "--for=delete", *before, "--timeout=60s")
    after = shop.pods()
    assert len(before) == len(after) == len(NEEDS)
    assert not before & after
