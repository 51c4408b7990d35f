"""Those who may read: principals of the account, who sign, and users with tokens of an issuer."""

import json
import socket
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from werkzeug.wrappers import Request, Response

from e2e.emulator import HOST, REGION, client
from local.aws.gateway import serve

AUDIENCE, SCOPE = "https://rooms.example", "rooms/read"
KEY_ID = "key-1"


def principal(name: str, *allowed: str) -> Credentials:
    """A new user of the account, who may invoke routes: those of some resources."""
    iam = client("iam")
    iam.create_user(UserName=name)
    if allowed:
        statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": allowed}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName=name, PolicyName="invoke", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def signature(url: str, credentials: Credentials) -> dict[str, str]:
    """The headers that sign a GET of a URL."""
    request = AWSRequest("GET", url)
    SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    return dict(request.headers.items())


@dataclass(frozen=True, slots=True)
class Issuer:
    """An OpenID provider, as far as API Gateway asks one."""

    url: str
    key: RSAPrivateKey

    def token(self, *, key: RSAPrivateKey | None = None, **claims: Any) -> str:
        """A good token, but for what is given: a claim of None is left out."""
        now = int(time.time())
        good = {
            "iss": self.url,
            "aud": AUDIENCE,
            "scope": f"openid {SCOPE}",
            "sub": "ann",
            "iat": now - 10,
            "exp": now + 600,
        }
        held = {name: value for name, value in {**good, **claims}.items() if value is not None}
        signed = f"{_json({'alg': 'RS256', 'typ': 'JWT', 'kid': KEY_ID})}.{_json(held)}"
        return f"{signed}.{_text((key or self.key).sign(signed.encode(), PKCS1v15(), SHA256()))}"

    def answers(self) -> Mapping[str, Any]:
        """What it serves, by path."""
        numbers = self.key.public_key().public_numbers()
        modulus, exponent = (
            _text(number.to_bytes((number.bit_length() + 7) // 8, "big")) for number in (numbers.n, numbers.e)
        )
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, "n": modulus, "e": exponent}
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [key]},
        }


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer that serves on this machine."""
    with socket.create_server((HOST, 0)) as listener:
        issuer = Issuer(f"http://{HOST}:{listener.getsockname()[1]}", new_key())
        answers = issuer.answers()

        @Request.application
        def application(request: Request) -> Response:
            found = answers.get(request.path)
            return Response(json.dumps(found), 200 if found else 404, content_type="application/json")

        with serve(application, listener):
            yield issuer


def new_key() -> RSAPrivateKey:
    return generate_private_key(65_537, 2_048)


def _json(value: Any) -> str:
    return _text(json.dumps(value).encode())


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")
