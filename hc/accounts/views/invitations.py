"""The page behind the link of an invitation: to accept it, or not.

Only somebody who is signed in with the invited address can accept. Whoever has no account gets
one here, also where nobody else may sign up.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from hc.accounts.models import Role, User
from hc.accounts.project_forms import JoinForm, JoinWithPasswordForm
from hc.accounts.services import invitations
from hc.accounts.services.accounts import AddressTaken
from hc.accounts.services.invitations import Found, Gone
from hc.accounts.services.team_mails import ROLE_WORDS
from hc.accounts.views.entry import enter
from hc.accounts.views.limits import too_many


@never_cache
@sensitive_post_parameters("password")
def invitation(request: HttpRequest, code: UUID, token: str) -> HttpResponse:
    found = invitations.find(code, token)
    if found is None or found.invitation.expires <= timezone.now():
        context = {"expired": found and found.invitation}
        return render(request, "projects/invitation_gone.html", context, status=410)
    if request.method != "POST":
        return _page(request, found)
    action = _ACTIONS.get(request.POST.get("action", ""))
    if action is None:
        raise BadRequest("no such action")
    try:
        return action(request, found)
    except Gone:  # by another request, a moment ago
        return render(request, "projects/invitation_gone.html", status=410)


def _accept(request: HttpRequest, found: Found) -> HttpResponse:
    if not isinstance(request.user, User) or request.user.email != found.invitation.email:
        raise PermissionDenied
    project = invitations.accept(found.invitation.code, request.user, timezone.now())
    messages.success(request, f"You are in {project} now.")
    return redirect("hc-checks", project.code)


def _decline(request: HttpRequest, found: Found) -> HttpResponse:
    is_theirs = isinstance(request.user, User) and request.user.email == found.invitation.email
    if not (is_theirs or found.proven):
        raise PermissionDenied
    invitations.decline(found.invitation.code, timezone.now())
    return render(request, "projects/invitation_declined.html", {"invitation": found.invitation})


def _switch(request: HttpRequest, found: Found) -> HttpResponse:
    """Sign out, to sign in as somebody else, and come back."""
    logout(request)
    return redirect(request.path)


def _mail(request: HttpRequest, found: Found) -> HttpResponse:
    """The other link, which proves that its reader has the mailbox."""
    if not settings.EMAIL_HOST:
        raise BadRequest("no mail is sent here")
    try:
        invitations.mail_again(found.invitation, timezone.now())
    except invitations.TriedTooOften as e:
        return too_many(request, e.wait)
    messages.success(request, f"A mail to {found.invitation.email} is on its way.")
    return redirect(request.path)


def _join(request: HttpRequest, found: Found) -> HttpResponse:
    """A new account, which joins at once."""
    if request.user.is_authenticated or not _may_sign_up(found):
        raise PermissionDenied
    form = _form(request)
    if not _is_good(form, found):
        return _page(request, found, form=form, status=422)
    data, one = form.cleaned_data, found.invitation
    try:
        user = invitations.join_as_new(
            one,
            timezone.now(),
            password=data.get("password", ""),
            tz=data["tz"],
            furnish=data["own_project"],
        )
    except AddressTaken:
        return redirect(request.path)
    next_url = reverse("hc-checks", args=[one.project.code])
    return enter(request, user, "invitation", next_url)


_ACTIONS = {
    "accept": _accept,
    "decline": _decline,
    "switch": _switch,
    "mail": _mail,
    "join": _join,
}


def _page(
    request: HttpRequest, found: Found, *, form: JoinForm | None = None, status: int = 200
) -> HttpResponse:
    one, user = found.invitation, request.user
    may_sign_up = not user.is_authenticated and _may_sign_up(found)
    context: dict[str, Any] = {
        "invitation": one,
        "may": ROLE_WORDS[Role(one.role)],
        "is_theirs": isinstance(user, User) and user.email == one.email,
        "proven": found.proven,
        "may_sign_up": may_sign_up,
        "form": form or (_form(request) if may_sign_up else None),
        "has_account": found.proven and not may_sign_up,
        "mail_works": bool(settings.EMAIL_HOST),
        "login_url": f"{reverse('hc-login')}?next={request.path}",
    }
    return render(request, "projects/invitation.html", context, status=status)


def _may_sign_up(found: Found) -> bool:
    """Whether an account may be made here: for the owner of the mailbox, who proves it by the
    mailed link, or by being given a link where no mail is sent."""
    known = User.objects.by_email(found.invitation.email) is not None
    return (found.proven or not settings.EMAIL_HOST) and not known


def _form(request: HttpRequest) -> JoinForm:
    kind = JoinForm if settings.EMAIL_HOST else JoinWithPasswordForm
    return kind(request.POST if request.POST.get("action") == "join" else None)


def _is_good(form: JoinForm, found: Found) -> bool:
    if not form.is_valid():
        return False
    if "password" in form.fields:
        try:
            validate_password(form.cleaned_data["password"], User(email=found.invitation.email))
        except ValidationError as e:
            form.add_error("password", e)
    return form.is_valid()
