"""The form that hands a check over to another project."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from hc.accounts.access import Role, projects_of, roles_of
from hc.accounts.models import Project, User
from hc.api.models import Check
from hc.api.services.checks import available
from hc.api.services.lifecycle import slug_is_taken


def targets_of(user: User, source: Project) -> dict[str, Project]:
    """The other projects in which the user may change something and that have room for a check,
    by their codes."""
    mine = projects_of(user)
    roles = roles_of(user, mine)
    return {
        str(project.code): project
        for project in mine
        if project.pk != source.pk
        and roles.get(project.pk, Role.READONLY) >= Role.REGULAR
        and _has_room(source, project)
    }


class TransferForm(forms.Form):
    """Offers the projects in which somebody may change something and that have room.

    A slug that the target has already would make pings by slug ambiguous: then it has to be
    another one, or none, and the form asks for it.
    """

    use_required_attribute = False

    project = forms.ChoiceField(
        label="To the project",
        error_messages={
            "required": "Choose a project.",
            "invalid_choice": "Choose one of the projects in the list.",
        },
    )
    slug = forms.CharField(
        max_length=100,
        required=False,
        validators=[
            RegexValidator(r"\A[a-z0-9_-]*\Z", "Use only small letters, digits, “-” and “_”.")
        ],
        help_text="Ping addresses with the slug change with the project. Empty for none.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )

    def __init__(self, user: User, check: Check, data: Any = None) -> None:
        super().__init__(data, initial={"slug": check.slug})
        self._targets = targets_of(user, check.project)
        choices = [(code, str(project)) for code, project in self._targets.items()]
        self.fields["project"].choices = [("", "Choose …"), *choices]  # type: ignore[attr-defined]
        if not check.slug:
            self.fields["slug"].widget = forms.HiddenInput()

    @property
    def has_targets(self) -> bool:
        return bool(self._targets)

    def clean_project(self) -> Project:
        return self._targets[self.cleaned_data["project"]]

    def clean(self) -> dict[str, Any]:
        project, slug = self.cleaned_data.get("project"), self.cleaned_data.get("slug")
        if project and slug and slug_is_taken(project, slug):
            self.refuse_slug()
        return self.cleaned_data

    def refuse_slug(self) -> None:
        self.add_error(
            "slug", "That project has a check with this slug. Choose another one, or none."
        )


def _has_room(source: Project, target: Project) -> bool:
    return source.owner_id == target.owner_id or available(target) > 0
