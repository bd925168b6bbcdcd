"""What rules of the project look at."""

from __future__ import annotations

from dataclasses import dataclass

from meshctl.check.subject import Subject
from meshctl.config import Config
from meshctl.plan import Plan


@dataclass(frozen=True)
class ProjectFacts:
    """`plan` has the services that are checked, `subject` their objects."""

    plan: Plan
    subject: Subject

    @property
    def config(self) -> Config:
        return self.plan.config
