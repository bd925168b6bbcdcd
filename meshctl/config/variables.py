"""Variables resolve lazily through each other: one is evaluated when the first that reads it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from meshctl import templating
from meshctl.config.settings import Setting
from meshctl.errors import ConfigError, MeshctlError, TemplateError

_CODES = {"MSH102": "MSH018"}  # what is undefined in a template has its own code in a value
DEEPEST = 50
_FAILED = object()


class Failed(Exception):
    """A variable has no value; why is among the problems already."""


class Scope:
    """The variables of the project, or those of one service over them.

    A service's variable changes what variables of the project that read it come to, for that service alone; one that
    reads its own name reads the project's. `given` are values without a setting: env, user and the like.
    """

    def __init__(self, own: Mapping[str, Setting], given: Mapping[str, Any], parent: Scope | None = None) -> None:
        self.own = own
        self.given = given
        self.parent = parent
        self.problems: dict[str, MeshctlError] = parent.problems if parent else {}
        self._values: dict[str, Any] = {}
        self._reads: dict[str, set[str]] = {}

    def names(self) -> list[str]:
        """In the order of their declaration, inherited ones first."""
        return list(dict.fromkeys([*(self.parent.names() if self.parent else ()), *self.own]))

    def resolved(self) -> dict[str, Any]:
        """Every variable that has a value; what kept the others from one is in `problems`."""
        found = {}
        for name in self.names():
            try:
                found[name] = self.value(name)
            except Failed:
                continue
        return found

    def value(self, name: str, trail: tuple[tuple[Scope, str], ...] = ()) -> Any:
        """`trail` are the variables that are being evaluated. Raises Failed."""
        if name not in self.own and self.parent and not self.parent.reads(name) & self.own.keys():
            return self.parent.value(name, trail)
        if (self, name) in trail:
            self._note_cycle([other for _, other in trail[trail.index((self, name)) :]])
        elif len(trail) >= DEEPEST:
            message = f"variables read each other more than {DEEPEST} deep"
            self._note(ConfigError(message, code="MSH017", where=self.setting(name).where()))
        elif name not in self._values:
            self._values[name] = self._evaluated(self.setting(name), name, (*trail, (self, name)))
        if self._values.get(name, _FAILED) is _FAILED:
            raise Failed
        return self._values[name]

    def setting(self, name: str) -> Setting:
        return self.own[name] if name in self.own or not self.parent else self.parent.setting(name)

    def knows(self, name: str) -> bool:
        return name in self.own or (self.parent is not None and self.parent.knows(name))

    def reads(self, name: str) -> set[str]:
        """The variables that a variable comes from, directly or not."""
        if name not in self._reads:
            found: set[str] = set()
            pending = [name]
            while pending:
                new = self._reads_itself(pending.pop()) - found
                found |= new
                pending += new
            self._reads[name] = found
        return self._reads[name]

    def _reads_itself(self, name: str) -> set[str]:
        names = {other for text in _texts(self.setting(name)) for other in _names(text)}
        return {other for other in names if self.knows(other)}

    def _evaluated(self, setting: Setting, name: str, trail: tuple[tuple[Scope, str], ...]) -> Any:
        """The value with all its texts evaluated, or _FAILED after noting every problem in it."""
        children = setting.children()
        if children:
            found = {key: self._evaluated(child, name, trail) for key, child in children.items()}
            if any(value is _FAILED for value in found.values()):
                return _FAILED
            return found if setting.is_mapping else list(found.values())
        if isinstance(setting.value, str) and templating.is_templated(setting.value) and not setting.is_literal:
            return self._expression(setting, name, trail)
        return setting.plain

    def _expression(self, setting: Setting, name: str, trail: tuple[tuple[Scope, str], ...]) -> Any:
        try:
            variables = {**self.given, **self._variables(templating.names(setting.value), name, trail)}
            return templating.evaluate(setting.value, variables, known=self.names())
        except Failed:
            return _FAILED
        except MeshctlError as error:
            code = _CODES.get(error.code, error.code)
            self._note(ConfigError(error.message, code=code, where=setting.where(), suggestion=error.suggestion))
            return _FAILED

    def _variables(self, names: Iterable[str], reader: str, trail: tuple[tuple[Scope, str], ...]) -> dict[str, Any]:
        found = {}
        for name in sorted(names):
            if name == reader and name in self.own and self.parent and self.parent.knows(name):
                found[name] = self.parent.value(name, trail)
            elif self.knows(name):
                found[name] = self.value(name, trail)
        return found

    def _note_cycle(self, names: list[str]) -> None:
        places = [f"{name} ({self.setting(name).where()})" for name in names]
        circle = " → ".join([*places, names[0]])
        where = self.setting(names[0]).where()
        self._note(ConfigError(f"variables read each other in a circle: {circle}", code="MSH017", where=where))

    def _note(self, error: MeshctlError) -> None:
        """Once: a service's scope may meet what the project's did."""
        self.problems.setdefault(str(error), error)


def _texts(setting: Setting) -> Iterator[str]:
    if isinstance(setting.value, str) and not setting.is_literal:
        yield setting.value
    for child in setting.children().values():
        yield from _texts(child)


def _names(text: str) -> frozenset[str]:
    if not templating.is_templated(text):
        return frozenset()
    try:
        return templating.names(text)
    except TemplateError:
        return frozenset()  # noted when it is evaluated
