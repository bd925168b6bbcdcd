"""M1: the backends of an Ingress in the form of networking.k8s.io/v1."""

from __future__ import annotations

from meshctl.migrate.manifests import Manifest, walk
from meshctl.migrate.rules.conditions import Inexpressible
from meshctl.migrate.rules.context import Context
from meshctl.yamlio import Node

_PATH_TYPE = "pathType: ImplementationSpecific"


def backends_of_v1(context: Context, manifest: Manifest) -> None:
    """All of them or none. Raises Inexpressible before anything is written."""
    paths = list(walk(manifest, "spec", "rules", "*", "http", "paths", "*"))
    specs = [spec for spec in walk(manifest, "spec") if spec.get("backend")]
    if any(map(manifest.has_conditions, paths)):
        raise Inexpressible("a path has conditions")
    written = [(path, "backend", *_backend(manifest, path)) for path in paths]
    written += [(spec, "defaultBackend", *_backend(manifest, spec)) for spec in specs]
    for holder, name, key, text in written:
        if name == "backend" and not holder.get("pathType"):
            context.edits.insert_entry(manifest, holder, key, f"{_PATH_TYPE}\n", _PATH_TYPE)
            context.edits.tell("M1", "added", manifest, key, _PATH_TYPE, "v1 wants one; this was the default")
        if text:
            context.edits.rewrite(manifest, holder, {"backend": (name, text)})
            context.edits.tell("M1", "changed", manifest, key, f"what serves is in {name}.service", "as v1 has it")
        elif name != "backend":
            context.edits.replace(manifest, key, name)
            context.edits.tell("M1", "changed", manifest, key, f"backend is now {name}", "as v1 has it")


def _backend(manifest: Manifest, holder: Node) -> tuple[Node, str]:
    """Its key, and what it is in v1; empty for one that is the same there."""
    found = [entry for entry in holder.entries if entry[0].value == "backend"]
    if len(found) != 1 or found[0][1].kind != "mapping" or manifest.has_conditions(found[0][1]):
        raise Inexpressible("a backend is missing, no mapping, or in a condition")
    key, backend = found[0]
    if not backend.get("serviceName") and not backend.get("servicePort"):
        return key, ""
    service, port = backend.get("serviceName"), backend.get("servicePort")
    if len(backend.entries) != 2 or service is None or port is None:
        raise Inexpressible("a backend has more, or less, than serviceName and servicePort")
    if not (manifest.is_short(service) and manifest.is_short(port)):
        raise Inexpressible("serviceName or servicePort is no text of one line")
    if manifest.has_actions(port):
        raise Inexpressible("v1 tells ports by number from ports by name, and what servicePort will be is not known")
    kind = "number" if isinstance(port.value, int) else "name"
    return key, f"{{service: {{name: {manifest.text(service)}, port: {{{kind}: {manifest.text(port)}}}}}}}"
