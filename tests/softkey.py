"""A security key made of software: what a browser sends for it, as JSON."""

from __future__ import annotations

import json
import secrets
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.utils import websafe_decode, websafe_encode

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


class SoftKey:
    """`origin`, `rp_id`: of the page on which it is used. It counts its uses unless told not to."""

    def __init__(self, origin: str = "http://localhost:8000", rp_id: str = "localhost") -> None:
        self.origin, self.rp_id = origin, rp_id
        self.number = secrets.token_bytes(32)
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.handle = b""
        self.count = 0
        self.verifies = True

    def create(self, options: str, **changes: Any) -> str:
        """The answer to the options of a registration."""
        wanted = json.loads(options)["publicKey"]
        self.handle = websafe_decode(wanted["user"]["id"])
        public = self.private.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (public.x, public.y))
        cose = cbor.encode({1: 2, 3: -7, -1: 1, -2: x, -3: y})  # ES256. Source: RFC 9052, 9053
        data = b"\0" * 16 + len(self.number).to_bytes(2, "big") + self.number + cose
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._facts(ATTESTED) + data}
        response = {
            "clientDataJSON": self._client("webauthn.create", wanted["challenge"]),
            "attestationObject": websafe_encode(cbor.encode(attestation)),
            "transports": ["internal", "made-up"],
        }
        return self._answer(response, {"credProps": {"rk": True}}, changes)

    def get(self, options: str, **changes: Any) -> str:
        """The answer to the options of a sign-in."""
        wanted = json.loads(options)["publicKey"]
        self.count += 1
        facts, client = self._facts(0), self._client("webauthn.get", wanted["challenge"])
        signed = facts + sha256(websafe_decode(client)).digest()
        response = {
            "clientDataJSON": client,
            "authenticatorData": websafe_encode(facts),
            "signature": websafe_encode(self.private.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": websafe_encode(self.handle),
        }
        return self._answer(response, {}, changes)

    def _answer(self, response: dict[str, Any], results: Any, changes: dict[str, Any]) -> str:
        name = websafe_encode(self.number)
        answer = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps(answer | {"clientExtensionResults": results} | changes)

    def _facts(self, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> str:
        facts = {"type": kind, "challenge": challenge, "origin": self.origin}
        return websafe_encode(json.dumps(facts).encode())
