"""A k8s-istio-control project into one of ours."""
