"""How each program is started: its arguments, and where it says that it is well."""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping, Sequence

from meshctl.errors import SandboxError
from meshctl.sandbox import PROGRAMS
from meshctl.sandbox.certificates import authority, key_pair
from meshctl.sandbox.folders import Folders, Record

NODE = "meshctl-sandbox"
NODE_LEASE_SECONDS = 40
SERVICE_RANGE = "10.96.0.0/12"
POD_RANGE = "10.64.0.0/12"
HEALTH_PATHS = {
    "etcd": "/health",
    "kube-apiserver": "/readyz",
    "kube-controller-manager": "/healthz",
    "kube-scheduler": "/healthz",
    "kwok": "/healthz",
}

Options = Mapping[str, str | int]


def command(folders: Folders, record: Record, program: str) -> list[str]:
    start = list(record.programs[program])
    flags = _flags(ARGUMENTS[program](folders, record.ports))
    if program != "kwok":
        return [*start, *flags]
    if has_own_kubelet(record):
        return [*start, *flags, "--", *_flags(_kubelet(folders, record.ports))]
    return [*start, *flags, *_flags(_kwok_server(folders, record.ports))]


def has_own_kubelet(record: Record) -> bool:
    """Whether KWOK is the one in the program built from our module, which has a kubelet's server of its own."""
    return record.programs["kwok"][1:] == ["kwok"]


def _flags(options: Options) -> list[str]:
    return [f"--{name}={value}" for name, value in options.items()]


def _etcd(folders: Folders, ports: Mapping[str, int]) -> Options:
    """Without fsync: a sandbox has nothing that must outlive a power cut, and it is the slowest part of a start."""
    client, peer = f"https://127.0.0.1:{ports['etcd']}", f"https://127.0.0.1:{ports['etcd-peer']}"
    pair = key_pair(folders, "etcd")
    return {
        "name": "sandbox",
        "data-dir": str(folders.etcd),
        "unsafe-no-fsync": "true",
        "log-level": "warn",
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"sandbox={peer}",
        "client-cert-auth": "true",
        "trusted-ca-file": str(authority(folders)),
        "cert-file": str(pair.certificate),
        "key-file": str(pair.key),
        "peer-client-cert-auth": "true",
        "peer-trusted-ca-file": str(authority(folders)),
        "peer-cert-file": str(pair.certificate),
        "peer-key-file": str(pair.key),
    }


def _api_server(folders: Folders, ports: Mapping[str, int]) -> Options:
    own, etcd = key_pair(folders, "kube-apiserver"), key_pair(folders, "etcd")
    return {
        **_serving(folders, ports, "kube-apiserver"),
        **_aggregation(folders),
        "etcd-servers": f"https://127.0.0.1:{ports['etcd']}",
        "etcd-cafile": str(authority(folders)),
        "etcd-certfile": str(etcd.certificate),
        "etcd-keyfile": str(etcd.key),
        "client-ca-file": str(authority(folders)),
        "authorization-mode": "RBAC",
        "allow-privileged": "true",
        "service-cluster-ip-range": SERVICE_RANGE,
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-signing-key-file": str(folders.certificates / "service-accounts.key"),
        "service-account-key-file": str(folders.certificates / "service-accounts.pub"),
        # No endpoint of the service `kubernetes`: no pod could reach it, and a loopback address is refused there.
        "endpoint-reconciler-type": "none",
        "advertise-address": "127.0.0.1",
        "kubelet-certificate-authority": str(authority(folders)),
        "kubelet-client-certificate": str(own.certificate),
        "kubelet-client-key": str(own.key),
        "kubelet-preferred-address-types": "InternalIP",
    }


def _aggregation(folders: Folders) -> Options:
    """How aggregated API servers know who asks. The other programs complain every few seconds when it is missing."""
    proxy = key_pair(folders, "front-proxy-client")
    return {
        "requestheader-client-ca-file": str(authority(folders)),
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": str(proxy.certificate),
        "proxy-client-key-file": str(proxy.key),
    }


