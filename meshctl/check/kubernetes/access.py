"""Roles, and to whom they are bound."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean

_RBAC = "rbac.authorization.k8s.io"


@bundle_rule("MSH279", "warning", aliases=("missing-rolebinding-role", "rolebinding-role"))
def binding(subject: Subject) -> Iterator[Fault]:
    """A RoleBinding for a Role or a ServiceAccount that is not there.

    It gives nobody anything. ClusterRoles may well be there without the project, so only Roles are looked for.

        # bad
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: web}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
        subjects: [{kind: ServiceAccount, name: default}]
        # good
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: web}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
        subjects: [{kind: ServiceAccount, name: default}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: reader}
        rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
    """
    for each in subject.kind(_RBAC, "RoleBinding"):
        namespace, role = subject.namespace_of(each), each.root["roleRef"]
        if role["kind"].text == "Role" and subject.find(_RBAC, "Role", namespace, role["name"].text) is None:
            near = did_you_mean(role["name"].text, [other.ref.name for other in subject.kind(_RBAC, "Role")])
            message = f"{each} binds Role {role['name'].text}, which the project does not have"
            yield role["name"].fault(message, near, manifest=each.manifest)
        for who in each.root["subjects"]:
            name, home = who["name"], who["namespace"].text or namespace
            ours = who["kind"].text == "ServiceAccount" and home == namespace and name.text not in ("", "default")
            if ours and subject.find("", "ServiceAccount", namespace, name.text) is None:
                near = did_you_mean(name.text, [other.ref.name for other in subject.kind("", "ServiceAccount")])
                message = f"{each} is for ServiceAccount {name.text}, which the project does not have"
                yield name.fault(message, near, manifest=each.manifest)
