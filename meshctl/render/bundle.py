"""The bundle of a plan: every service rendered, every object made ours, every problem told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from meshctl import collector
from meshctl.cache import home
from meshctl.config import hide_secrets
from meshctl.errors import Caution, MeshctlError, Problems, TemplateError, raise_all
from meshctl.manifest import NAMESPACE_SERVICE, Bundle, Manifest
from meshctl.plan import Plan, whole
from meshctl.render.config_hash import ConfigHashes
from meshctl.render.documents import Draft, drafts_of
from meshctl.render.leaks import LEAKED, Leaks
from meshctl.render.ownership import FOREIGN_NAMESPACE, Owner
from meshctl.render.renderer import Renderer
from meshctl.render.renderings import Given
from meshctl.render.texts import templates_of
from meshctl.render.variables import Variables

SAME_OBJECT = "MSH107"


@dataclass(frozen=True)
class Attempt:
    """What could be rendered, and what is wrong. `complete` says that no object is missing from the bundle."""

    bundle: Bundle
    errors: tuple[MeshctlError, ...]

    @property
    def complete(self) -> bool:
        return all(error.code in (SAME_OBJECT, FOREIGN_NAMESPACE, LEAKED) for error in self.errors)


def render(plan: Plan, *, environ: Mapping[str, str], cache: Path | None = None) -> Bundle:
    """The manifests of the plan's services, `_namespace` first. `cache` is the folder of caches, the user's if None.

    Raises TemplateError, ConfigError, or Problems with all that is wrong.
    """
    attempted = attempt(plan, environ=environ, cache=cache)
    raise_all(attempted.errors)
    return attempted.bundle


def attempt(plan: Plan, *, environ: Mapping[str, str], cache: Path | None = None) -> Attempt:
    """As `render`, for who wants to judge the objects that there are in spite of what is wrong with the others."""
    with collector.paused():
        renderer = Renderer(plan.config, cache or home(environ))
        run = _Run(plan, renderer, Variables(plan, environ))
        drafts = run.drafts(plan.services)
        owner = Owner(plan.config, drafts)
        run.errors.extend(error for draft in drafts if (error := owner.place(draft)))
        leaks = list(Leaks(plan.config, renderer, run.variables, drafts).of(plan.services))
        errors = tuple(_told_once([*run.errors, *_rendered_twice(drafts), *leaks]))
        hashes = ConfigHashes(drafts, lambda: _unselected(plan, owner, environ, renderer))
        for draft in drafts:
            run.warnings.extend(owner.label(draft))
            if not errors:
                hashes.annotate(draft)
        renderer.close(keep=not leaks)
        warnings = (*run.variables.shadows(), *run.warnings)
        hide_secrets(plan.config, errors)
        return Attempt(Bundle(plan.config.namespace, _by_service(plan, drafts), warnings), errors)


@dataclass
class _Run:
    """Services rendered to objects, with all that is wrong or odd about them."""

    plan: Plan
    renderer: Renderer
    variables: Variables
    errors: list[MeshctlError] = field(default_factory=list)
    warnings: list[Caution] = field(default_factory=list)

    def drafts(self, services: Iterable[str]) -> list[Draft]:
        """The objects of `_namespace` and of the services, in order; what is wrong goes to `errors`."""
        return [draft for service in (NAMESPACE_SERVICE, *services) for draft in self._drafts(service)]

    def _drafts(self, service: str) -> Iterator[Draft]:
        try:
            templates = templates_of(self.plan.config, self.renderer.folders, service)
        except MeshctlError as error:
            self.errors.append(error)
            return
        given, definers = Given(self.variables.of(service)), self._definers(service)
        for template in templates:
            try:
                text, documents = self.renderer.rendered(template, given, definers)
            except MeshctlError as error:
                self.errors.extend(error.errors if isinstance(error, Problems) else [error])
            else:
                yield from drafts_of(text, documents, self.errors, self.warnings)

    @cached_property
    def _file(self) -> str:
        return self.renderer.folders.shown(self.plan.config.file)

    def _definers(self, service: str) -> str:
        """Who could define a variable that the service's templates miss."""
        own = "" if service == NAMESPACE_SERVICE else f"service.{service}.vars, "
        return f"vars in {self._file}, {own}or --set vars.NAME=VALUE"


def _unselected(plan: Plan, owner: Owner, environ: Mapping[str, str], renderer: Renderer) -> list[Draft]:
    """The objects of the project's other services, as far as they can be rendered: nobody asked for them."""
    everything = whole(plan.config)
    run = _Run(everything, renderer, Variables(everything, environ))
    drafts = run.drafts(name for name in everything.services if name not in plan.needs)
    return [draft for draft in drafts if owner.place(draft) is None]


def _rendered_twice(drafts: Iterable[Draft]) -> Iterator[TemplateError]:
    first: dict[tuple[str, str, str, str], Draft] = {}
    for draft in drafts:
        ref = draft.ref
        other = first.setdefault((ref.group, ref.kind, ref.namespace, ref.name), draft)
        if other is not draft:
            services = " and ".join(dict.fromkeys((other.service, draft.service)))
            message = f"{ref} is rendered twice, here and at {other.where()} (services: {services})"
            advice = "give one of them another name"
            yield TemplateError(message, code=SAME_OBJECT, where=draft.where(), suggestion=advice)


def _told_once(errors: Iterable[MeshctlError]) -> Iterator[MeshctlError]:
    """A loop repeats its faults."""
    told = {(error.where, error.message): error for error in errors}
    yield from told.values()


def _by_service(plan: Plan, drafts: Sequence[Draft]) -> dict[str, tuple[Manifest, ...]]:
    """`_namespace` is there only if it has objects; a service without any has an empty tuple."""
    manifests: dict[str, list[Manifest]] = {name: [] for name in (NAMESPACE_SERVICE, *plan.services)}
    for draft in drafts:
        file = draft.text.template.file
        manifests[draft.service].append(Manifest(draft.body, draft.service, file, draft.source))
    return {name: tuple(each) for name, each in manifests.items() if each or name != NAMESPACE_SERVICE}
