"""The sandbox's own certificate authority, and a certificate for each that listens or asks.

Nobody on this machine without one of these keys can talk to etcd or the API server.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from meshctl.sandbox.folders import Folders, write_private

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

LIFETIME = dt.timedelta(days=3650)
SERVICE_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
SERVICE_ADDRESS = "10.96.0.1"


@dataclass(frozen=True)
class Subject:
    """`organization` is the bearer's group in Kubernetes; `addresses` and `names` are what it may serve."""

    name: str
    organization: str = ""
    addresses: tuple[str, ...] = ("127.0.0.1",)
    names: tuple[str, ...] = ("localhost",)


SUBJECTS = {
    "etcd": Subject("etcd"),
    "kube-apiserver": Subject(
        "kube-apiserver", addresses=("127.0.0.1", SERVICE_ADDRESS), names=("localhost", *SERVICE_NAMES)
    ),
    "kube-controller-manager": Subject("system:kube-controller-manager"),
    "kube-scheduler": Subject("system:kube-scheduler"),
    "kwok": Subject("kwok", organization="system:masters"),
    "front-proxy-client": Subject("front-proxy-client"),
    "admin": Subject("meshctl-sandbox-admin", organization="system:masters"),
}


@dataclass(frozen=True)
class KeyPair:
    certificate: Path
    key: Path


def authority(folders: Folders) -> Path:
    return folders.certificates / "authority.crt"


def key_pair(folders: Folders, owner: str) -> KeyPair:
    return KeyPair(folders.certificates / f"{owner}.crt", folders.certificates / f"{owner}.key")


def create_certificates(folders: Folders) -> None:
    """Everything anew, or nothing if it is all there; the marker is written last."""
    complete = folders.certificates / "complete"
    if complete.exists():
        return
    issuer = _Authority()
    write_private(authority(folders), issuer.certificate_pem())
    _write_pair(key_pair(folders, "authority"), issuer.certificate_pem(), issuer.key)
    for owner, subject in SUBJECTS.items():
        key = _new_key()
        _write_pair(key_pair(folders, owner), issuer.sign(subject, key), key)
    signing_key = _new_key()
    write_private(folders.certificates / "service-accounts.key", _private_pem(signing_key))
    write_private(folders.certificates / "service-accounts.pub", _public_pem(signing_key))
    write_private(complete, "")


class _Authority:
    def __init__(self) -> None:
        self.key = _new_key()
        self.name = _name(Subject("meshctl-sandbox"))
        self.certificate = self._self_signed()

    def certificate_pem(self) -> str:
        return _certificate_pem(self.certificate)

    def sign(self, subject: Subject, key: ec.EllipticCurvePrivateKey) -> str:
        """Good for serving and for asking: etcd and the kubelet's side of KWOK do both."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509.oid import ExtendedKeyUsageOID

        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        alternatives = [x509.IPAddress(ipaddress.ip_address(address)) for address in subject.addresses]
        builder = (
            self._builder(_name(subject), key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([*alternatives, *map(x509.DNSName, subject.names)]), critical=False
            )
        )
        return _certificate_pem(builder.sign(self.key, hashes.SHA256()))

    def _self_signed(self) -> x509.Certificate:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        builder = (
            self._builder(self.name, self.key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_signing_only(), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256())

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        from cryptography import x509

        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + LIFETIME)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )


def _signing_only() -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(subject: Subject) -> x509.Name:
    from cryptography import x509

    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, subject.name)]
    if subject.organization:
        attributes.append(x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, subject.organization))
    return x509.Name(attributes)


def _new_key() -> ec.EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _write_pair(pair: KeyPair, certificate: str, key: ec.EllipticCurvePrivateKey) -> None:
    write_private(pair.certificate, certificate)
    write_private(pair.key, _private_pem(key))


def _certificate_pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _private_pem(key: ec.EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def _public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives import serialization

    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode("ascii")
    )
