"""What lets people and scripts in, in the admin pages: keys and links."""

from __future__ import annotations

from django.contrib import admin

from hc.accounts.models import ApiKey, Credential, LoginToken
from hc.lib.admin import Journal


@admin.register(Credential)
class CredentialAdmin(Journal[Credential]):
    """Deleting one takes a lost key from an account."""

    list_display = ("id", "created", "user", "name")
    list_filter = ("created",)
    list_select_related = ("user",)
    search_fields = ("=id", "name", "user__email")
    codes = ("code",)
    fields = ("code", "name", "user", "created")
    ordering = ("-id",)
    hidden = ("data",)


@admin.register(LoginToken)
class LoginTokenAdmin(Journal[LoginToken]):
    """Deleting one makes a mailed link useless."""

    list_display = ("id", "user", "created", "expires", "used")
    list_filter = ("created",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    fields = ("user", "created", "expires", "used")
    ordering = ("-id",)
    hidden = ("digest",)


@admin.register(ApiKey)
class ApiKeyAdmin(Journal[ApiKey]):
    """Deleting one ends it at once."""

    list_display = ("id", "name", "scope", "prefix", "project", "user", "expires", "last_used")
    list_filter = ("scope", "created")
    list_select_related = ("project__owner", "user")
    search_fields = ("=id", "name", "=prefix", "project__name", "user__email")
    codes = ("code",)
    fields = (
        ("code", "name"),
        ("scope", "prefix"),
        ("project", "user"),
        ("created", "expires", "last_used"),
    )
    ordering = ("-id",)
    hidden = ("digest",)
