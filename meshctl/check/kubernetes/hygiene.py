"""What works, and gives away more than it has to, or tells less than it could."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.resource import Pod
from meshctl.check.rules import bundle_rule, pod_rule
from meshctl.check.subject import Subject

_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock")
_CONFIDENTIAL = re.compile(r"(?i)(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|SECRET_KEY)$")
_HARMLESS = re.compile(r"(?i)|true|false|\d+|/.*|.*\$\(.*")  # switches, numbers, paths, what is taken from elsewhere


@pod_rule("MSH280", "warning", aliases=("privileged-container", "privileged", "runAsPrivileged"))
def privileged(pod: Pod) -> Iterator[Fault]:
    """A container with all rights of its node.

    Whoever gets into it has the node, and with it every other developer's pods.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", securityContext: {privileged: true}}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", securityContext: {capabilities: {add: [NET_ADMIN]}}}]}
    """
    for container in pod.containers:
        node = container["securityContext"]["privileged"]
        if node.value is True:
            yield node.fault(f"container {container['name'].text} is privileged", "add only the capabilities it needs")


@pod_rule("MSH281", "info", aliases=("host-network", "host-pid", "host-ipc", "hostNetworkSet", "hostPIDSet"))
def host_namespaces(pod: Pod) -> Iterator[Fault]:
    """A pod that shares the network or the processes of its node.

    Its ports are the node's, so only one such pod fits on a node, Istio does not see its traffic, and it can see, or
    signal, what others run.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {hostPID: true, containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec[field].value is True:
            yield pod.spec[field].fault(f"{pod.resource} has {field}", "leave it out, unless it is what the pod is for")


@pod_rule("MSH282", "warning", aliases=("docker-sock",))
def runtime_socket(pod: Pod) -> Iterator[Fault]:
    """A pod mounts the socket of the container runtime.

    With it, it can start any container on the node, as root.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: ci}
        spec:
          containers: [{name: ci, image: "ci:1", volumeMounts: [{name: docker, mountPath: /var/run/docker.sock}]}]
          volumes: [{name: docker, hostPath: {path: /var/run/docker.sock}}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: ci}
        spec:
          containers: [{name: ci, image: "ci:1", env: [{name: DOCKER_HOST, value: "tcp://builder:2375"}]}]
    """
    for volume in pod.spec["volumes"]:
        path = volume["hostPath"]["path"]
        if path.text in _SOCKETS:
            yield path.fault(f"{pod.resource} mounts {path.text}", "let a builder of its own do that")


@pod_rule("MSH283", "warning", aliases=("env-var-secret",))
def plain_secret(pod: Pod) -> Iterator[Fault]:
    """A variable that is called a password, a token or a key, and has its value in plain.

    Everybody who may look at pods reads it, and so do logs of the API server. Put it into a Secret, and read it by
    `secretKeyRef`.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", env: [{name: DB_PASSWORD, value: hunter2}]}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - name: web
            image: web:1
            env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: db}
        stringData: {password: hunter2}
    """
    for container in pod.containers:
        for variable in container["env"]:
            name, value = variable["name"].text, variable["value"].text
            if _CONFIDENTIAL.search(name) and not _HARMLESS.fullmatch(value):
                yield variable["name"].fault(f"{name} has its value in plain", "put it into a Secret: secretKeyRef")


@bundle_rule("MSH284", "info", aliases=("no-readiness-probe", "readinessProbeMissing"))
def unknown_readiness(subject: Subject) -> Iterator[Fault]:
    """A workload behind a Service without a readiness probe.

    It counts as ready as soon as its process runs. Whoever needs it is started too early, and gets connections refused.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1", readinessProbe: {tcpSocket: {port: 80}}}]}
    """
    behind = dict.fromkeys(pod for pods in subject.selected.values() for pod in pods)
    for pod in behind:
        containers = list(pod.spec["containers"])
        if containers and not any(container["readinessProbe"] for container in containers):
            message = f"nothing tells when {pod.resource} is ready"
            yield containers[0].fault(message, "give it a readinessProbe", manifest=pod.resource.manifest)
