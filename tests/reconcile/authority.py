"""Who certifies hosts, for a test."""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.tencent_cloud.cloud import SimulatedTencent
from local.tencent_cloud.server import HOST, serve

_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """An authority of its own, whom nobody trusts but within `trusted`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        own = self._certificate(
            self._name, self._key, x509.BasicConstraints(ca=True, path_length=None), _SIGNS_CERTIFICATES
        )
        (folder / "authority.pem").write_bytes(own)

    @contextmanager
    def serve(self, simulated: SimulatedTencent, host: str) -> Iterator[None]:
        """Serve HTTPS with a certificate of a host; every name is looked up to it."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        chain = self._certificate(name, key, x509.SubjectAlternativeName([x509.DNSName(host)]))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self._folder / "host.pem").write_bytes(chain + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "host.pem")
        with serve(simulated, ssl_context=context) as port, looked_up_to(port):
            yield

    @contextmanager
    def trusted(self) -> Iterator[None]:
        with patch.dict(os.environ, {"SSL_CERT_FILE": str(self._folder / "authority.pem")}):
            yield

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType
    ) -> bytes:
        now = datetime.now(UTC)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issuer, critical=False)
        )
        for extension in extensions:
            critical = isinstance(extension, x509.BasicConstraints | x509.KeyUsage)
            certificate = certificate.add_extension(extension, critical)
        return certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@contextmanager
def looked_up_to(port: int) -> Iterator[None]:
    """Every name and port leads to one of this machine."""

    def lead(*_: Any, **__: Any) -> socket.socket:
        return socket.create_connection((HOST, port))

    with patch("urllib3.util.connection.create_connection", lead):
        yield
