"""The annotation that rolls pods when the configuration that they read has changed, and only then."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from meshctl.manifest import ANNOTATION_CONFIG_HASH, config_references, pod_template
from meshctl.render.documents import Draft

_ROLLED = {("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("batch", "CronJob")}
_KINDS = {("", "ConfigMap"), ("", "Secret")}
_CONTENT = ("data", "binaryData", "stringData")
_LENGTH = 16  # hexadecimal digits; nobody attacks it, it only has to change

Key = tuple[str, str, str]  # kind, namespace, name


class ConfigHashes:
    """What ConfigMaps and Secrets say, by kind, namespace and name.

    A pod may read those of a service that is not selected. `others` renders the rest of the project then, once: the
    hash of a workload must not depend on what was selected with it, or `start web` and `start --all` would roll its
    pods in turns. What the project does not have at all, such as kube-root-ca.crt, does not count.
    """

    def __init__(self, drafts: Iterable[Draft], others: Callable[[], Iterable[Draft]]) -> None:
        self._selected = _digests(drafts)
        self._render_others = others

    @cached_property
    def _others(self) -> Mapping[Key, str]:
        return _digests(self._render_others())

    def annotate(self, draft: Draft) -> None:
        """Writes the annotation on the pod template of a workload that reads something of the project."""
        template = pod_template(draft.body) if draft.ref.group_kind in _ROLLED else None
        if template is None:
            return
        read = sorted((kind, draft.ref.namespace, name) for kind, name in config_references(template))
        found = [(*key, digest) for key in read if (digest := self._digest(key))]
        if found:
            metadata = template["metadata"]
            annotations = metadata.get("annotations") or {}
            metadata["annotations"] = {**annotations, ANNOTATION_CONFIG_HASH: _hash(found)}

    def _digest(self, key: Key) -> str | None:
        return self._selected.get(key) or self._others.get(key)


def _digests(drafts: Iterable[Draft]) -> dict[Key, str]:
    return {
        (draft.ref.kind, draft.ref.namespace, draft.ref.name): _hash({key: draft.body.get(key) for key in _CONTENT})
        for draft in drafts
        if draft.ref.group_kind in _KINDS
    }


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_LENGTH]
