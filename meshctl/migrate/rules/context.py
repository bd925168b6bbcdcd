"""What a rule may look at: every manifest of the project, since Mixer's objects and Services name each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meshctl.migrate.edits import Edits
from meshctl.migrate.manifests import Manifest, labels_match, of_kind
from meshctl.migrate.rules.conditions import Inexpressible

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


@dataclass(frozen=True)
class Context:
    manifests: Sequence[Manifest]
    edits: Edits

    def services(self, host: str) -> list[Manifest]:
        """The Services that a host of Istio names: `web`, or `web.shop.svc.cluster.local`."""
        return [each for each in of_kind(self.manifests, "", "Service") if each.name == host.partition(".")[0]]

    def pods_behind(self, host: str) -> dict[str, Any]:
        """The labels of the pods that a host stands for. Raises Inexpressible."""
        services = self.services(host)
        selector = services[0].get("spec", "selector") if len(services) == 1 else None
        if not isinstance(selector, dict):
            raise Inexpressible(f"no Service of the project says which pods are behind {host}")
        return selector

    def service_of(self, labels: Mapping[str, Any]) -> Manifest | None:
        """The Service that selects pods with these labels, if there is one."""
        found = [
            each
            for each in of_kind(self.manifests, "", "Service")
            if labels_match(each.mapping("spec", "selector"), labels)
        ]
        return found[0] if len({each.name for each in found}) == 1 else None

    def workloads(self) -> Iterator[tuple[Manifest, Mapping[str, Any], str]]:
        """Each workload, the labels of its pods, its service account."""
        for each in self.manifests:
            if each.kind in _WORKLOADS and each.group in ("apps", "extensions"):
                account = each.get("spec", "template", "spec", "serviceAccountName")
                yield each, each.mapping("spec", "template", "metadata", "labels"), str(account or "default")

    def own_account(self, labels: Mapping[str, Any]) -> str:
        """The service account of the pods with these labels, if no other pods have it; empty if there is none."""
        chosen = {account for _, found, account in self.workloads() if labels_match(labels, found)}
        others = {account for _, found, account in self.workloads() if not labels_match(labels, found)}
        return next(iter(chosen)) if len(chosen) == 1 and not chosen & (others | {"default"}) else ""
