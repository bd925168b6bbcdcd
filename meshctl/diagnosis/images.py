"""Images that cannot be had."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from meshctl.diagnosis.case import Case, Diagnosis, Object, moment, service_of, times, told
from meshctl.diagnosis.statuses import called, concerns, name_of, state_line, statuses, waiting
from meshctl.identity import ObjectRef
from meshctl.readiness.verdict import condition, text

BACK_OFFS = 2
_LONG = 120.0  # seconds after which a pull that is backed off has failed more than once, also when its events are gone

_PULL = {
    "ErrImageNeverPull", "ErrImagePull", "ImageInspectError", "ImagePullBackOff", "RegistryUnavailable",
    "SignatureValidationFailed",
}  # fmt: skip

_DENIED = "its registry wants other credentials, or has no such image"

# What a registry, or the way to it, says: our words, and what to do. The first that fits. A number has to stand alone:
# digests and addresses are full of others.
_WORDS: tuple[tuple[str, str, str], ...] = (
    (
        r"toomanyrequests|rate limit|\b429\b",
        "its registry lets nobody pull so often",
        "wait, log in to the registry by imagePullSecrets, or use a mirror of it",
    ),
    (
        r"no space left",
        "its node has no room for it",
        "make room on the pod's node, or make the image smaller",
    ),
    (
        r"HTTP response to HTTPS client",
        "its registry speaks plain HTTP, which the node does not expect",
        "let the node's container runtime take the registry for an insecure one, or give the registry a certificate",
    ),
    (
        r"x509|certificate",
        "the node does not trust its registry's certificate",
        "give the registry's CA to the node's container runtime",
    ),
    (
        r"unauthorized|authentication|denied|forbidden|no basic auth|\b40[13]\b",
        _DENIED,
        "check the name, and give the pod imagePullSecrets that may read it",
    ),
    (
        r"no such host|dial tcp|timeout|refused|unreachable|tls|RegistryUnavailable",
        "its registry cannot be reached from the node",
        "check the registry's name, and the node's network",
    ),
    (
        r"no match(ing manifest)? for (the )?(platform|.*/)|exec format",
        "it is not built for the node's architecture",
        "build the image for it, or choose other nodes by a nodeSelector",
    ),
    (
        r"not found|manifest unknown|does not exist|no such manifest|\b404\b",
        "its registry does not have it",
        "check the image's name and tag, and that it was pushed",
    ),
    (
        r"internal server error|bad gateway|service unavailable|\b50[0234]\b",
        "its registry fails",
        "try again when the registry is well",
    ),
    (
        r"deadline ?exceeded|cancell?ed|unexpected EOF|connection reset|unexpected commit digest",
        "its download broke off",
        "the kubelet tries again; if that does not help, check the node's network",
    ),
)
_CAUSES = tuple((re.compile(pattern, re.IGNORECASE), words, advice) for pattern, words, advice in _WORDS)
_SECRETS = re.compile(r"image pull secrets \(([^)]+)\)")
_ADVICE = "check the image's name and tag, that the registry has it, and the pod's imagePullSecrets"


def image(case: Case) -> Iterator[Diagnosis]:
    """Back-offs are counted by their events: the status goes back and forth between two words."""
    for pod in case.pods:
        for container in statuses(pod):
            reason = waiting(container)
            if reason == "InvalidImageName":
                yield _invalid(pod, container)
            elif reason in _PULL:
                yield _pull(case, pod, container)


def _invalid(pod: Object, container: Object) -> Diagnosis:
    return Diagnosis(
        "InvalidImage",
        f"{text(container, 'image')!r} of {called(pod, container)} is no valid image name",
        (state_line(container),),
        f"mend `image` in the templates of {service_of(pod)}",
        certain=True,
        object=ObjectRef.of(pod),
        container=name_of(container),
    )


def _pull(case: Case, pod: Object, container: Object) -> Diagnosis:
    """The second failure of the same kind is no passing trouble of the registry."""
    events = [event for event in case.events(pod, "Failed", "BackOff") if concerns(event, container)]
    unread = case.events(pod, "FailedToRetrieveImagePullSecret")
    because, advice = _cause(container, events, unread)
    return Diagnosis(
        "ImagePull",
        f"the image {text(container, 'image')} of {called(pod, container)} cannot be pulled{because}",
        (state_line(container), *map(told, (*_telling(events), *unread))),
        advice,
        certain=waiting(container) == "ErrImageNeverPull" or _again(pod, container, events),
        object=ObjectRef.of(pod),
        container=name_of(container),
    )


def _telling(events: list[Object]) -> list[Object]:
    """Without `Error: ErrImagePull`, which says again what the container's state says, unless that is all there is."""
    return [event for event in events if not text(event, "message").startswith("Error: ")] or events


def _cause(container: Object, events: list[Object], unread: list[Object]) -> tuple[str, str]:
    """`unread` tells of pull secrets that the kubelet could not get; it tries without them."""
    reason = waiting(container)
    if reason == "ErrImageNeverPull":
        return ": the node does not have it, and imagePullPolicy is Never", "load it onto the node, or let it be pulled"
    if reason == "ImageInspectError":
        return ": its node cannot tell whether it has it", "look at the container runtime of the pod's node"
    if reason == "SignatureValidationFailed":
        return ": its signature is not valid", "sign the image, or change the policy that wants it signed"
    said = " ".join(
        [reason, text(container, "state", "waiting", "message"), *(text(each, "message") for each in events)]
    )
    said = said.replace(text(container, "image") or "\0", "")
    words, advice = next(((words, advice) for pattern, words, advice in _CAUSES if pattern.search(said)), ("", _ADVICE))
    secrets = [found[1] for event in unread if (found := _SECRETS.search(text(event, "message")))]
    if words == _DENIED and secrets:
        return f": {words}, and the kubelet cannot get the pull secret {secrets[-1]}", f"add Secret {secrets[-1]}"
    return (f": {words}" if words else ""), advice


def _again(pod: Object, container: Object, events: list[Object]) -> bool:
    """Events are kept for an hour or less; a back-off that outlives them has come more than once."""
    if any(times(event) >= BACK_OFFS for event in events):
        return True
    since = moment(condition(pod, "PodScheduled"), "lastTransitionTime") or moment(pod, "metadata", "creationTimestamp")
    return waiting(container) == "ImagePullBackOff" and bool(since) and time.time() - since > _LONG
