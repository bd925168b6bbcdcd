"""The project file: found, layered, validated, resolved, and every value traced to its line."""

from __future__ import annotations

from meshctl.config.assignments import Assignment
from meshctl.config.durations import parse_duration
from meshctl.config.loading import load
from meshctl.config.model import Choice, ClusterRules, Config, Group, Ignore, Istio, Origin, Service, Wait
from meshctl.config.project import Project, chosen_environment, environments, find_project, find_root
from meshctl.config.schema import SCHEMA
from meshctl.config.secrets import MASK, hidden, hide_secrets, secret_values
from meshctl.config.secrets import texts_of as secret_texts
from meshctl.errors import did_you_mean, nearest
from meshctl.templating import dns_label

__all__ = [
    "MASK",
    "SCHEMA",
    "Assignment",
    "Choice",
    "ClusterRules",
    "Config",
    "Group",
    "Ignore",
    "Istio",
    "Origin",
    "Project",
    "Service",
    "Wait",
    "chosen_environment",
    "did_you_mean",
    "dns_label",
    "environments",
    "find_project",
    "find_root",
    "hidden",
    "hide_secrets",
    "load",
    "nearest",
    "parse_duration",
    "secret_texts",
    "secret_values",
]
