"""WorkloadGroups: templates of workloads outside of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import NETWORKING
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean


def _groups(subject: Subject) -> list[Resource]:
    return subject.kind(NETWORKING, "WorkloadGroup")


@bundle_rule("MSH509", "warning", aliases=("KIA1702",))
def same_labels(subject: Subject) -> Iterator[Fault]:
    """Two WorkloadGroups of a namespace whose workloads have the same labels.

    Services and policies select by labels, and cannot tell the workloads of one group from those of the other.

        # bad
        apiVersion: networking.istio.io/v1
        kind: WorkloadGroup
        metadata: {name: a}
        spec: {metadata: {labels: {app: db}}, template: {serviceAccount: db}}
        ---
        apiVersion: networking.istio.io/v1
        kind: WorkloadGroup
        metadata: {name: b}
        spec: {metadata: {labels: {app: db}}, template: {serviceAccount: db}}
        # good
        apiVersion: networking.istio.io/v1
        kind: WorkloadGroup
        metadata: {name: a}
        spec: {metadata: {labels: {app: db, version: v1}}, template: {serviceAccount: db}}
        ---
        apiVersion: networking.istio.io/v1
        kind: WorkloadGroup
        metadata: {name: b}
        spec: {metadata: {labels: {app: db, version: v2}}, template: {serviceAccount: db}}
    """
    first: dict[tuple[str, frozenset[tuple[str, str]]], Resource] = {}
    for group in _groups(subject):
        labels = group.spec["metadata"]["labels"]
        if labels.mapping:
            selected = frozenset((key, str(value)) for key, value in labels.mapping.items())
            other = first.setdefault((subject.namespace_of(group), selected), group)
            if other is not group:
                message = f"workloads of {other} have these labels too"
                yield labels.fault(message, "add one that differs", at_key=True, manifest=group.manifest)


@bundle_rule("MSH510", "warning", aliases=("KIA1701",))
def unknown_account_of_group(subject: Subject) -> Iterator[Fault]:
    """A WorkloadGroup whose workloads run as a ServiceAccount that nobody makes.

    They then get no certificate. Looked for where ServiceAccounts of the namespace are among the objects at hand.

        # bad
        apiVersion: networking.istio.io/v1
        kind: WorkloadGroup
        metadata: {name: db}
        spec: {template: {serviceAccount: bd}}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: db}
        # good
        apiVersion: networking.istio.io/v1
        kind: WorkloadGroup
        metadata: {name: db}
        spec: {template: {serviceAccount: db}}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: db}
    """
    accounts = subject.kind("", "ServiceAccount")
    here = {subject.namespace_of(account) for account in accounts}
    for group in _groups(subject):
        account, namespace = group.spec["template"]["serviceAccount"], subject.namespace_of(group)
        is_known = account.text == "default" or subject.find("", "ServiceAccount", namespace, account.text)
        if account.text and namespace in here and not is_known:
            near = did_you_mean(account.text, [each.ref.name for each in accounts])
            message = f"there is no ServiceAccount {account.text} in namespace {namespace}"
            yield account.fault(message, near, manifest=group.manifest)
