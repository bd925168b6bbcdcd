"""The API server as the rooms above see it: objects in, objects out, errors of our own tree."""

from __future__ import annotations

import copy
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from meshctl.cluster.discovery import Discovery, Resource, plural_of
from meshctl.cluster.exec import PROTOCOLS as EXEC_PROTOCOLS
from meshctl.cluster.exec import Execution
from meshctl.cluster.failures import Operation
from meshctl.cluster.forward import LOCALHOST, PortForward
from meshctl.cluster.forward import PROTOCOL as PORT_PROTOCOL
from meshctl.cluster.logs import SILENCE, LogStream
from meshctl.cluster.requests import Answer, Request
from meshctl.cluster.target import Target
from meshctl.cluster.watch import Watch
from meshctl.cluster.websocket import WebSocket, upgrade_headers
from meshctl.errors import ClusterError, Conflict, Invalid, NoSuchKind, NotFound
from meshctl.identity import ObjectRef
from meshctl.manifest.secrecy import mask

if TYPE_CHECKING:
    from meshctl.cluster.transport import Transport

Body = dict[str, Any]
MANAGER = "meshctl"
SERVED_WITHIN = 10.0  # seconds from a definition's condition Established to the last API server that serves the kind
KNOWN_WITHIN = 3.0  # seconds from a definition's change until its new fields are known
_ALL = "application/json"
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_OTHER_UID = "does not match the UID in record"
_PATCHES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}


@dataclass(frozen=True)
class Listing:
    """`resource_version` is where a watch goes on from."""

    items: list[Body]
    resource_version: str


@dataclass(frozen=True)
class Result:
    """What an apply stored, and what the server remarked."""

    object: Body
    warnings: tuple[str, ...]
    created: bool


