"""Values that truly repeat, as vars: the registry of several images, their common tag, the namespace.

Works on the templates' text: what is put in renders to what was there, wherever it stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from meshctl.importing.references import get, items
from meshctl.importing.sources import Original
from meshctl.manifest import pod_template
from meshctl.templating import dns_label

_IMAGE_LINE = re.compile(r'^(?P<key>\s*(?:- )?image: )(?P<quote>"?)(?P<image>[^\s"\']+)(?P=quote)$', re.MULTILINE)
_TIMES = 2
_API_SERVER = "kubernetes.default"


class Image(NamedTuple):
    """`registry/path/web:v1` in three: all before the last slash, the name, the tag; empty what is not there."""

    registry: str
    name: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> Image:
        registry, _, rest = text.rpartition("/")
        if "@" in rest:
            return cls(registry, rest, "")
        name, _, tag = rest.partition(":")
        return cls(registry, name, tag)


@dataclass(frozen=True)
class Lifted:
    """The vars that were made, and the names that stand for registries and for tags of their images.

    `namespace` is what addresses lose for the one that the config names; `hosts` are the Services of the project.
    """

    vars: Mapping[str, Any]
    registries: Mapping[str, str]
    tags: Mapping[tuple[str, str], str]
    namespace: str
    hosts: frozenset[str]

    def applied(self, text: str) -> str:
        text = _IMAGE_LINE.sub(self._image, text)
        if not self.namespace:
            return text
        name = re.escape(self.namespace)
        text = re.sub(rf"([^\s./\"']*)\.{name}(?=\.svc\b)", self._address, text)
        text = re.sub(rf"(?m)(?<![^\s/@=,\"'])((?:[\w-]+\.)?([\w-]+))\.{name}(?=[:/,;\"'\s]|$)", self._short, text)
        return re.sub(rf"(?m)^(\s*(?:- )?namespace: ){name}$", r'\1"{{ namespace }}"', text)

    def _address(self, host: re.Match[str]) -> str:
        """The API server's address is the same for everybody."""
        return host[0] if host[0] == _API_SERVER else f"{host[1]}.{{{{ namespace }}}}"

    def _short(self, host: re.Match[str]) -> str:
        """`web.shop:80` may be anything but the address of a Service, unless there is one."""
        return f"{host[1]}.{{{{ namespace }}}}" if host[2] in self.hosts else host[0]

    def _image(self, line: re.Match[str]) -> str:
        registry, name, tag = Image.parse(line["image"])
        if registry not in self.registries:
            return line[0]
        var = self.tags.get((registry, tag))
        ending = f":{{{{ {var} }}}}" if var else f":{tag}" if tag else ""
        return f'{line["key"]}"{{{{ {self.registries[registry]} }}}}/{name}{ending}"'


def moved(namespace: str, hosts: frozenset[str]) -> Lifted:
    """No vars; what is said of a namespace that the objects lose is said of the one that they get."""
    return Lifted({}, {}, {}, namespace, hosts)


def lift(sources: Sequence[Original], namespace: str, hosts: frozenset[str]) -> Lifted:
    """`namespace` is the project's own, empty where there is none to lift."""
    images = sorted({Image.parse(text) for source in sources for text in _images(source)})
    registries = Counter(image.registry for image in images if image.registry)
    repeated = [registry for registry, times in registries.most_common() if times >= _TIMES]
    names = {registry: "registry" if not number else _name(registry) for number, registry in enumerate(repeated)}
    tags = Counter((image.registry, image.tag) for image in images if image.tag and image.registry in names)
    tag_names = {
        key: "tag" if not number else f"{_name(key[0])}_tag"
        for number, key in enumerate(_one_a_registry(key for key, times in tags.most_common() if times >= _TIMES))
    }
    values = {names[registry]: registry for registry in repeated} | {name: tag for (_, tag), name in tag_names.items()}
    return Lifted(values, names, tag_names, namespace, hosts)


def _one_a_registry(keys: Iterator[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of several tags of one registry only the commonest is a version that all have."""
    return list({key[0]: key for key in reversed(list(keys))}.values())[::-1]


def _name(registry: str) -> str:
    return re.sub(r"^(?=\d)", "r", dns_label(registry).replace("-", "_")) + "_registry"


def _images(source: Original) -> Iterator[str]:
    spec = get(pod_template(source.body) or {}, "spec")
    for field in ("initContainers", "containers"):
        yield from (str(container["image"]) for container in items(get(spec, field)) if container.get("image"))
