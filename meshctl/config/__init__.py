"""The project file: found, layered, validated, resolved, and every value traced to its line."""

from __future__ import annotations

from meshctl.config.model import Choice, ClusterRules, Config, Group, Istio, Origin, Service, Wait
from meshctl.config.names import did_you_mean, nearest, parse_duration

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
    "nearest",
    "parse_duration",
]
