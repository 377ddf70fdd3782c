"""API keys and ping keys: making, finding, ending them. Source: accounts 10.3 of the specification.

A key is 32 characters: a prefix that tells its scope, and 28 random letters and digits. It is
shown once, when it is made.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from hc.accounts import audit
from hc.accounts.audit import Target
from hc.accounts.models import ApiKey, Project, Scope, User
from hc.lib.secrets import random_string

KEY_LENGTH = 32
PREFIXES = {Scope.READWRITE: "hcw_", Scope.READONLY: "hcr_", Scope.ACCOUNT: "hca_"}
COLUMNS = {Scope.READWRITE: "api_key", Scope.READONLY: "api_key_readonly"}
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
    text = _new_text(scope)
    with transaction.atomic():
        _lock(owner)
        if ApiKey.objects.filter(**owned_by).count() >= MAX_KEYS:
            raise TooManyKeys
        key = ApiKey.objects.create(
            **owned_by,
            scope=scope,
            name=name,
            expires=expires,
            prefix=_prefix(text),
            digest=_hmac(text),
        )
        until = {"expires": f"{expires:%Y-%m-%d}"} if expires else {}
        _note("key.created", owner, _named(key), {"scope": scope.value, **until})
    return key, text


def remove_key(owner: Project | User, code: UUID) -> bool:
    """End a named key; whether there was one."""
    owned_by = {"project": owner} if isinstance(owner, Project) else {"user": owner}
    with transaction.atomic():
        key = ApiKey.objects.select_for_update().filter(**owned_by, code=code).first()
        if key is None:
            return False
        key.delete()
        _note("key.revoked", owner, _named(key), {"scope": key.scope})
    return True


def caller_of(text: str, now: datetime) -> Caller | None:
    """Whom the key stands for; None if there is no such key. Notes that it was used."""
    # Else blanks would open all projects without a key: MySQL takes them for an empty text.
    if not _KEY.fullmatch(text):
        return None
    digest = _hmac(text)
    first, second = (_by_column, _by_name) if digest in _in_columns else (_by_name, _by_column)
    caller = first(text, now) or second(text, now)
    if caller and caller.is_old:
        _remember_column(digest)
    return caller


_KEY = re.compile(rf"[!-~]{{{KEY_LENGTH}}}")


def create_api_key(project: Project) -> str:
    """A new read-write key in the project's column, shown this once; the former one dies."""
    return _create_old_key(project, Scope.READWRITE)


def create_readonly_key(project: Project) -> str:
    """A new read-only key in the project's column, shown this once; the former one dies."""
    return _create_old_key(project, Scope.READONLY)


def revoke_old_key(project: Project, scope: Scope) -> bool:
    """End the key in a column of the project; whether there was one."""
    with transaction.atomic():
        row = _lock(project)
        if not getattr(row, COLUMNS[scope]):
            return False
        Project.objects.filter(pk=project.pk).update(**{COLUMNS[scope]: ""})
        _note("key.revoked", project, Target("older key"), {"scope": scope.value})
    return True


def create_ping_key(project: Project) -> str:
    """A new ping key; addresses with the former one stop working."""
    key = random_string(22, string.ascii_lowercase + string.digits)
    with transaction.atomic():
        row = _lock(project)
        Project.objects.filter(pk=project.pk).update(ping_key=key)
        action = "pingkey.renewed" if getattr(row, "ping_key", None) else "pingkey.created"
        _note(action, project, Target())
    return key


def revoke_ping_key(project: Project) -> bool:
    """No ping addresses by slug any more; whether there was a key."""
    with transaction.atomic():
        _lock(project)
        had_one = Project.objects.filter(pk=project.pk, ping_key__isnull=False)
        if not had_one.update(ping_key=None):
            return False
        _note("pingkey.revoked", project, Target())
    return True


def shown_prefix(stored: str) -> str:
    """The beginning of a key as a column of a project holds it, by which people can tell it."""
    return stored.partition(".")[0] if "." in stored else stored[:4]


def hashed(key: str, secret: str | None = None) -> str:
    """What the columns of a project hold of a key: its first characters, and a keyed hash."""
    return f"{_prefix(key)}.{_hmac(key, secret)}"


def _create_old_key(project: Project, scope: Scope) -> str:
    key = _new_text(scope)
    with transaction.atomic():
        _lock(project)
        Project.objects.filter(pk=project.pk).update(**{COLUMNS[scope]: hashed(key)})
        _note("key.created", project, Target("older key"), {"scope": scope.value})
    return key


def _lock(owner: Project | User) -> Project | User:
    """Whoever else changes the keys of `owner` waits."""
    no_key = connection.features.has_select_for_no_key_update
    rows = Project.objects if isinstance(owner, Project) else User.objects
    return rows.select_for_update(no_key=no_key).get(pk=owner.pk)


def _named(key: ApiKey) -> Target:
    return Target(key.name or f"{key.prefix}…", key.code)


def _note(
    action: str, owner: Project | User, target: Target, details: dict[str, Any] | None = None
) -> None:
    project = owner if isinstance(owner, Project) else None
    user = owner if isinstance(owner, User) else None
    audit.record(action, target, project=project, user=user, details=details)


def _by_name(text: str, now: datetime) -> Caller | None:
    digests = [_hmac(text, secret) for secret in _secrets()]
    columns = ("pk", "code", "scope", "name", "prefix", "project_id", "user_id", "user__is_active")
    rows = ApiKey.objects.filter(digest__in=digests, project__removed=None)
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
    rows = Project.objects.present().filter(either)
    found = rows.values_list("pk", "api_key", "api_key_readonly").first()
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