def _controller_manager(folders: Folders, ports: Mapping[str, int]) -> Options:
    """Its defaults of 20 requests a second and 5 workers a kind are what every test would wait for."""
    pair = key_pair(folders, "authority")
    return {
        **_serving(folders, ports, "kube-controller-manager"),
        **_client(folders, "kube-controller-manager"),
        "use-service-account-credentials": "true",
        "kube-api-qps": 300,
        "kube-api-burst": 600,
        **{f"concurrent-{kind}-syncs": 20 for kind in ("deployment", "replicaset", "statefulset", "job", "namespace")},
        "root-ca-file": str(authority(folders)),
        "service-account-private-key-file": str(folders.certificates / "service-accounts.key"),
        "cluster-signing-cert-file": str(pair.certificate),
        "cluster-signing-key-file": str(pair.key),
        # Its default is a folder under /usr, which it makes when it may.
        "flex-volume-plugin-dir": str(folders.root / "flex-volumes"),
    }


def _scheduler(folders: Folders, ports: Mapping[str, int]) -> Options:
    return {
        **_serving(folders, ports, "kube-scheduler"),
        **_client(folders, "kube-scheduler"),
        "kube-api-qps": 500,
        "kube-api-burst": 1000,
    }


def _kwok(folders: Folders, _: Mapping[str, int]) -> Options:
    """Without a lease the node would turn NotReady after 40 seconds, and every pod with it."""
    return {
        "kubeconfig": str(folders.program_kubeconfig("kwok")),
        "config": str(folders.kwok_config),
        "manage-all-nodes": "true",
        "node-lease-duration-seconds": NODE_LEASE_SECONDS,
        "cidr": POD_RANGE,
        "node-ip": "127.0.0.1",
        "v": "WARN",
    }


def _kubelet(folders: Folders, ports: Mapping[str, int]) -> Options:
    return {
        "address": f"127.0.0.1:{ports['kwok']}",
        "kubeconfig": str(folders.program_kubeconfig("kwok")),
        "client-ca-file": str(authority(folders)),
        "common-log": str(folders.pod_logs / "default.log"),
        "exec-folder": str(folders.exec_home),
        **_certificate(folders, "kwok"),
    }


def _kwok_server(folders: Folders, ports: Mapping[str, int]) -> Options:
    """The server of a KWOK that was not built from our module: it asks nobody on this machine who they are."""
    return {
        "enable-crds": "Logs,PortForward",
        "node-port": ports["kwok"],
        "server-address": f"127.0.0.1:{ports['kwok']}",
        **_certificate(folders, "kwok"),
    }


def _serving(folders: Folders, ports: Mapping[str, int], program: str) -> Options:
    return {
        **_certificate(folders, program),
        "bind-address": "127.0.0.1",
        "secure-port": ports[program],
        "cert-dir": str(folders.root / "unused"),
        "profiling": "false",
    }


def _certificate(folders: Folders, owner: str) -> Options:
    pair = key_pair(folders, owner)
    return {"tls-cert-file": str(pair.certificate), "tls-private-key-file": str(pair.key)}


def _client(folders: Folders, program: str) -> Options:
    kubeconfig = str(folders.program_kubeconfig(program))
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "leader-elect": "false",
    }


ARGUMENTS = {
    "etcd": _etcd,
    "kube-apiserver": _api_server,
    "kube-controller-manager": _controller_manager,
    "kube-scheduler": _scheduler,
    "kwok": _kwok,
}


def choose_ports(names: Sequence[str] = (*PROGRAMS, "etcd-peer")) -> dict[str, int]:
    """Free ports below those that systems give to outgoing connections, so that none is taken before it is bound."""
    candidates = random.sample(range(20000, 32000), 400)  # ports, not secrets
    free = [port for port in candidates if is_free(port)]
    if len(free) < len(names):
        raise SandboxError("no free ports on 127.0.0.1 between 20000 and 32000")
    return dict(zip(names, free, strict=False))


def is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
