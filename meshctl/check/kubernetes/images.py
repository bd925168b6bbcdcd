"""What runs in containers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.resource import Pod
from meshctl.check.rules import pod_rule

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?"
_TAG = r"(?::\w[\w.-]{0,127})?"
_DIGEST = r"(?:@[A-Za-z0-9+._-]+:[0-9a-fA-F]{32,})?"
_FILLED_IN = "auto"  # Istio's injection puts the proxy's image in its place, as in the pods of a gateway
_REFERENCE = re.compile(rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*{_TAG}{_DIGEST}", re.ASCII)


@pod_rule("MSH260", "warning", aliases=("latest-tag",))
def moving_image(pod: Pod) -> Iterator[Fault]:
    """An image without a tag, or with the tag latest.

    What runs then depends on when a node pulled it: two pods of one Deployment may run two programs, and going back
    to what ran yesterday is not possible. Name a version, or a digest.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - {name: web, image: registry.local/web}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - {name: web, image: "registry.local/web:1.4.2"}
    """
    for container in pod.containers:
        image = container["image"]
        name, _, digest = image.text.partition("@")
        tag = name.rpartition("/")[2].partition(":")[2]
        if image.text not in ("", _FILLED_IN) and not digest and tag in ("", "latest"):
            what = "has the tag latest" if tag else "has no tag"
            yield image.fault(f"image {image.text} {what}", "name a version, like :1.4.2, or a digest")


@pod_rule("MSH261", "error")
def no_image(pod: Pod) -> Iterator[Fault]:
    """A text that is no reference of an image, or no image at all.

    Repositories are lower case, a tag has at most 128 letters, digits, `_`, `.` and `-`, a digest is `sha256:` and 64
    hexadecimal digits. The pod fails with `InvalidImageName`. Often a variable was empty: `registry.local/:v1`.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - {name: web, image: "registry.local/Web:1.4.2"}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - {name: web, image: "registry.local/web:1.4.2"}
    """
    for container in pod.containers:
        image = container["image"]
        name = container["name"].text
        if not image and not is_injected(name):
            yield image.fault(f"container {name} has no image", "name one")
        elif image.value.__class__ is str and image.text != _FILLED_IN and not _REFERENCE.fullmatch(image.text):
            yield image.fault(f'"{image.text}" is no reference of an image', _advice(image.text))


def is_injected(container: str) -> bool:
    """Istio's injection fills in what a template says of its own containers, the image among it."""
    return container in ("istio-proxy", "istio-init", "istio-validation")


def _advice(image: str) -> str:
    return f"write {image.lower()}" if image != image.lower() and _REFERENCE.fullmatch(image.lower()) else ""
