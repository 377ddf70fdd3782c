"""The forms of a person's own account. They judge what was typed; they change nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from hc.accounts.forms import AddressField
from hc.accounts.models import User, normalise_email
from hc.core import zones


class ZoneForm(forms.Form):
    """The zone in which a person reads times."""

    tz = forms.CharField(
        label="Time zone",
        max_length=100,
        help_text="Reports and all times on these pages use it. Checks have zones of their own.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
    )

    def clean_tz(self) -> str:
        found = zones.canonical(self.cleaned_data["tz"].strip())
        if found is None:
            raise ValidationError("There is no such zone. Write it like Europe/Riga, or UTC.")
        return found


class NewPasswordForm(forms.Form):
    """A new password, kept exactly as it was typed."""

    password = forms.CharField(
        label="New password",
        strip=False,
        help_text="At least 8 characters; blanks at its ends count, too.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self._user)
        return password


class NewAddressForm(forms.Form):
    """Another address for the account."""

    email = AddressField(label="New address")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        self.fields["email"].widget.attrs["autocomplete"] = "email"

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email == self._user.email:
            raise ValidationError("This is the address of your account already.")
        return email


class CloseForm(forms.Form):
    """The address of the account, typed, so that nobody closes it by mistake."""

    confirmation = forms.CharField(
        label="Your e-mail address",
        help_text="Type it out, so that no account is closed by mistake.",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"]
        if normalise_email(typed) != self._user.email:
            raise ValidationError(f"That is not it. Type {self._user.email}.")
        return typed


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(
        max_length=100,
        help_text="What uses it, so that you know which one to revoke.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lifetime = forms.ChoiceField(
        label="Expires",
        choices=[("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")],
        required=False,
    )

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def expires(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return now + timedelta(days=int(days)) if days else None
