"""Signing in through an OpenID Connect provider: whose account it is, and who gets one.

An account belongs to the provider's subject from the first sign-in on. Only then, and only if the
provider has verified it, the address says which account that is.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import ExternalIdentity, User, normalise_email
from hc.accounts.services import accounts, security_mails
from hc.lib import oidc
from hc.lib.links import absolute

logger = logging.getLogger(__name__)


class NotAdmitted(Exception):
    """The provider knows the person, but they may not come in here; the text says why."""


def is_on() -> bool:
    return bool(settings.OIDC_ISSUER)


def provider() -> oidc.Provider:
    return oidc.provider(
        oidc.Client(
            issuer=settings.OIDC_ISSUER,
            id=settings.OIDC_CLIENT_ID,
            secret=settings.OIDC_CLIENT_SECRET,
            scopes=tuple(settings.OIDC_SCOPES),
            redirect_uri=absolute(reverse("hc-oidc-callback")),
            ca_bundle=settings.CA_BUNDLE,
        )
    )


def wanted_claims() -> tuple[str, ...]:
    """What has to be known about a person."""
    uses_groups = settings.OIDC_ALLOWED_GROUPS or settings.OIDC_SUPERUSER_GROUP
    claim = settings.OIDC_GROUPS_CLAIM.partition(".")[0]
    return ("email", "email_verified", *((claim,) if uses_groups else ()))


def admit(claims: Mapping[str, Any], now: datetime) -> User:
    """The account of the person that verified `claims` describe; raises NotAdmitted.

    It may be made now, and gets or loses the rights of an administrator.
    """
    email = _address(claims)
    groups = groups_in(claims, settings.OIDC_GROUPS_CLAIM)
    _judge(email, groups)
    with transaction.atomic():
        user = _known(claims, now) or _connected(claims, email, now)
        if not user.is_active:
            raise NotAdmitted("Your account here is switched off.")
        _set_rights(user, groups)
    return user


def groups_in(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """The groups in a claim: a list or a single one; dots lead into objects."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset({found})
    return frozenset(str(item) for item in found) if isinstance(found, list) else frozenset()


def _address(claims: Mapping[str, Any]) -> str:
    given = claims.get("email")
    email = normalise_email(given) if isinstance(given, str) else ""
    try:
        validate_email(email)
    except ValidationError:
        raise NotAdmitted("The provider did not tell us your e-mail address.") from None
    if len(email) > 254:
        raise NotAdmitted("Your e-mail address is too long.")
    verified = claims.get("email_verified")
    if verified is not True and verified != "true" and not settings.OIDC_TRUST_EMAIL:
        raise NotAdmitted(
            "The provider has not verified your e-mail address. Verify it there, then try again."
        )
    return email


def _judge(email: str, groups: frozenset[str]) -> None:
    domains = settings.OIDC_ALLOWED_DOMAINS
    if domains and email.rpartition("@")[2] not in domains:
        raise NotAdmitted("Addresses of your domain may not sign in here.")
    allowed = settings.OIDC_ALLOWED_GROUPS
    if allowed and not groups.intersection(allowed):
        raise NotAdmitted("You are in none of the groups whose members may sign in here.")


def _known(claims: Mapping[str, Any], now: datetime) -> User | None:
    """The account that belongs to the subject."""
    rows = ExternalIdentity.objects.filter(issuer=claims["iss"], subject=claims["sub"])
    identity = rows.first()
    if identity is None:
        return None
    ExternalIdentity.objects.filter(pk=identity.pk).update(last_used=now)
    return User.objects.get(pk=identity.user_id)


def _connected(claims: Mapping[str, Any], email: str, now: datetime) -> User:
    """The account with the address, which is the subject's from now on; it may be made now."""
    user = User.objects.by_email(email) or _made(email)
    if not user.is_active:
        raise NotAdmitted("Your account here is switched off.")
    # One at a time: whoever comes second sees what the first one has stored.
    User.objects.select_for_update().get(pk=user.pk)
    if ExternalIdentity.objects.filter(user=user, issuer=claims["iss"]).exists():
        logger.warning("oidc: an address has changed hands", extra={"user": user.pk})
        raise NotAdmitted(
            "The account with your address belongs to somebody else at the provider. "
            "An administrator can disconnect it."
        )
    try:
        with transaction.atomic():
            ExternalIdentity.objects.create(
                user=user,
                issuer=claims["iss"],
                subject=claims["sub"],
                created=now,
                last_used=now,
            )
    except IntegrityError:  # by another tab, this very moment
        known = _known(claims, now)
        if known is None:
            raise
        return known
    audit.record("account.connected", Target(claims["iss"]), user=user)
    if user.last_login:  # else it was made a moment ago, or has never been used
        _tell(user, now)
    return user


def _tell(user: User, now: datetime) -> None:
    security_mails.tell(
        user,
        f"Your account was connected with {settings.OIDC_NAME}",
        f"Whoever signs in with {settings.OIDC_NAME} as you comes into your account from now on. "
        "An administrator can disconnect it.",
        now=now,
    )


def _made(email: str) -> User:
    if not settings.OIDC_AUTO_CREATE:
        raise NotAdmitted("There is no account with your address here. Ask for an invitation.")
    try:
        return accounts.create_account(email)
    except accounts.AddressTaken:  # by another tab, this very moment
        return User.objects.get(email=email)


def _set_rights(user: User, groups: frozenset[str]) -> None:
    """Administrators are those whom the provider calls so, if it is asked."""
    if not settings.OIDC_SUPERUSER_GROUP:
        return
    may = settings.OIDC_SUPERUSER_GROUP in groups
    if (user.is_superuser, user.is_staff) == (may, may):
        return
    if not may and not user.is_superuser:
        return  # staff by the hand of an administrator
    User.objects.filter(pk=user.pk).update(is_superuser=may, is_staff=may)
    user.is_superuser = user.is_staff = may
    action = "account.rights_given" if may else "account.rights_taken"
    audit.record(action, Target(user.email), user=user, details={"by": "provider's group"})