class Cluster:
    """One API server. Thread-safe. Every method raises ClusterError."""

    def __init__(self, target: Target, transport: Transport, cache: Path) -> None:
        self.target = target
        self._transport = transport
        self._discovery = Discovery(transport, cache)
        self._defined: dict[tuple[str, str], float] = {}  # on the monotonic clock
        self._counted = ""
        self._patience: float | None = None

    def counted_as(self, word: str) -> Cluster:
        """The same cluster; what is sent through it counts under this word, whatever its verb."""
        other = copy.copy(self)
        other._counted = word  # noqa: SLF001 our own
        return other

    def patient_for(self, seconds: float) -> Cluster:
        """The same cluster; no answer from it is waited for longer, whatever is the matter."""
        other = copy.copy(self)
        other._patience = seconds  # noqa: SLF001 our own
        return other

    @property
    def requests(self) -> Counter[str]:
        """What was sent so far: get, list, watch, apply, create, patch, delete, logs, discovery …, repeats included."""
        return self._transport.requests

    @property
    def throttled(self) -> int:
        """How often the server has said that it has too much to do (429)."""
        return self._transport.throttled

    def close(self) -> None:
        """No request of any thread is tried again."""
        self._transport.close()

    def resource(self, api_version: str, kind: str) -> Resource:
        """Raises NoSuchKind."""
        return self._discovery.resource(api_version, kind)

    def resources(self) -> list[Resource]:
        """Every kind that can be listed, each in the version that the server prefers."""
        return self._discovery.all()

    def served(self) -> frozenset[tuple[str, str]]:
        """Every (apiVersion, kind) that the server has, in all its versions; empty where it is older than 1.30."""
        return self._discovery.served()

    def version(self) -> Body:
        request = Request(Operation("get", "the server's version"), "GET", "/version", "version")
        return self._transport.send(request).json()

    def get(self, ref: ObjectRef) -> Body:
        """Raises NotFound."""
        return self._send(ref, "get", "GET").json()

    def list(self, api_version: str, kind: str, namespace: str = "", *, labels: str = "", fields: str = "") -> Listing:
        """All in the namespace, or in the cluster, in one request: pages come only when the server insists."""
        return self._list(_ALL, api_version, kind, namespace, labels=labels, fields=fields)

    def list_metadata(self, api_version: str, kind: str, namespace: str = "", *, labels: str = "") -> Listing:
        """The same with nothing of the objects but their metadata."""
        return self._list(_METADATA, api_version, kind, namespace, labels=labels)

    def _list(
        self, accept: str, api_version: str, kind: str, namespace: str, *, labels: str = "", fields: str = ""
    ) -> Listing:
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        every = ObjectRef(api_version, kind, namespace, "")
        items: list[Body] = []
        page = self._send(every, "list", "GET", query=selectors, accept=accept).json()
        items += page.get("items") or []
        while token := page["metadata"].get("continue"):
            query = {**selectors, "continue": token}
            page = self._send(every, "list", "GET", query=query, accept=accept).json()
            items += page.get("items") or []
        for item in items:  # a list names the kind of its items once, for itself
            item.update(apiVersion=api_version, kind=kind)
        return Listing(items, page["metadata"]["resourceVersion"])

    def watch(
        self,
        api_version: str,
        kind: str,
        namespace: str = "",
        *,
        resource_version: str,
        labels: str = "",
        fields: str = "",
    ) -> Watch:
        """The changes since a list's resource version. Nothing is sent before the first one is asked for."""
        every = ObjectRef(api_version, kind, namespace, "")
        watching = {"watch": "1", "allowWatchBookmarks": "true", "labelSelector": labels, "fieldSelector": fields}
        resource = self._discovery.resource(api_version, kind, _operation("watch", every))
        base = _request(every, "watch", "GET", resource, query=watching)

        def request(since: str, seconds: int) -> Request:
            return replace(base, query={**base.query, "resourceVersion": since, "timeoutSeconds": str(seconds)})

        return Watch(self._transport, request, resource_version)

    def apply(
        self, body: Mapping[str, Any], *, force: bool = False, dry_run: bool = False, manager: str = MANAGER
    ) -> Result:
        """Server-side apply. Raises Conflict when other managers own a field, unless `force` takes it."""
        query = {**_writing(dry_run, manager), "fieldValidation": "Strict", "force": "true" if force else None}
        content = "application/apply-patch+yaml"  # JSON is YAML
        answer = self._send(ObjectRef.of(body), "apply", "PATCH", query=query, body=body, content_type=content)
        if body.get("kind") == "CustomResourceDefinition" and not dry_run:
            self._defined[body["spec"]["group"], body["spec"]["names"]["kind"]] = time.monotonic()
        warnings = tuple(mask(each, body) for each in answer.warnings)
        return Result(answer.json(), warnings, created=answer.status == 201)

    def create(self, body: Mapping[str, Any], *, dry_run: bool = False, repeatable: bool = False) -> Body:
        """Raises Conflict (code AlreadyExists). `repeatable` is for who takes that, after an answer that was lost, for
        his own doing."""
        query = {**_writing(dry_run, MANAGER), "fieldValidation": "Strict"}
        return self._send(ObjectRef.of(body), "create", "POST", query=query, body=body, repeatable=repeatable).json()

    def patch(
        self,
        ref: ObjectRef,
        body: Any,
        *,
        type: Literal["merge", "json", "strategic"] = "merge",  # noqa: A002 the API's own word
        manager: str = MANAGER,
        dry_run: bool = False,
    ) -> Body:
        """A merge patch can be repeated when its answer is lost, the others may not mean the same twice."""
        query, content = _writing(dry_run, manager), _PATCHES[type]
        merge = type == "merge"
        return self._send(ref, "patch", "PATCH", query=query, body=body, content_type=content, repeatable=merge).json()

    def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str = "",
        resource_version: str = "",
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> bool:
        """False when it was gone already; with `uid` also when another object has its name by now.

        With `resource_version` raises Conflict when it has changed since.
        """
        options: Body = {"propagationPolicy": propagation}
        expected = {"uid": uid, "resourceVersion": resource_version}
        options |= {"preconditions": {key: value for key, value in expected.items() if value}} if uid else {}
        options |= {"dryRun": ["All"]} if dry_run else {}
        try:
            self._send(ref, "delete", "DELETE", body=options)
        except (NotFound, NoSuchKind):
            return False
        except Conflict as error:
            if uid and _OTHER_UID in error.message:
                return False
            raise
        return True

    def logs(  # noqa: PLR0913 what the API's own request has
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        since_seconds: int | None = None,
        since_time: str | None = None,
        tail: int | None = None,
        limit_bytes: int | None = None,
    ) -> LogStream:
        """The lines of one container, each after its time. Nothing is sent before the first one is asked for."""
        numbers = {"sinceSeconds": since_seconds, "tailLines": tail, "limitBytes": limit_bytes}
        query = {
            "container": container,
            "timestamps": "true",
            "follow": "true" if follow else None,
            "previous": "true" if previous else None,
            "sinceTime": since_time,
            **{key: str(value) for key, value in numbers.items() if value is not None},
        }
        operation = Operation("read", f"the log of {pod}/{container} in {namespace}", "v1", "Pod")
        path = self.resource("v1", "Pod").path(namespace, pod, "log")
        request = Request(operation, "GET", path, "logs", query=query, accept="*/*")
        return LogStream(
            self._transport.open(request, silence=None if follow else SILENCE, patient=True), previous=previous
        )

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool = False,
        tty: bool = False,
    ) -> Execution:
        """Runs the command in the container. With `tty` all output is one stream, and `resize` is meant."""
        flags = {"stdin": stdin, "stdout": True, "stderr": not tty, "tty": tty}
        query = {"container": container, "command": list(command)}
        query |= {flag: "true" for flag, wanted in flags.items() if wanted}
        operation = Operation("run", f"{command[0]} in {pod}/{container} in {namespace}", "v1", "Pod")
        path = self.resource("v1", "Pod").path(namespace, pod, "exec")
        headers = upgrade_headers(*EXEC_PROTOCOLS)
        request = Request(operation, "GET", path, "exec", query=query, accept="*/*", headers=headers, repeatable=False)
        return Execution(self._transport.upgrade(request), operation)

    def port_forward(
        self,
        namespace: str,
        choose: Callable[[], str],
        port: int,
        report: Callable[[ClusterError], None],
        *,
        local: int = 0,
        address: str = LOCALHOST,
    ) -> PortForward:
        """Listens on this machine; each connection leads to the port of the pod that `choose` then names."""

        def connected() -> WebSocket:
            pod = choose()
            operation = Operation("forward", f"a connection to port {port} of {pod} in {namespace}", "v1", "Pod")
            path = self.resource("v1", "Pod").path(namespace, pod, "portforward")
            headers = upgrade_headers(PORT_PROTOCOL)
            query = {"ports": str(port)}
            request = Request(operation, "GET", path, "port-forward", query=query, accept="*/*", headers=headers)
            return self._transport.upgrade(request)

        return PortForward(connected, report, address=address, local=local)

    def allowed(self, verb: str, group: str, resource: str, namespace: str) -> bool:
        """Whether we may, as `kubectl auth can-i` asks; `pods/exec` names a subresource."""
        plural, _, subresource = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {**attributes, "namespace": namespace}},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        operation = Operation("ask", f"whether we may {verb} {resource}")
        answer = self._transport.send(Request(operation, "POST", path, "review", body=review))
        return bool(answer.json()["status"].get("allowed"))

    def rules(self, namespace: str) -> Body:
        """What we may in the namespace, as `kubectl auth can-i --list` asks: `resourceRules`, and whether they are
        `incomplete`, as an authorizer may not be able to list them."""
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
        operation = Operation("ask", f"what we may do in {namespace}")
        status: Body = self._transport.send(Request(operation, "POST", path, "review", body=review)).json()["status"]
        return status

    def _send(self, ref: ObjectRef, verb: str, method: str, **more: Any) -> Answer:
        """A kind that we have just defined is waited for: the server knows it a moment after it says so."""
        began = time.monotonic()
        while True:
            try:
                return self._send_now(ref, verb, method, **more)
            except (NoSuchKind, Invalid) as error:
                if time.monotonic() > self._until(ref, error, began) or self._transport.closing.wait(0.1):
                    raise

    def _until(self, ref: ObjectRef, error: ClusterError, began: float) -> float:
        """How long the answer may be one of yesterday: no such kind, or not of that form."""
        defined = self._defined.get(ref.group_kind)
        if defined is None:
            return 0.0
        return began + SERVED_WITHIN if isinstance(error, NoSuchKind) else defined + KNOWN_WITHIN

    def _send_now(self, ref: ObjectRef, verb: str, method: str, **more: Any) -> Answer:
        """A second time when the kind has moved since it was looked up."""
        resource = self._discovery.resource(ref.api_version, ref.kind, _operation(verb, ref))
        more |= {"counted": self._counted or verb, "patience": self._patience}
        try:
            return self._transport.send(_request(ref, verb, method, resource, **more))
        except NoSuchKind:
            moved = self._discovery.refreshed(resource)
            if moved is None:
                raise
        return self._transport.send(_request(ref, verb, method, moved, **more))


def _request(ref: ObjectRef, verb: str, method: str, resource: Resource, **more: Any) -> Request:
    operation = _operation(verb, ref)
    if ref.name and resource.namespaced and not ref.namespace:
        raise Invalid(f"cannot {operation}: it needs a namespace", code="NoNamespace")
    if any(part in (".", "..") or set(part) & set("/%") for part in (ref.name, ref.namespace)):
        raise Invalid(f"cannot {operation}: this is no name", code="BadName")
    path = resource.path(ref.namespace, "" if method == "POST" else ref.name)
    return Request(operation, method, path, **{"counted": verb, **more})


def _operation(verb: str, ref: ObjectRef) -> Operation:
    what = str(ref) if ref.name else plural_of(ref.kind)
    place = f" in {ref.namespace}" if ref.namespace else ""
    return Operation(verb, what + place, ref.api_version, ref.kind)


def _writing(dry_run: bool, manager: str) -> dict[str, str | None]:
    return {"fieldManager": manager, "dryRun": "All" if dry_run else None}
