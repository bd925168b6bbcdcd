"""What runs in containers."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.resource import Pod
from meshctl.check.rules import pod_rule


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
        if image.text and not digest and tag in ("", "latest"):
            what = "has the tag latest" if tag else "has no tag"
            yield image.fault(f"image {image.text} {what}", "name a version, like :1.4.2, or a digest")
