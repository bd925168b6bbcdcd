"""Which kinds the server serves, and under which paths.

Kinds that every server has, and Istio's, come from the table in `manifest` and cost no request: a server without one of
them answers 404 when it is used. Others are asked for once and kept, in memory and in a file for each server; what was
kept too long shows as a 404 too, and is asked for again.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from meshctl import cache, manifest
from meshctl.cluster.failures import Operation, no_such_kind
from meshctl.cluster.requests import Request
from meshctl.errors import NoSuchKind, NotFound

if TYPE_CHECKING:
    from meshctl.cluster.transport import Transport

_ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_VOWELS = "aeiou"


@dataclass(frozen=True)
class Resource:
    """A kind as the server serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = _ALL_VERBS

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of one object, or of all in the namespace, or of all in the cluster."""
        parts = [group_path(self.api_version)]
        parts += ["namespaces", namespace] if namespace and self.namespaced else []
        parts += [part for part in (self.plural, quote(name, safe=":"), subresource) if part]
        return "/".join(parts)


class Discovery:
    """Thread-safe: two threads that miss the same kind ask twice, which does no harm."""

    def __init__(self, transport: Transport, folder: Path) -> None:
        self._transport = transport
        self._folder = folder / hashlib.sha256(transport.target.server.encode()).hexdigest()[:16]
        self._known: dict[str, dict[str, Resource]] = {}
        self._lock = threading.Lock()

    def resource(self, api_version: str, kind: str, wanted: Operation | None = None) -> Resource:
        """Raises NoSuchKind, and ClusterError when the server cannot be asked; `wanted` is what it is needed for."""
        namespaced = manifest.is_namespaced(api_version, kind)
        if namespaced is not None:
            return Resource(api_version, kind, plural_of(kind).lower(), namespaced)
        found = self._kept(api_version).get(kind) or self._asked(api_version, kind).get(kind)
        if found:
            return found
        near = difflib.get_close_matches(kind, self._known.get(api_version, {}), n=1)
        raise no_such_kind(api_version, kind, wanted, near=near[0] if near else "")

    def refreshed(self, resource: Resource) -> Resource | None:
        """After a 404: the resource as the server has it now, when that is another than the one that was kept."""
        if manifest.is_namespaced(resource.api_version, resource.kind) is not None:
            return None
        found = self._asked(resource.api_version, resource.kind).get(resource.kind)
        return found if found != resource else None

    def all(self) -> list[Resource]:
        """Every kind that can be listed, in the version that the server prefers; two requests."""
        found: dict[tuple[str, str], Resource] = {}
        for resource in self._every():
            group = resource.api_version.rpartition("/")[0]
            if "list" in resource.verbs:
                found.setdefault((group, resource.kind), resource)
        return sorted(found.values(), key=lambda resource: (resource.api_version, resource.kind))

    def served(self) -> frozenset[tuple[str, str]]:
        """Every (apiVersion, kind), in all versions; two requests."""
        return frozenset((resource.api_version, resource.kind) for resource in self._every())

    def _every(self) -> Iterable[Resource]:
        """Of a group, the version that the server prefers comes first."""
        for path in ("/api", "/apis"):
            yield from _aggregated(self._get(path, "the kinds of the cluster", accept=_AGGREGATED))

    def _kept(self, api_version: str) -> dict[str, Resource]:
        """What memory or the file knows; nothing when the file is missing or damaged."""
        with self._lock:
            if api_version not in self._known:
                self._known[api_version] = _read(self._file(api_version))
            return self._known[api_version]

    def _asked(self, api_version: str, kind: str) -> dict[str, Resource]:
        try:
            listing = self._get(group_path(api_version), f"the kind {kind} of {api_version}")
        except (NotFound, NoSuchKind):
            listing = {}
        found = {resource.kind: resource for resource in _resources(api_version, listing)}
        with self._lock:
            self._known[api_version] = found
        if found:
            _write(self._file(api_version), found.values())
        return found

    def _get(self, path: str, what: str, accept: str = "application/json") -> dict[str, Any]:
        request = Request(Operation("look up", what), "GET", path, "discovery", accept=accept)
        return self._transport.send(request).json()

    def _file(self, api_version: str) -> Path:
        return self._folder / f"{api_version.replace('/', '_')}.json"


def group_path(api_version: str) -> str:
    """`/api/v1`, `/apis/apps/v1`."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def plural_of(kind: str) -> str:
    """English, as all built-in kinds are served: NetworkPolicies, Ingresses, Gateways."""
    if kind.endswith(("s", "x", "z", "ch", "sh")):
        return kind if kind == "Endpoints" else f"{kind}es"
    if kind.endswith("y") and kind[-2] not in _VOWELS:
        return f"{kind[:-1]}ies"
    return f"{kind}s"


def _resources(api_version: str, listing: dict[str, Any]) -> Iterable[Resource]:
    """Of an APIResourceList; subresources have a slash in their name."""
    for item in listing.get("resources") or []:
        if "/" not in item["name"]:
            verbs = tuple(sorted(item.get("verbs") or ()))
            yield Resource(api_version, item["kind"], item["name"], bool(item["namespaced"]), verbs)


def _aggregated(listing: dict[str, Any]) -> Iterable[Resource]:
    """Of an APIGroupDiscoveryList, whose versions stand in the order of preference."""
    for group in listing.get("items") or []:
        name = group["metadata"].get("name") or ""
        for version in group.get("versions") or []:
            api_version = f"{name}/{version['version']}" if name else version["version"]
            for item in version.get("resources") or []:
                kind = (item.get("responseKind") or {}).get("kind") or ""
                verbs = tuple(sorted(item.get("verbs") or ()))
                yield Resource(api_version, kind, item["resource"], item.get("scope") == "Namespaced", verbs)


def _read(file: Path) -> dict[str, Resource]:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {item["kind"]: Resource(**{**item, "verbs": tuple(item["verbs"])}) for item in kept}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _write(file: Path, resources: Iterable[Resource]) -> None:
    cache.write(file, json.dumps([asdict(resource) for resource in resources]).encode())
