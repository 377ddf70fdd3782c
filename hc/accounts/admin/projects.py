"""Projects, their members, and how these look at them, in the admin pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from hc.accounts.admin.people import lock_checks
from hc.accounts.models import Member, Project, SavedView
from hc.accounts.services.projects import MAX_NAME, create_project
from hc.api.models import Channel, Check
from hc.core.words import count
from hc.lib.admin import Journal, ModelForm, Table, count_of, link_to


class ProjectForm(ModelForm[Project]):
    name = forms.CharField(
        max_length=MAX_NAME, required=False, help_text="May stay empty for a person's first one."
    )

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


@admin.register(Project)
class ProjectAdmin(Table[Project]):
    form = ProjectForm
    list_display = ("id", "label", "people", "usage", "site_link")
    list_display_links = ("id", "label")
    search_fields = ("=id", "name", "owner__email")
    codes = ("code",)
    ordering = ("-id",)
    hidden = ("api_key", "api_key_readonly", "ping_key")
    autocomplete_fields = ("owner",)
    readonly_fields = ("code", "keys", "site_link")

    def get_fields(self, request: HttpRequest, obj: Project | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("name", "owner")
        return ("name", "owner", "code", "badge_key", "show_slugs", "keys", "site_link")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Project | None = None
    ) -> tuple[str, ...]:
        return (*self.readonly_fields, "owner") if obj else self.readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        return (
            super()
            .get_queryset(request)
            .select_related("owner")
            .annotate(
                n_members=count_of(Member.objects.all(), "project"),
                n_checks=count_of(Check.objects.all(), "project"),
                n_channels=count_of(Channel.objects.all(), "project"),
            )
        )

    @admin.display(description="Name", ordering="name")
    def label(self, project: Project) -> str:
        return project.name or f"Default of {project.owner.email}"

    @admin.display(description="People", ordering="owner__email")
    def people(self, project: Any) -> str:
        more = f" + {count(project.n_members, 'member')}" if project.n_members else ""
        return format_html("{}{}", link_to(project.owner), more)

    @admin.display(description="Usage", ordering="n_checks")
    def usage(self, project: Any) -> str:
        return f"{count(project.n_checks, 'check')}, {count(project.n_channels, 'integration')}"

    @admin.display(description="Checks")
    def site_link(self, project: Project) -> str:
        url = reverse("hc-checks", args=[project.code])
        return format_html('<a href="{}">Open the project</a>', url)

    @admin.display(description="Keys")
    def keys(self, project: Project) -> str:
        """Which there are; they are never shown."""
        names = {
            "API key": project.api_key,
            "read-only API key": project.api_key_readonly,
            "ping key": project.ping_key,
        }
        return ", ".join(name for name, key in names.items() if key) or "None"

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
        else:
            obj.pk = create_project(obj.name, obj.owner).pk

    def delete_model(self, request: HttpRequest, obj: Project) -> None:
        with transaction.atomic():
            lock_checks(project=obj)
            obj.delete()


class MemberForm(ModelForm[Member]):
    def clean(self) -> dict[str, Any]:
        project, user = self.cleaned_data.get("project"), self.cleaned_data.get("user")
        if project and user and project.owner_id == user.pk:
            raise ValidationError("The owner of a project is no member besides.")
        return self.cleaned_data


@admin.register(Member)
class MemberAdmin(Table[Member]):
    form = MemberForm
    list_display = ("id", "project", "user", "role", "transfer_request_date")
    list_display_links = ("id",)
    list_filter = ("role",)
    list_select_related = ("user", "project__owner")
    search_fields = ("user__email", "project__name")
    codes = ("project__code",)
    ordering = ("-id",)
    fields = ("project", "user", "role", "transfer_request_date")
    autocomplete_fields = ("project", "user")
    readonly_fields = ("transfer_request_date",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Member | None = None
    ) -> tuple[str, ...]:
        return (*self.readonly_fields, *(("project", "user") if obj else ()))


@admin.register(SavedView)
class SavedViewAdmin(Journal[SavedView]):
    list_display = ("id", "name", "user", "project", "created")
    list_filter = ("created",)
    list_select_related = ("user", "project__owner")
    search_fields = ("name", "user__email", "project__name")
    codes = ("project__code",)
    ordering = ("-id",)
