"""An OpenID Connect provider as we talk to it: authorisation code flow with PKCE.

What belongs here: the protocol (OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636, RFC 9207).
What does not: who may have an account here (hc/accounts/services/oidc.py).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet, import_key
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

SECONDS = 10
MAX_ANSWER = 512 * 1024
KEPT = 3600  # how long the provider's metadata and keys are believed
NEW_KEYS_AFTER = 30  # an unknown key makes us look for new ones, at most so often
LEEWAY = 60  # clocks differ
# Signatures by a key that only the provider has.
ALGORITHMS = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
]
KEY_TYPES = ("RSA", "EC", "OKP")


class Unavailable(Exception):
    """The provider does not answer, or its answers cannot be read: trying later may help."""


class Rejected(Exception):
    """The provider refused the code, or what it says about a person cannot be believed."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are to the provider."""

    issuer: str
    id: str
    secret: str
    scopes: tuple[str, ...]
    redirect_uri: str
    ca_bundle: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in that has begun: what must come back, and what proves that it is ours."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Attempt:
        return cls(*(secrets.token_urlsafe(n) for n in (24, 24, 48)))


class Provider:
    """Metadata and keys are fetched when they are first needed, and kept for an hour."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._metadata: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def authorization_url(self, attempt: Attempt) -> str:
        """Where to send the browser; raises Unavailable."""
        endpoint = self._endpoint("authorization_endpoint")
        url, _ = self._session().create_authorization_url(
            endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
        )
        return str(url)

    def claims(self, attempt: Attempt, code: str, wanted: tuple[str, ...]) -> dict[str, Any]:
        """What the provider says about the person who came back with `code`.

        `wanted`: claims for which the provider is asked once more if the ID token lacks them.
        Raises Unavailable and Rejected.
        """
        with self._session() as session:
            token = self._token(session, attempt, code)
            claims = self._verified(str(token.get("id_token") or ""), attempt.nonce)
            if any(name not in claims for name in wanted):
                claims = {**self._userinfo(session, claims), **claims}
        return claims

    def _token(self, session: OAuth2Session, attempt: Attempt, code: str) -> Mapping[str, Any]:
        endpoint = self._endpoint("token_endpoint")
        try:
            token: Mapping[str, Any] = session.fetch_token(
                endpoint, code=code, code_verifier=attempt.verifier
            )
        except AuthlibBaseError as e:
            raise Rejected(f"the provider refused the code: {e.error}") from None
        except (RequestException, ValueError) as e:
            raise Unavailable(_cause("token endpoint", e)) from None
        return token

    def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token. Source: OpenID Connect Core 1.0, 3.1.3.7."""
        claims = self._decoded(token)
        rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": self._metadata_now()["issuer"]},
            aud={"essential": True, "value": self._client.id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            rules.validate(claims)
        except JoseError as e:
            raise Rejected(f"ID token: {e}") from None
        audience, party = claims["aud"], claims.get("azp")
        if party not in (None, self._client.id) or (
            isinstance(audience, list) and len(audience) > 1 and party is None
        ):
            raise Rejected("ID token: it was made for another client")
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise Rejected("ID token: the subject is not a text of up to 255 characters")
        return claims

    def _decoded(self, token: str) -> dict[str, Any]:
        for keys in (self._keys_now(), None):
            try:
                found = keys or self._new_keys()
                return dict(jwt.decode(token, found, algorithms=ALGORITHMS).claims)
            except (InvalidKeyIdError, BadSignatureError):
                continue  # the provider may have new keys
            except (JoseError, ValueError, TypeError) as e:
                raise Rejected(f"ID token: {e}") from None
        raise Rejected("ID token: signed by a key that the provider does not publish")

    def _userinfo(self, session: OAuth2Session, claims: Mapping[str, Any]) -> dict[str, Any]:
        """More claims; none if the provider has no such endpoint."""
        endpoint = self._metadata_now().get("userinfo_endpoint")
        if not isinstance(endpoint, str):
            return {}
        try:
            answer = session.get(endpoint)
            more = answer.json() if answer.ok else {}
        except (RequestException, ValueError) as e:
            raise Unavailable(_cause("userinfo endpoint", e)) from None
        if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
            return {}
        return more

    def _endpoint(self, name: str) -> str:
        url = self._metadata_now().get(name)
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise Unavailable(f"the provider's metadata lack {name}")
        return url

    def _metadata_now(self) -> Mapping[str, Any]:
        if self._metadata is None or _is_old(self._metadata[0], KEPT):
            issuer = self._client.issuer.rstrip("/")
            found = self._get(f"{issuer}/.well-known/openid-configuration")
            if str(found.get("issuer")).rstrip("/") != issuer:
                raise Unavailable("the provider's metadata name another issuer than OIDC_ISSUER")
            self._metadata = (time.monotonic(), found)
        return self._metadata[1]

    def _keys_now(self) -> KeySet:
        if self._keys is None or _is_old(self._keys[0], KEPT):
            return self._fetched_keys()
        return self._keys[1]

    def _new_keys(self) -> KeySet:
        """The provider may have changed its keys; nobody can make us ask it all the time."""
        if self._keys and not _is_old(self._keys[0], NEW_KEYS_AFTER):
            return self._keys[1]
        return self._fetched_keys()

    def _fetched_keys(self) -> KeySet:
        document = self._get(self._endpoint("jwks_uri"))
        keys = KeySet(_readable_keys(document.get("keys")))
        self._keys = (time.monotonic(), keys)
        return keys

    def _get(self, url: str) -> dict[str, Any]:
        try:
            with self._session() as session:
                answer = session.get(url, withhold_token=True)
                answer.raise_for_status()
                found = answer.json()
        except (RequestException, ValueError) as e:
            raise Unavailable(_cause(url, e)) from None
        if not isinstance(found, dict):
            raise Unavailable(_cause(url, ValueError("not an object")))
        return found

    def _session(self) -> OAuth2Session:
        client = self._client
        session = OAuth2Session(
            client.id,
            client.secret or None,
            scope=" ".join(client.scopes),
            redirect_uri=client.redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method=self._method(),
        )
        session.verify = client.ca_bundle or True
        session.max_redirects = 3
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Bounded())
        return session

    def _method(self) -> str:
        """How we prove who we are: in the form if the provider offers that, since providers do not
        agree how signs in a secret are written in the header, which all of them have to know."""
        if not self._client.secret:
            return "none"
        known = self._metadata[1] if self._metadata else {}
        offered = known.get("token_endpoint_auth_methods_supported") or ()
        return "client_secret_post" if "client_secret_post" in offered else "client_secret_basic"


