"""A request and its answer, before and after the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from meshctl.cluster.failures import Operation
from meshctl.errors import Unreachable

if TYPE_CHECKING:
    from urllib3 import HTTPHeaderDict

_WARNING = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Request:
    """`counted` is the verb it is counted under; `repeatable` is what may be done twice without harm; `patience` is how
    many seconds its answer is worth, None for as many as the transport gives to any."""

    operation: Operation
    method: str
    path: str
    counted: str
    query: Mapping[str, str | Sequence[str] | None] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content_type: str = "application/json"
    accept: str = "application/json"
    repeatable: bool = True
    patience: float | None = None


@dataclass(frozen=True)
class Answer:
    """An answer of status 200 to 299."""

    operation: Operation
    status: int
    headers: HTTPHeaderDict
    body: bytes

    def json(self) -> dict[str, Any]:
        """Raises Unreachable: what answers 200 without JSON is some other server, or a login page before ours."""
        try:
            body = json.loads(self.body)
        except ValueError:
            body = None
        if isinstance(body, dict):
            return body
        message = f"cannot {self.operation}: what answers is no API server"
        hint = "look at the address of the server in the kubeconfig, and at proxies"
        raise Unreachable(message, code="NoAPIServer", suggestion=hint)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the server remarks while it does what was asked: `Warning: 299 - "text"`."""
        said = (_WARNING.search(header) for header in self.headers.getlist("Warning"))
        return tuple(re.sub(r"\\(.)", r"\1", found[1]) for found in said if found)
