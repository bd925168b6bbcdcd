"""Which labels a selector takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from meshctl.check.node import Node

Thing = TypeVar("Thing")
_Label = tuple[str, str, Any]


class Labelled(Generic[Thing]):
    """Things by namespace and labels: many selectors over many things, without comparing each with each."""

    def __init__(self, things: Iterable[tuple[str, Mapping[str, Any], Thing]]) -> None:
        self._all: dict[str, list[Thing]] = defaultdict(list)
        self._by_label: dict[_Label, dict[int, Thing]] = defaultdict(dict)
        for number, (namespace, labels, thing) in enumerate(things):
            self._all[namespace].append(thing)
            for key, value in labels.items():
                self._by_label[namespace, key, str(value)][number] = thing

    def with_all(self, namespace: str, labels: Mapping[str, Any]) -> list[Thing]:
        """The things that have all of these labels, in their order."""
        if not labels:
            return self._all.get(namespace, [])
        found = [self._by_label.get((namespace, key, str(value)), {}) for key, value in labels.items()]
        fewest = min(found, key=len)
        return [thing for number, thing in fewest.items() if all(number in each for each in found)]


class Selectors(Generic[Thing]):
    """Things that select by labels, by namespace: which take some labels, without comparing with each. What selects
    nothing takes none."""

    def __init__(self, things: Iterable[tuple[str, Mapping[str, Any], Thing]]) -> None:
        self._by_first: dict[_Label, list[tuple[Mapping[str, Any], Thing]]] = defaultdict(list)
        for namespace, wanted, thing in things:
            for key, value in list(wanted.items())[:1]:
                self._by_first[namespace, key, str(value)].append((wanted, thing))

    def taking(self, namespace: str, labels: Mapping[str, Any]) -> list[Thing]:
        """The things all of whose labels are among these."""
        return [
            thing
            for label in labels.items()
            for wanted, thing in self._by_first.get((namespace, label[0], str(label[1])), ())
            if all(key in labels and str(labels[key]) == str(value) for key, value in wanted.items())
        ]


def matches(selector: Node, labels: Mapping[str, Any]) -> bool:
    """Whether a selector with matchLabels and matchExpressions takes these labels; an empty one takes all."""
    wanted = selector["matchLabels"].mapping
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(expression, labels) for expression in selector["matchExpressions"]
    )


def _holds(expression: Node, labels: Mapping[str, Any]) -> bool:
    key, values = expression["key"].text, [value.value for value in expression["values"]]
    operator = expression["operator"].text
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) == (operator == "Exists")
    if operator == "In":
        return labels.get(key) in values
    return operator != "NotIn" or labels.get(key) not in values
