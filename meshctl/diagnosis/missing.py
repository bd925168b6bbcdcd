"""What a pod reads and what is not there, out of a kubelet's words."""

from __future__ import annotations

import re
from typing import NamedTuple

_KINDS = {"configmap": "ConfigMap", "secret": "Secret", "persistentvolumeclaim": "PersistentVolumeClaim"}
_OBJECT = re.compile(r'(configmap|secret|persistentvolumeclaim)s? "([^"]+)" (?:is )?not found', re.IGNORECASE)
_KEY = re.compile(r"couldn't find key (\S+) in (ConfigMap|Secret) (?:\S+/)?([^\s/]+)")
_MOUNTED_KEY = re.compile(r"references non-existent (?:config|secret) key: (\S+)")
_VOLUME = re.compile(r'for volume "([^"]+)"')


class Missing(NamedTuple):
    """`key` is empty when the object itself is missing, `name` when the kubelet does not name it."""

    kind: str
    name: str
    key: str = ""

    def __str__(self) -> str:
        if self.key and not self.name:
            return f"key {self.key} of its {self.kind}, which has no such key"
        if self.key:
            return f"key {self.key} of {self.kind} {self.name}, which has no such key"
        return f"{self.kind} {self.name}, which does not exist"


def missing(said: str) -> Missing | None:
    """Of `configmap "x" not found`, `couldn't find key k in Secret dev/x` and the like."""
    if found := _KEY.search(said):
        return Missing(found[2], found[3], found[1])
    if found := _OBJECT.search(said):
        return Missing(_KINDS[found[1].lower()], found[2])
    if found := _MOUNTED_KEY.search(said):
        kind = "Secret" if "secret key" in found[0] else "ConfigMap"
        return Missing(kind, "", found[1])
    return None


def volume(said: str) -> str:
    """The volume that a kubelet's complaint names; empty when it names none."""
    found = _VOLUME.search(said)
    return found[1] if found else ""
