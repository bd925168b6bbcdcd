"""A k8s-istio-control project into one of ours: its Go templates, its API versions, its Istio.

A template is edited where a rule says so and translated after that, so that comments, order and layout stay.
"""

from __future__ import annotations

from meshctl.migrate.project import File, Migrated, migrate
from meshctl.migrate.report import Change
from meshctl.migrate.writing import write_in_place, write_into

__all__ = ["Change", "File", "Migrated", "migrate", "write_in_place", "write_into"]
