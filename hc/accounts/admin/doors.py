"""What lets people and scripts in, in the admin pages: keys and links."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from hc.accounts.models import (
    ApiKey,
    AuditEntry,
    Credential,
    EmailChange,
    ExternalIdentity,
    Invitation,
    LoginToken,
    Project,
    RecoveryCode,
    SignIn,
    User,
)
from hc.lib.admin import Endless, Journal, as_uuid


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


@admin.register(RecoveryCode)
class RecoveryCodeAdmin(Journal[RecoveryCode]):
    list_display = ("id", "user", "created", "used")
    list_filter = ("created",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-id",)
    hidden = ("digest",)


@admin.register(SignIn)
class SignInAdmin(Journal[SignIn]):
    list_display = ("id", "user", "method", "address", "created", "last_seen")
    list_filter = ("method", "last_seen")
    list_select_related = ("user",)
    search_fields = ("user__email", "=address")
    codes = ("code",)
    ordering = ("-id",)
    hidden = ("session_key",)


@admin.register(Invitation)
class InvitationAdmin(Journal[Invitation]):
    """Deleting one takes it back."""

    list_display = ("id", "email", "project", "role", "inviter", "created", "expires")
    list_filter = ("role", "created")
    list_select_related = ("project__owner", "inviter")
    search_fields = ("email", "project__name")
    codes = ("code",)
    ordering = ("-id",)
    hidden = ("digest",)


@admin.register(EmailChange)
class EmailChangeAdmin(Journal[EmailChange]):
    list_display = ("id", "user", "old", "new", "created", "confirmed", "undone")
    list_filter = ("created",)
    list_select_related = ("user",)
    search_fields = ("user__email", "old", "new")
    ordering = ("-id",)
    hidden = ("digest", "undo_digest")


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(Journal[ExternalIdentity]):
    """Deleting one disconnects an account from a provider: the address decides anew."""

    list_display = ("id", "user", "issuer", "subject", "created", "last_used")
    list_filter = ("created",)
    list_select_related = ("user",)
    search_fields = ("user__email", "subject")
    ordering = ("-id",)


@admin.register(AuditEntry)
class AuditEntryAdmin(Endless[AuditEntry]):
    """Who did what. The log is read here, never changed."""

    list_display = ("id", "created", "actor_name", "via", "action", "target", "project", "user")
    list_filter = ("created", "via")
    list_select_related = ("project__owner", "user")
    search_fields = ("user",)
    search_help_text = "The whole address of a person, or the code of a project."
    ordering = ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """By what has an index: the log has no end."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if code := as_uuid(term):
            return queryset.filter(project__in=Project.objects.filter(code=code)), False
        user = User.objects.by_email(term)
        if user is None:
            return queryset.none(), False
        return queryset.filter(Q(user=user) | Q(actor=user)), False
