"""--image: other images than the templates say."""

from __future__ import annotations

from typing import Any

import pytest

from meshctl.errors import Problems, UsageError, Where
from meshctl.manifest import Bundle, Image, Manifest, Source, parse_image, with_images


def workload(kind: str, *containers: str, init: str = "") -> dict[str, Any]:
    spec: dict[str, Any] = {"containers": [{"name": name, "image": f"{name}:1"} for name in containers]}
    spec |= {"initContainers": [{"name": init, "image": f"{init}:1"}]} if init else {}
    body: dict[str, Any] = {"template": {"spec": spec}}
    if kind == "CronJob":
        body = {"jobTemplate": {"spec": body}}
    api_version = "batch/v1" if kind == "CronJob" else "apps/v1"
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": kind.lower()}, "spec": body}


def bundle(**services: list[dict[str, Any]]) -> Bundle:
    made = {
        name: tuple(
            Manifest(body, name, f"{name}.yaml", lambda *_, **__: Source(Where("t"), Where("t"))) for body in bodies
        )
        for name, bodies in services.items()
    }
    return Bundle("dev-anna", made)


def images(found: Bundle) -> list[str]:
    """Of all containers, in order."""
    text = str([manifest.body for manifest in found])
    return [part.split("'")[0] for part in text.split("'image': '")[1:]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web=registry.local:5000/web:v2", Image("web", "", "registry.local:5000/web:v2")),
        ("web/proxy=envoy@sha256:00=", Image("web", "proxy", "envoy@sha256:00=")),
    ],
)
def test_an_image_is_read(text: str, expected: Image) -> None:
    assert parse_image(text) == expected


@pytest.mark.parametrize("text", ["web", "=web:2", "web=", "/main=web:2", "web/=web:2", "web=web 2"])
def test_what_is_no_image_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="SERVICE"):
        parse_image(text)


def test_the_only_container_is_meant() -> None:
    ours = bundle(web=[workload("Deployment", "main", init="setup")], db=[workload("StatefulSet", "db")])
    assert images(with_images(ours, [Image("web", "", "new")])) == ["new", "setup:1", "db:1"]
    assert images(ours) == ["main:1", "setup:1", "db:1"]


def test_a_container_called_like_its_service_is_meant() -> None:
    ours = bundle(web=[workload("Deployment", "proxy", "web")])
    assert images(with_images(ours, [Image("web", "", "new")])) == ["proxy:1", "new"]


def test_a_named_container_is_changed_wherever_the_service_has_it() -> None:
    ours = bundle(
        web=[workload("Deployment", "web", "tool"), workload("CronJob", "tool"), workload("DaemonSet", init="tool")]
    )
    assert images(with_images(ours, [Image("web", "tool", "new")])) == ["web:1", "new", "new", "new"]


def test_the_last_of_several_wins() -> None:
    ours = bundle(web=[workload("Deployment", "web")])
    assert images(with_images(ours, [Image("web", "", "a"), Image("web", "", "b")])) == ["b"]


@pytest.mark.parametrize(
    ("image", "message", "suggestion"),
    [
        (Image("wbe", "", "x"), "no service wbe is among the selected", "did you mean web?"),
        (Image("nothing", "", "x"), "no service nothing", "this run has web, none"),
        (Image("web", "proxi", "x"), "web has no container proxi", "did you mean proxy?"),
        (Image("web", "", "x"), "which container of web? web has main, proxy", "name it: --image web/CONTAINER=x"),
        (Image("none", "", "x"), "which container of none? none has none", "name it"),
    ],
)
def test_what_is_not_there_is_refused(image: Image, message: str, suggestion: str) -> None:
    with pytest.raises(UsageError) as raised:
        with_images(bundle(web=[workload("Deployment", "main", "proxy")], none=[]), [image])
    assert message in raised.value.message
    assert suggestion in raised.value.suggestion


def test_all_that_is_wrong_is_told_together() -> None:
    with pytest.raises(Problems) as raised:
        with_images(bundle(web=[]), [Image("a", "", "x"), Image("web", "", "x")])
    assert (len(raised.value.errors), raised.value.exit_code) == (2, 2)
