"""What makes an object ours: its namespace, the labels that say whose it is, and the one that keeps a sidecar out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from meshctl.config import Config
from meshctl.errors import Caution, TemplateError
from meshctl.manifest import (
    LABEL_INJECT,
    LABEL_MANAGED_BY,
    LABEL_MEMBER,
    LABEL_NAMESPACE,
    LABEL_PART_OF,
    LABEL_PROJECT,
    LABEL_SERVICE,
    MANAGED_BY,
    ApplySet,
    is_namespaced,
    pod_template,
    service_label,
)
from meshctl.render.documents import Draft

FOREIGN_NAMESPACE = "MSH108"
OWNERSHIP_GIVES_WAY = "MSH111"
FOREIGN_SET = "MSH113"
CUSTOM_RESOURCE_DEFINITION = "CustomResourceDefinition"


class Owner:
    """Marks the objects of one run; it knows the scopes of the kinds that the run itself defines."""

    def __init__(self, config: Config, drafts: Iterable[Draft]) -> None:
        self._config = config
        self._scopes = dict(_defined_scopes(drafts))
        self._ours = {LABEL_MANAGED_BY: MANAGED_BY, LABEL_PART_OF: config.project}

    def place(self, draft: Draft) -> TemplateError | None:
        """Gives a namespaced object its namespace, and takes it from any other. Returns the error of one that is
        meant for a namespace, or for an ApplySet, of somebody else."""
        metadata = draft.body["metadata"]
        if (metadata.get("labels") or {}).get(LABEL_MEMBER) not in (None, self._set_id(draft)):
            return draft.error(
                f"this {draft.body['kind']} is part of an ApplySet already",
                FOREIGN_SET,
                ("metadata", "labels", LABEL_MEMBER),
                "take the label out of the template: meshctl has a set for each service",
            )
        wanted = metadata.pop("namespace", None)
        if not self._is_namespaced(draft):
            return None
        namespace = wanted or self._config.namespace
        draft.body["metadata"] = {"name": metadata.pop("name"), "namespace": namespace, **metadata}
        if namespace == self._config.namespace or _matches(namespace, self._config.cluster.allow_namespaces):
            return None
        return draft.error(
            f"{draft.ref} is for namespace {namespace}, and yours is {self._config.namespace}",
            FOREIGN_NAMESPACE,
            ("metadata", "namespace"),
            f"leave the namespace out, or add {namespace} to cluster.allow_namespaces",
        )

    def label(self, draft: Draft) -> Iterator[Caution]:
        """Writes the labels of ownership; yields one warning for each that the template had otherwise."""
        metadata = draft.body["metadata"]
        theirs = metadata.get("labels") or {}
        labels = {**self._ours, LABEL_SERVICE: service_label(draft.service)}
        for name, value in labels.items():
            if name in theirs and theirs[name] != value:
                yield self._gave_way(draft, name, theirs[name], value)
        if metadata.get("namespace") != self._config.namespace:
            labels[LABEL_NAMESPACE] = self._config.namespace
        metadata["labels"] = {**theirs, **labels, LABEL_MEMBER: self._set_id(draft)}
        self._label_pods(draft)

    def _set_id(self, draft: Draft) -> str:
        return ApplySet(self._config.project, self._config.namespace, draft.service).id

    def _label_pods(self, draft: Draft) -> None:
        """Whose pods they are; never on selectors or volumeClaimTemplates, which nobody can change later."""
        template = pod_template(draft.body)
        if template is None:
            return
        labels = {LABEL_SERVICE: service_label(draft.service), LABEL_PROJECT: self._config.project}
        service = self._config.services.get(draft.service)
        if service and not service.inject:
            labels[LABEL_INJECT] = "false"
        template["metadata"] = metadata = dict(template.get("metadata") or {})
        metadata["labels"] = {**(metadata.get("labels") or {}), **labels}

    def _gave_way(self, draft: Draft, label: str, theirs: Any, ours: str) -> Caution:
        return Caution(
            OWNERSHIP_GIVES_WAY,
            f"label {label} of {draft.ref} becomes {ours}; the template has {theirs}",
            draft.error("", "", ("metadata", "labels", label)).where,
            "take it out of the template",
        )

    def _is_namespaced(self, draft: Draft) -> bool:
        """What nobody knows is taken for namespaced, as most kinds are."""
        api_version, kind = draft.body["apiVersion"], draft.body["kind"]
        known = is_namespaced(api_version, kind, self._config.cluster.scoped_kinds)
        return self._scopes.get((api_version.rpartition("/")[0], kind), True) if known is None else known


def _defined_scopes(drafts: Iterable[Draft]) -> Iterator[tuple[tuple[str, str], bool]]:
    for draft in drafts:
        spec = draft.body.get("spec")
        if draft.body["kind"] == CUSTOM_RESOURCE_DEFINITION and isinstance(spec, dict):
            names = spec.get("names")
            kind = names.get("kind") if isinstance(names, dict) else None
            yield (str(spec.get("group")), str(kind)), spec.get("scope") != "Cluster"


def _matches(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
