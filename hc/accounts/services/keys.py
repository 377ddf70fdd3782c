"""API keys and ping keys: making, finding, ending them. Source: accounts 10.3 of the specification.

A key is 32 characters: a prefix that tells its scope, and 28 random letters and digits. It is
shown once, when it is made.
"""

from __future__ import annotations

import hashlib
import hmac
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from hc.accounts.models import ApiKey, Project, Scope, User
from hc.lib.secrets import random_string

KEY_LENGTH = 32
PREFIXES = {Scope.READWRITE: "hcw_", Scope.READONLY: "hcr_", Scope.ACCOUNT: "hca_"}
PREFIX_LENGTH = 8
MAX_KEYS = 100
# A key in steady use costs a write only this often.
NOTED_EVERY = timedelta(minutes=10)


class TooManyKeys(Exception):
    """The project or account has as many keys as it may have."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a key stands for: a project (read only or not), or an account with all its projects.

    `key`: what names the key where the key itself must not stand. `expired`: it is of no use.
    """

    scope: Scope
    key: str
    project: Project | None = None
    user: User | None = None
    expired: bool = False


def create_key(
    owner: Project | User, scope: Scope, *, name: str = "", expires: datetime | None = None
) -> tuple[ApiKey, str]:
    """A new named key and its text, which is shown this once. Raises TooManyKeys.

    `scope`: ACCOUNT for the key of an account, one of the others for that of a project.
    """
    owned_by = {"project": owner} if isinstance(owner, Project) else {"user": owner}
    if isinstance(owner, User) != (scope is Scope.ACCOUNT):
        raise ValueError(f"a key of the scope {scope} cannot belong to {owner!r}")
    if ApiKey.objects.filter(**owned_by).count() >= MAX_KEYS:
        raise TooManyKeys
    text = _new_text(scope)
    key = ApiKey.objects.create(
        **owned_by,
        scope=scope,
        name=name,
        expires=expires,
        prefix=_prefix(text),
        digest=_hmac(text),
    )
    return key, text


def remove_key(owner: Project | User, code: UUID) -> bool:
    """End a named key; whether there was one."""
    owned_by = {"project": owner} if isinstance(owner, Project) else {"user": owner}
    number, _ = ApiKey.objects.filter(**owned_by, code=code).delete()
    return bool(number)


def caller_of(text: str, now: datetime) -> Caller | None:
    """Whom the key stands for; None if there is no such key. Notes that it was used."""
    return _by_name(text, now) or _by_column(text)


def create_api_key(project: Project) -> str:
    """A new read-write key, shown this once; the former one dies."""
    key = _new_text(Scope.READWRITE)
    Project.objects.filter(pk=project.pk).update(api_key=hashed(key))
    return key


def create_readonly_key(project: Project) -> str:
    """A new read-only key, shown this once; the former one dies."""
    key = _new_text(Scope.READONLY)
    Project.objects.filter(pk=project.pk).update(api_key_readonly=hashed(key))
    return key


def create_ping_key(project: Project) -> str:
    key = random_string(22, string.ascii_lowercase + string.digits)
    Project.objects.filter(pk=project.pk).update(ping_key=key)
    return key


def hashed(key: str, secret: str | None = None) -> str:
    """What the columns of a project hold of a key: its first characters, and a keyed hash."""
    return f"{_prefix(key)}.{_hmac(key, secret)}"


def _by_name(text: str, now: datetime) -> Caller | None:
    digests = [_hmac(text, secret) for secret in _secrets()]
    found = ApiKey.objects.filter(digest__in=digests).select_related("project__owner", "user")
    key = found.first()
    if key is None or (key.user and not key.user.is_active):
        return None
    if key.last_used is None or now - key.last_used >= NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used=now)
    expired = key.expires is not None and key.expires <= now
    return Caller(Scope(key.scope), str(key.code), key.project, key.user, expired)


def _by_column(text: str) -> Caller | None:
    """The project that holds the key in one of its two columns, hashed or, formerly, plain.

    A plain one is hashed the first time it is used.
    """
    stored = [*(hashed(text, secret) for secret in _secrets()), text]
    either = Q(api_key__in=stored) | Q(api_key_readonly__in=stored)
    project = Project.objects.filter(either).select_related("owner").first()
    if project is None:
        return None
    column = "api_key" if project.api_key in stored else "api_key_readonly"
    if getattr(project, column) == text:
        Project.objects.filter(pk=project.pk).update(**{column: hashed(text)})
    scope = Scope.READWRITE if column == "api_key" else Scope.READONLY
    return Caller(scope, f"{project.code}.{scope}", project)


def _new_text(scope: Scope) -> str:
    return PREFIXES[scope] + random_string(KEY_LENGTH - len(PREFIXES[scope]))


def _prefix(text: str) -> str:
    return text[4 : 4 + PREFIX_LENGTH]


def _hmac(text: str, secret: str | None = None) -> str:
    key = settings.SECRET_KEY if secret is None else secret
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _secrets() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
