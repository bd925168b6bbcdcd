"""The kinds that rules look at, as their decorators name them, and their groups."""

from __future__ import annotations

NETWORKING = "networking.istio.io"
SECURITY = "security.istio.io"
TELEMETRY = "telemetry.istio.io"
EXTENSIONS = "extensions.istio.io"
GATEWAY_API = "gateway.networking.k8s.io"

VIRTUAL_SERVICE = f"VirtualService.{NETWORKING}"
DESTINATION_RULE = f"DestinationRule.{NETWORKING}"
GATEWAY = f"Gateway.{NETWORKING}"
SERVICE_ENTRY = f"ServiceEntry.{NETWORKING}"
WORKLOAD_ENTRY = f"WorkloadEntry.{NETWORKING}"
WORKLOAD_GROUP = f"WorkloadGroup.{NETWORKING}"
SIDECAR = f"Sidecar.{NETWORKING}"
ENVOY_FILTER = f"EnvoyFilter.{NETWORKING}"
PROXY_CONFIG = f"ProxyConfig.{NETWORKING}"
AUTHORIZATION_POLICY = f"AuthorizationPolicy.{SECURITY}"
PEER_AUTHENTICATION = f"PeerAuthentication.{SECURITY}"
REQUEST_AUTHENTICATION = f"RequestAuthentication.{SECURITY}"
TELEMETRY_KIND = f"Telemetry.{TELEMETRY}"
WASM_PLUGIN = f"WasmPlugin.{EXTENSIONS}"

POLICIES = (
    AUTHORIZATION_POLICY,
    PEER_AUTHENTICATION,
    REQUEST_AUTHENTICATION,
    TELEMETRY_KIND,
    WASM_PLUGIN,
    PROXY_CONFIG,
)
"""Kinds with `selector.matchLabels`."""

MESH = "mesh"
"""The gateway that stands for all sidecars."""
ROOT_NAMESPACE = "istio-system"

API_KINDS = (
    VIRTUAL_SERVICE,
    DESTINATION_RULE,
    GATEWAY,
    SERVICE_ENTRY,
    WORKLOAD_ENTRY,
    WORKLOAD_GROUP,
    SIDECAR,
    ENVOY_FILTER,
    *POLICIES,
    f"TrafficExtension.{EXTENSIONS}",
    *(f"{kind}.{GATEWAY_API}" for kind in ("Gateway", "GatewayClass", "ListenerSet", "ReferenceGrant")),
    *(f"{kind}Route.{GATEWAY_API}" for kind in ("HTTP", "GRPC", "TCP", "TLS", "UDP")),
    f"BackendTLSPolicy.{GATEWAY_API}",
)
"""Every kind that the CRDs of Istio and of the Gateway API serve."""
