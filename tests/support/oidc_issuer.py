"""An OIDC issuer on a loopback port: discovery, a set of keys that rotates, and tokens signed with them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


class OidcIssuer:
    """Answers over HTTP with `keys` as they are now; counts what it was asked. `down`: answers 503."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: dict[str, Private] = {}
        self.more: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {}
        self.down = False
        self.asked: list[str] = []

    def token(self, key_id: str, key: Private | None = None, **changes: Any) -> str:
        """Returns a token signed with that key; a claim of None is left out."""
        signing = key or self.keys[key_id]
        now = time.time()
        claims = {"iss": self.url, "aud": "agentbus", "sub": "ann", "iat": now, "exp": now + 600, **changes}
        algorithm = "RS256" if isinstance(signing, rsa.RSAPrivateKey) else "ES256"
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, signing, algorithm=algorithm, headers={"kid": key_id})

    def jwks(self) -> dict[str, Any]:
        """Returns the public keys."""
        return {"keys": [*(jwk(key_id, key) for key_id, key in self.keys.items()), *self.more]}

    def fetches(self) -> int:
        """Returns how often the keys were asked for."""
        return self.asked.count("/jwks")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request."""
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        self.asked.append(path)
        known = {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"},
            "/jwks": self.jwks(),
            **self.answers,
        }
        body = json.dumps(known[path]).encode()
        status = b"503 Service Unavailable" if self.down else b"200 OK"
        head = b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        writer.write(head + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def jwk(key_id: str, key: Private, **more: Any) -> dict[str, Any]:
    """Returns the public part of `key` as a JWK."""
    if isinstance(key, rsa.RSAPrivateKey):
        described = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        described = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**described, "kid": key_id, **more}


@asynccontextmanager
async def oidc_issuer() -> AsyncIterator[OidcIssuer]:
    """Serves an issuer with one RSA key, `first`."""
    issuer = OidcIssuer()
    issuer.keys["first"] = rsa_key()
    server = await asyncio.start_server(issuer.serve, "127.0.0.1", 0)
    async with server:
        issuer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield issuer
