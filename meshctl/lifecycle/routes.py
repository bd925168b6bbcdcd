"""A last look at a run that went well: do its routes lead to what is there?"""

from __future__ import annotations

from collections.abc import Iterator

from meshctl import diagnosis
from meshctl.errors import ClusterError
from meshctl.events import Event, Warned
from meshctl.lifecycle.ownership import service_in
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.world import Scope
from meshctl.manifest import Bundle


def lost_routes(run: Run, bundle: Bundle) -> Iterator[Event]:
    """Warnings of what the bundle's VirtualServices send to and nobody answers; without the right to look, none."""
    routes = [manifest.ref for manifest in bundle if diagnosis.names_subset(manifest.body)]
    if not routes:
        return
    try:
        run.listen({Scope(ref.api_version, "DestinationRule", ref.namespace) for ref in routes})
        run.listen({Scope("v1", "Service", ref.namespace) for ref in routes})
    except ClusterError:
        return
    live = [body for ref in routes if (body := run.world.get(ref)) is not None]
    for found in diagnosis.lost_routes(live, run.world.everything()):
        route = run.world.get(found.object) if found.object else None
        service = service_in(route, run.config.project) if route else ""
        yield Warned(service=service, object=found.object, code=found.code, message=found.message)
