"""Other images than the templates say, for one run: `--image SERVICE[/CONTAINER]=REF`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple

from meshctl.errors import MeshctlError, UsageError, did_you_mean, raise_all
from meshctl.manifest.bundle import Bundle, Manifest
from meshctl.manifest.pods import pod_template

_CONTAINERS = ("containers", "initContainers")


class Image(NamedTuple):
    """`container` is empty for the only one of the service, or the one that is called like it."""

    service: str
    container: str
    ref: str


def parse_image(text: str) -> Image:
    """Raises UsageError."""
    target, equals, ref = text.partition("=")
    service, slash, container = target.partition("/")
    if not (equals and service and ref) or bool(slash) != bool(container) or ref.split() != [ref]:
        raise UsageError(f"--image {text} is no SERVICE[/CONTAINER]=REF", suggestion="like web=registry.local/web:v2")
    return Image(service, container, ref)


def with_images(bundle: Bundle, images: Sequence[Image]) -> Bundle:
    """The bundle with these images instead of its own. Raises UsageError for what it does not have, all together."""
    services = dict(bundle.services)
    errors: list[MeshctlError] = []
    for image in images:
        try:
            services[image.service] = _changed(services, image)
        except UsageError as error:
            errors.append(error)
    raise_all(errors)
    return replace(bundle, services=services)


def _changed(services: Mapping[str, Sequence[Manifest]], image: Image) -> tuple[Manifest, ...]:
    if image.service not in services:
        advice = did_you_mean(image.service, services) or f"this run has {', '.join(services) or 'no service'}"
        raise UsageError(f"--image: no service {image.service} is among the selected", suggestion=advice)
    manifests = services[image.service]
    name = _container(manifests, image)
    return tuple(_with_image(manifest, name, image.ref) for manifest in manifests)


def _container(manifests: Iterable[Manifest], image: Image) -> str:
    """Which container is meant. Init containers have to be named."""
    found = [(field, str(each.get("name"))) for manifest in manifests for field, each in _containers(manifest.body)]
    names = dict.fromkeys(name for _, name in found)
    main = dict.fromkeys(name for field, name in found if field == "containers")
    if image.container in names:
        return image.container
    has = f"{image.service} has {', '.join(names) or 'none'}"
    if image.container:
        advice = did_you_mean(image.container, names) or has
        raise UsageError(f"--image: {image.service} has no container {image.container}", suggestion=advice)
    if len(main) == 1 or image.service in main:
        return image.service if image.service in main else next(iter(main))
    advice = f"name it: --image {image.service}/CONTAINER={image.ref}"
    raise UsageError(f"--image: which container of {image.service}? {has}", suggestion=advice)


def _with_image(manifest: Manifest, container: str, ref: str) -> Manifest:
    if all(each.get("name") != container for _, each in _containers(manifest.body)):
        return manifest
    body = deepcopy(dict(manifest.body))
    for _, each in _containers(body):
        if each.get("name") == container:
            each["image"] = ref
    return replace(manifest, body=body)


def _containers(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each container with the field that has it."""
    spec = (pod_template(body) or {}).get("spec")
    if isinstance(spec, dict):
        yield from ((field, each) for field in _CONTAINERS for each in spec.get(field) or () if isinstance(each, dict))
