"""Rules of Istio's objects, and of what Kubernetes' objects mean to the mesh.

reference, structural    the schemas of Istio's CRDs, and their walker
names, values            hosts, durations, regular expressions, labels: why a value is wrong
schemas, old_forms       what the API server refuses, and what older Istios took
virtual_services/ …      what istiod's own validation refuses beyond the schema, kind by kind
mesh, hosts              all objects as the mesh sees them
references …             what only all objects together show
"""

from __future__ import annotations

from meshctl.check.istio import (
    annotating,
    authorization,
    callers,
    client_tls,
    credentials,
    destination_rules,
    envoy_filters,
    gateway_pods,
    gateway_references,
    gateway_rivals,
    gateway_routes,
    gateways,
    host_references,
    injection,
    load_balancing,
    mutual_tls,
    old_forms,
    pods,
    policies,
    reach,
    rivals,
    routes,
    schemas,
    selection,
    service_entries,
    services,
    sidecars,
    subset_references,
    telemetry,
    virtual_services,
    waypoints,
    webhooks,
    workloads,
)

__all__ = [
    "annotating",
    "authorization",
    "callers",
    "client_tls",
    "credentials",
    "destination_rules",
    "envoy_filters",
    "gateway_pods",
    "gateway_references",
    "gateway_rivals",
    "gateway_routes",
    "gateways",
    "host_references",
    "injection",
    "load_balancing",
    "mutual_tls",
    "old_forms",
    "pods",
    "policies",
    "reach",
    "rivals",
    "routes",
    "schemas",
    "selection",
    "service_entries",
    "services",
    "sidecars",
    "subset_references",
    "telemetry",
    "virtual_services",
    "waypoints",
    "webhooks",
    "workloads",
]
