"""Old API versions and old forms of Istio, one rule a function: what is written now, and what cannot be decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from meshctl.migrate.edits import Edits
from meshctl.migrate.manifests import Manifest
from meshctl.migrate.rules import networking, versions, workloads
from meshctl.migrate.rules.access import access
from meshctl.migrate.rules.authentication import authentication
from meshctl.migrate.rules.context import Context
from meshctl.migrate.rules.defects import defects
from meshctl.migrate.rules.merging import one_rule_a_host
from meshctl.migrate.rules.mixer import mixer

_OF_ONE: tuple[Callable[[Context, Manifest], None], ...] = (
    versions.api_version,
    workloads.injection,
    networking.served_version,
    networking.old_filters,
    networking.fault_percentage,
    networking.cors_and_headers,
    networking.outlier_detection,
    networking.load_balancer,
    networking.destination_ports,
    networking.retries,
)
_OF_ALL: tuple[Callable[[Context], None], ...] = (mixer, authentication, access, one_rule_a_host, defects)


def apply(manifests: Sequence[Manifest], edits: Edits) -> None:
    """Every rule to every manifest; what they change and tell is collected in `edits`."""
    context = Context(manifests, edits)
    for manifest in manifests:
        for rule in _OF_ONE:
            rule(context, manifest)
    for of_all in _OF_ALL:
        of_all(context)