class _Bounded(HTTPAdapter):
    """Answers are read to their end at once, up to a size and within a time."""

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        deadline = time.monotonic() + SECONDS
        response = super().send(request, **{**kwargs, "stream": True, "timeout": SECONDS})
        body = b""
        for part in response.iter_content(16_384):
            body += part
            if len(body) > MAX_ANSWER or time.monotonic() > deadline:
                response.close()
                raise RequestException("the answer is too long, or takes too long")
        response._content = body  # noqa: SLF001  # as requests itself stores it
        return response


@lru_cache(maxsize=4)
def provider(client: Client) -> Provider:
    """One for each client, so that metadata and keys are kept."""
    return Provider(client)


def _readable_keys(listed: Any) -> list[Key]:
    """Keys for encryption, and of kinds that are not known here, are left out."""
    found = []
    for key in listed if isinstance(listed, list) else []:
        with suppress(JoseError, ValueError, TypeError, LookupError):
            if key["kty"] in KEY_TYPES and key.get("use", "sig") == "sig":
                found.append(import_key(key))
    return found


def _is_old(fetched: float, seconds: float) -> bool:
    return time.monotonic() - fetched > seconds


def _cause(what: str, e: Exception) -> str:
    """Without the request, which may hold a secret."""
    return f"{what}: {type(e).__name__}"
