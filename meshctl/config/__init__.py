"""The project file: found, layered, validated, resolved, and every value traced to its line."""

from __future__ import annotations

from meshctl.config.durations import parse_duration
from meshctl.config.model import Choice, ClusterRules, Config, Group, Istio, Origin, Service, Wait
from meshctl.errors import did_you_mean, nearest
from meshctl.templating import dns_label

__all__ = [
    "Choice",
    "ClusterRules",
    "Config",
    "Group",
    "Istio",
    "Origin",
    "Service",
    "Wait",
    "did_you_mean",
    "dns_label",
    "nearest",
    "parse_duration",
]
