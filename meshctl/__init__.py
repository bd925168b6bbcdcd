"""meshctl: many services, with Istio, in a Kubernetes namespace of one's own."""

__version__ = "1.2.0"
