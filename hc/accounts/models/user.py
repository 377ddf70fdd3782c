"""The account of a person. One table with that of Django's own user, plus a unique address."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, Group, Permission, UserManager
from django.db import models


def normalise_email(address: str) -> str:
    """The one form in which an address is stored and looked up."""
    return address.strip().lower()


def new_username() -> str:
    """A random name nobody sees; people sign in by their address."""
    return str(uuid.uuid4())[:30]


class Accounts(UserManager["User"]):
    def create_account(self, email: str, **fields: Any) -> User:
        """Store an account for `email`, with an unusable password unless a hash is given.

        Raises IntegrityError if the address has one already.
        """
        fields.setdefault("username", new_username())
        user = self.model(email=normalise_email(email), **fields)
        if not user.password:
            user.set_unusable_password()
        user.save(force_insert=True)
        return user

    def by_email(self, address: str) -> User | None:
        return self.filter(email=normalise_email(address)).first()


class User(AbstractUser):
    """Signs in by e-mail address; `username` is random and only part of signed links."""

    email = models.EmailField(max_length=254, unique=True)
    groups: models.ManyToManyField[Group, models.Model] = models.ManyToManyField(
        Group, blank=True, related_name="user_set", db_table="auth_user_groups"
    )
    user_permissions: models.ManyToManyField[Permission, models.Model] = models.ManyToManyField(
        Permission, blank=True, related_name="user_set", db_table="auth_user_user_permissions"
    )

    objects: ClassVar[Accounts] = Accounts()

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        db_table = "auth_user"

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        self.email = normalise_email(self.email)
