"""What a template sees: the service's vars, and beside them who and where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshctl.config import Config
from meshctl.errors import Caution
from meshctl.plan import Plan

OURS = "meshctl"  # holds all of ours, also those that a var of the same name hides
SHADOWED = "MSH110"


class Variables:
    """The variables of each service of one run."""

    def __init__(self, plan: Plan, environ: Mapping[str, str]) -> None:
        config = plan.config
        self._plan = plan
        self._common = {
            "namespace": config.namespace,
            "project": config.project,
            "user": config.user,
            "env": dict(environ),
        }

    def of(self, service: str) -> dict[str, Any]:
        """The service's vars over ours; ours alone are below `meshctl`."""
        ours = {**self._common, "service": self._described(service)}
        declared = self._plan.config.services.get(service)
        return {**ours, **(declared.vars if declared else self._plan.config.vars), OURS: ours}

    def shadows(self) -> Iterator[Caution]:
        """The vars that hide a name of ours, each once. One that says the same as ours hides nothing."""
        config = self._plan.config
        yield from self._hidden(config, config.vars, "vars")
        for name in self._plan.services:
            own = {key: value for key, value in config.services[name].vars.items() if config.vars.get(key) != value}
            yield from self._hidden(config, own, "service", name, "vars")

    def _hidden(self, config: Config, values: Mapping[str, Any], *path: str) -> Iterator[Caution]:
        for name in sorted({*self._common, "service", OURS} & values.keys()):
            if name == OURS:
                message, advice = f"no template sees the var {OURS}", "give the var another name"
            else:
                message = f"the var {name} hides meshctl's own {name} in templates"
                advice = f"templates find meshctl's as {OURS}.{name}"
            if values[name] != self._common.get(name):
                yield Caution(SHADOWED, message, config.where(*path, name), advice)

    def _described(self, name: str) -> dict[str, Any]:
        """`_namespace` is no service of the project, but has a name."""
        service = self._plan.config.services.get(name)
        return {
            "name": name,
            "groups": list(service.groups) if service else [],
            "tier": self._plan.tiers.get(name, "rest"),
            "needs": list(service.needs) if service else [],
            "inject": service.inject if service else True,
        }
