"""Security keys and passkeys: WebAuthn, checked by the library `fido2`.

What browsers send is judged here; the challenges that they answer are kept by the caller, who
hands each of them in once.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hc.accounts import audit
from hc.accounts.models import Credential, Profile, User
from hc.accounts.services import recovery, second_factor, security_mails, tries
from hc.accounts.services.second_factor import Refused
from hc.api.models import Limit

PER_DAY = Limit(100, timedelta(days=1))
MAX_RESPONSE = 20_000
MAX_ID = 1023  # bytes, by the standard
TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})
# What the library raises when bytes or JSON are not what they should be.
_MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    struct.error,
    UnsupportedAlgorithm,
)
_PREFERRED = UserVerificationRequirement.PREFERRED
_REQUIRED = UserVerificationRequirement.REQUIRED


class Malformed(Refused):
    """What came is not what browsers send."""


@dataclass(frozen=True, slots=True)
class Ceremony:
    """`options`: for the browser, as JSON. `state`: for us, when the answer comes."""

    options: str
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Added:
    """A new key; `codes`: the recovery codes, if it is the first factor."""

    credential: Credential
    codes: list[str]


FAILED = "The key could not be verified. Try again."


def begin_registration(user: User) -> Ceremony:
    """Options with which a browser makes a key for `user`; one that can sign in by itself, and
    asks for a PIN or a finger, if it can."""
    identity = PublicKeyCredentialUserEntity(
        id=bytes.fromhex(_handle(user)), name=user.email, display_name=user.email
    )
    options, state = _server().register_begin(
        identity,
        _descriptors(user),
        ResidentKeyRequirement.PREFERRED,
        _PREFERRED,
        extensions={"credProps": True},
    )
    return Ceremony(json.dumps(dict(options)), state)


def begin_authentication(user: User | None) -> Ceremony:
    """Options with which a browser uses a key of `user`; None: any passkey, which has to ask for
    a PIN or a finger, since it is all that is asked for."""
    known = _descriptors(user) if user else None
    options, state = _server().authenticate_begin(known, _PREFERRED if user else _REQUIRED)
    return Ceremony(json.dumps(dict(options)), state)


def register(
    user: User, name: str, response: str, state: Mapping[str, Any], now: datetime
) -> Added:
    """Add the key that the browser has made. Raises Refused."""
    tries.take(f"webauthn-{user.pk}", PER_DAY, now)
    raw = _parsed(response)
    try:
        answer = _server().register_complete(state, raw)
        data, counter = answer.credential_data, answer.counter
        transports = raw["response"].get("transports")
    except _MALFORMED:
        raise Malformed(FAILED) from None
    if data is None or len(data.credential_id) > MAX_ID:
        raise Malformed(FAILED)
    row = Credential(
        name=name,
        user=user,
        data=bytes(data),
        digest=_digest(data.credential_id),
        sign_count=counter,
        transports=_transports(transports),
        is_passkey=_is_discoverable(raw),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            audit.record("key.added", audit.Target(name, row.code), user=user)
            security_mails.tell(
                user,
                "A security key was added to your account",
                f"Its name is “{name}”. From now on, signing in takes a second factor.",
                now=now,
            )
            return Added(row, recovery.first_codes(user, now))
    except IntegrityError:
        raise Refused("This key has been added already.") from None


def verify(user: User, response: str, state: Mapping[str, Any], now: datetime) -> Credential:
    """The key of `user` with which the browser has signed. Raises Refused, TooMany."""
    tries.take(f"webauthn-{user.pk}", PER_DAY, now)
    raw = _parsed(response)
    row = _find(raw, user)
    _check(row, raw, state, now)
    return row


def sign_in(response: str, state: Mapping[str, Any], now: datetime) -> User:
    """The account that a passkey signs in to. Raises Refused."""
    raw = _parsed(response)
    row = _find(raw)
    _check(row, raw, state, now)
    if not _is_handle_of(row.user, raw):
        raise Refused(FAILED)
    if not row.is_passkey:
        Credential.objects.filter(pk=row.pk).update(is_passkey=True)
    if not row.user.is_active:
        raise Refused(FAILED)
    return row.user


def rename(user: User, code: UUID, name: str) -> bool:
    """Whether there is such a key."""
    with transaction.atomic():
        row = Credential.objects.select_for_update().filter(user=user, code=code).first()
        if row is None:
            return False
        if row.name != name:
            Credential.objects.filter(pk=row.pk).update(name=name)
            details = audit.changes({"name": row.name}, {"name": name})
            audit.record("key.renamed", audit.Target(name, code), user=user, details=details)
    return True


def remove(user: User, code: UUID, now: datetime) -> bool:
    """Take a key from the account; whether there was such a one."""
    with transaction.atomic():
        row = Credential.objects.select_for_update().filter(user=user, code=code).first()
        if row is None:
            return False
        row.delete()
        audit.record("key.removed", audit.Target(row.name, code), user=user)
        security_mails.tell(
            user,
            "A security key was removed from your account",
            f"Its name was “{row.name}”. {second_factor.after_removal(user)}",
            now=now,
        )
        recovery.drop_if_useless(user)
    return True


def _check(
    row: Credential, raw: Mapping[str, Any], state: Mapping[str, Any], now: datetime
) -> None:
    try:
        data = AttestedCredentialData(bytes(row.data))
        _server().authenticate_complete(state, [data], raw)
        counter = AuthenticationResponse.from_dict(raw).response.authenticator_data.counter
    except _MALFORMED:
        raise Malformed(FAILED) from None
    # Keys that do not count always say 0. The row is compared and written at once: a copy of a
    # key that signs at the same time does not slip through.
    rising = Credential.objects.filter(pk=row.pk, sign_count__lt=counter)
    not_counting = Credential.objects.filter(pk=row.pk, sign_count=0)
    accepted = rising if counter else not_counting
    if not accepted.update(sign_count=counter, last_used=now, digest=_digest(data.credential_id)):
        _refuse_copy(row, now)


def _refuse_copy(row: Credential, now: datetime) -> None:
    """The count of a key went back, so there may be two of it. Source: WebAuthn, 6.1.1."""
    with transaction.atomic():
        audit.record("key.suspected", audit.Target(row.name, row.code), user=row.user)
        security_mails.tell(
            row.user,
            "A security key of yours was refused",
            f"The key “{row.name}” counts how often it signs, and its count went back. That "
            "happens when a key has been copied. Nobody was signed in. If you have reset the "
            "key, remove it on the security page and add it again.",
            now=now,
        )
    raise Refused(
        "This key was refused: its count of uses went back, as that of a copied key would. Use "
        "another factor, then remove the key."
    )


def _find(raw: Mapping[str, Any], user: User | None = None) -> Credential:
    """The stored key that the browser names, of `user` or of anybody."""
    try:
        number = AuthenticationResponse.from_dict(raw).raw_id
    except _MALFORMED:
        raise Malformed(FAILED) from None
    rows = Credential.objects.select_related("user")
    if user is None:
        row = rows.filter(digest=_digest(number)).first()
        if row is None:
            raise Refused("This passkey is not known here. It may have been removed.")
        return row
    # Rows of older versions have no digest yet.
    mine = rows.filter(Q(digest=_digest(number)) | Q(digest=None), user=user)
    for row in mine:
        if _id_of(row) == number:
            return row
    raise Refused("This key is not one of yours.")


def _descriptors(user: User) -> list[PublicKeyCredentialDescriptor]:
    rows = Credential.objects.filter(user=user).order_by("pk")
    return [
        PublicKeyCredentialDescriptor(
            type=PublicKeyCredentialType.PUBLIC_KEY, id=number, transports=row.transports or None
        )
        for row in rows
        if (number := _id_of(row))
    ]


def _id_of(row: Credential) -> bytes:
    try:
        return AttestedCredentialData(bytes(row.data)).credential_id
    except _MALFORMED:
        return b""


def _is_handle_of(user: User, raw: Mapping[str, Any]) -> bool:
    """Whether the passkey itself says that it belongs to `user`. Source: WebAuthn, 7.2 step 6."""
    stored = Profile.objects.filter(user=user).values_list("webauthn_handle", flat=True).first()
    handle = AuthenticationResponse.from_dict(raw).response.user_handle
    return bool(stored and handle) and constant_time_compare(
        bytes(handle or b"").hex(), stored or ""
    )


def _handle(user: User) -> str:
    """The random name under which keys know the account; made with the first key."""
    profile = Profile.of(user.pk)
    if not profile.webauthn_handle:
        made = secrets.token_hex(32)
        Profile.objects.filter(pk=profile.pk, webauthn_handle=None).update(webauthn_handle=made)
        profile.refresh_from_db(fields=["webauthn_handle"])
    return profile.webauthn_handle or ""


def _server() -> Fido2Server:
    site = PublicKeyCredentialRpEntity(id=settings.RP_ID, name=settings.SITE_NAME)
    return Fido2Server(site)


def _parsed(response: str) -> dict[str, Any]:
    """The JSON of a credential. Raises Malformed."""
    if len(response) > MAX_RESPONSE:
        raise Malformed(FAILED)
    try:
        raw = json.loads(response)
    except (ValueError, RecursionError):
        raise Malformed(FAILED) from None
    if not isinstance(raw, dict):
        raise Malformed(FAILED)
    if any(_has_numbers(v) for name, v in raw.items() if name != "clientExtensionResults"):
        raise Malformed(FAILED)
    return raw


def _has_numbers(value: Any) -> bool:
    """Whether there is a number where only texts belong: the library would make that many bytes."""
    if isinstance(value, dict):
        return any(_has_numbers(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_has_numbers(inner) for inner in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _transports(found: Any) -> list[str]:
    return [t for t in found if t in TRANSPORTS] if isinstance(found, list | tuple) else []


def _is_discoverable(raw: Mapping[str, Any]) -> bool:
    """Whether the browser says that the key can sign in by itself."""
    results = raw.get("clientExtensionResults")
    properties = results.get("credProps") if isinstance(results, dict) else None
    return isinstance(properties, dict) and properties.get("rk") is True


def _digest(number: bytes) -> str:
    return hashlib.sha256(number).hexdigest()
