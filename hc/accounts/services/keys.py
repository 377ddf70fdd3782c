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
from functools import cached_property
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


@dataclass(frozen=True)
class Caller:
    """Whom a key stands for: a project (read only or not), or an account with all its projects.

    `key`: what names the key where the key itself must not stand. `expired`: it is of no use.
    `label`: what people call it. `is_old`: it stands in a column of the project.
    """

    scope: Scope
    key: str
    project_id: int | None = None
    user_id: int | None = None
    expired: bool = False
    label: str = "API key"
    is_old: bool = False

    @cached_property
    def project(self) -> Project | None:
        """The project with its owner; most calls get by without it."""
        projects = Project.objects.select_related("owner")
        return projects.get(pk=self.project_id) if self.project_id else None

    @cached_property
    def user(self) -> User | None:
        return User.objects.get(pk=self.user_id) if self.user_id else None


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
    digest = _hmac(text)
    first, second = (_by_column, _by_name) if digest in _in_columns else (_by_name, _by_column)
    caller = first(text, now) or second(text, now)
    if caller and caller.is_old:
        _remember_column(digest)
    return caller


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
    columns = ("pk", "code", "scope", "name", "prefix", "project_id", "user_id", "user__is_active")
    rows = ApiKey.objects.filter(digest__in=digests)
    found = rows.values_list(*columns, "expires", "last_used").first()
    if found is None:
        return None
    pk, code, scope, name, prefix, project, user, is_active, expires, last_used = found
    if is_active is False:
        return None
    if last_used is None or now - last_used >= NOTED_EVERY:
        ApiKey.objects.filter(pk=pk).update(last_used=now)
    expired = expires is not None and expires <= now
    label = f"API key {name or prefix}"
    return Caller(Scope(scope), str(code), project, user, expired, label)


def _by_column(text: str, now: datetime) -> Caller | None:
    """The project that holds the key in one of its two columns, hashed or, formerly, plain.

    A plain one is hashed the first time it is used.
    """
    stored = [*(hashed(text, secret) for secret in _secrets()), text]
    either = Q(api_key__in=stored) | Q(api_key_readonly__in=stored)
    found = Project.objects.filter(either).values_list("pk", "api_key", "api_key_readonly").first()
    if found is None:
        return None
    pk, api_key, readonly_key = found
    scope, column = (
        (Scope.READWRITE, "api_key") if api_key in stored else (Scope.READONLY, "api_key_readonly")
    )
    if text in (api_key, readonly_key):
        Project.objects.filter(pk=pk).update(**{column: hashed(text)})
    return Caller(scope, f"{pk}.{scope}", pk, is_old=True)


# The digests of keys that were found in columns last time: where to look first, nothing more.
_in_columns: set[str] = set()
MANY_KEYS = 10_000


def _remember_column(digest: str) -> None:
    if len(_in_columns) >= MANY_KEYS:
        _in_columns.clear()
    _in_columns.add(digest)


def _new_text(scope: Scope) -> str:
    return PREFIXES[scope] + random_string(KEY_LENGTH - len(PREFIXES[scope]))


def _prefix(text: str) -> str:
    return text[4 : 4 + PREFIX_LENGTH]


def _hmac(text: str, secret: str | None = None) -> str:
    key = settings.SECRET_KEY if secret is None else secret
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _secrets() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
