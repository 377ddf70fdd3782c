"""The forms of a project's settings. They judge what was typed; they change nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms

from hc.accounts.forms import AddressField
from hc.accounts.models import Role, Scope
from hc.accounts.services.projects import MAX_NAME

DAYS = {"": "Never", "30": "In 30 days", "90": "In 90 days", "365": "In a year"}
ROLES = [
    (Role.READONLY.value, "Read-only"),
    (Role.REGULAR.value, "Member"),
    (Role.MANAGER.value, "Manager"),
]


class OneLine(forms.CharField):
    """A text without line breaks and other white space at its ends and doubled inside."""

    def clean(self, value: Any) -> str:
        cleaned: str = super().clean(" ".join(str(value or "").split()))
        return cleaned


class ProjectSettingsForm(forms.Form):
    """`show_slugs`: which ping addresses pages show first."""

    use_required_attribute = False
    name = OneLine(max_length=MAX_NAME, error_messages={"required": "Give it a name."})
    show_slugs = forms.TypedChoiceField(
        label="Ping addresses on its pages",
        choices=[("uuid", "By UUID"), ("slug", "By ping key and slug")],
        coerce=lambda value: value == "slug",
        widget=forms.RadioSelect,
    )


class KeyForm(forms.Form):
    """A new API key. `days`: after which it ends."""

    use_required_attribute = False
    name = OneLine(
        max_length=100,
        label="What it is for",
        error_messages={"required": "Give it a name, so that you will know what it was for."},
    )
    scope = forms.ChoiceField(
        label="It may",
        choices=[(Scope.READWRITE.value, "Read and write"), (Scope.READONLY.value, "Read only")],
        initial=Scope.READWRITE.value,
        widget=forms.RadioSelect,
    )
    days = forms.ChoiceField(
        label="It ends",
        choices=list(DAYS.items()),
        required=False,
        widget=forms.Select,
    )

    def expires(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["days"]
        return now + timedelta(days=int(days)) if days else None


class InvitationForm(forms.Form):
    """Whom to invite, and as what. `suggestions`: addresses to choose from."""

    use_required_attribute = False
    email = AddressField(label="E-mail address")
    role = forms.ChoiceField(
        label="As", choices=ROLES, initial=Role.REGULAR.value, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs |= {"autocomplete": "off", "list": "suggestions"}


class JoinForm(forms.Form):
    """An account for somebody who was invited."""

    use_required_attribute = False
    own_project = forms.BooleanField(label="Also make a project of my own", required=False)
    tz = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput())


class JoinWithPasswordForm(JoinForm):
    """Where no mail is sent, there are no sign-in links: so it needs a password."""

    password = forms.CharField(
        strip=False,
        help_text="At least 8 characters.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    field_order = ("password", "own_project")
