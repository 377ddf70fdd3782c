"""The page that asks who somebody is once more, in the place of a page that matters.

It stands at the address of the guarded page, and carries what was sent there in hidden fields:
when the answer is right, the guarded page goes on as if nobody had asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from hc.accounts.access import user_of
from hc.accounts.models import User
from hc.accounts.services import second_factor, sudo
from hc.accounts.services.second_factor import Refused
from hc.accounts.services.tries import TooMany
from hc.accounts.views import proofs
from hc.accounts.views.limits import retry_after

SESSION_KEY, CODE_KEY = "sudo", "sudo_code"
PREFIX = "sudo_"

View = Callable[..., HttpResponse]


def sudo_required(view: View) -> View:
    """Guard a page: whoever has not proved who they are within half an hour is asked to.

    To be used below `login_required`.
    """

    @wraps(view)
    @never_cache
    @sensitive_post_parameters()
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_answer = f"{PREFIX}way" in request.POST
        if not is_confirmed(request):
            question = _judge(request) if is_answer else _page(request)
            if question is not None:
                return question
            confirm(request)
        if not is_answer:
            return view(request, *args, **kwargs)
        if request.POST.get(f"{PREFIX}intent") != "post":
            return redirect(request.get_full_path())
        request.POST = _original(request.POST)  # type: ignore[assignment]  # it is immutable, too
        return view(request, *args, **kwargs)

    return guarded


def is_confirmed(request: HttpRequest) -> bool:
    """Whether this person has proved who they are in this session, within half an hour."""
    pk, at = request.session.get(SESSION_KEY) or (None, 0)
    age = timezone.now().timestamp() - at
    return pk == request.user.pk and 0 <= age < sudo.CONFIRMED_FOR.total_seconds()


def confirm(request: HttpRequest) -> None:
    """This person has just proved who they are."""
    request.session.pop(CODE_KEY, None)
    request.session[SESSION_KEY] = [request.user.pk, timezone.now().timestamp()]


def _judge(request: HttpRequest) -> HttpResponse | None:
    """None if the answer is right, else the page that says what is wrong."""
    user, way = user_of(request), request.POST[f"{PREFIX}way"]
    try:
        if way == "send":
            return _send(request, user)
        _prove(request, user, way)
    except (Refused, TooMany) as e:
        page = _page(request, way, proofs.words(e), proofs.status(e))
        return retry_after(page, e.wait) if isinstance(e, TooMany) else page
    return None


def _prove(request: HttpRequest, user: User, way: str) -> None:
    value, now = request.POST.get(f"{PREFIX}value", ""), timezone.now()
    if way not in sudo.ways(user):
        raise Refused("That cannot be used here.")
    if way == "password":
        sudo.check_password(user, value, now)
    elif way == "mail":
        sudo.check_code(user, _code(request), value.strip(), now)
    else:
        proofs.check(request, user, way, value, purpose="sudo")


def _send(request: HttpRequest, user: User) -> HttpResponse:
    """Mail a code, unless one was mailed a short time ago and still works."""
    if "mail" not in sudo.ways(user):
        raise Refused("No code can be mailed here.")
    code, now = _code(request), timezone.now()
    if code is None or not code.is_live(now) or f"{PREFIX}again" in request.POST:
        request.session[CODE_KEY] = sudo.send_code(user, now).as_dict()
    return _page(request, "mail")


def _code(request: HttpRequest) -> sudo.Code | None:
    stored = request.session.get(CODE_KEY)
    return sudo.Code(**stored) if stored else None


def _page(request: HttpRequest, way: str = "", error: str = "", status: int = 200) -> HttpResponse:
    user = user_of(request)
    ways, code = sudo.ways(user), _code(request)
    chosen = way if way in ways else (ways[0] if ways else "")
    context = {
        "way": chosen,
        "others": [other for other in ways if other != chosen],
        "error": error,
        "intent": _intent(request),
        "fields": _fields(request),
        "code_sent": code is not None and code.is_live(timezone.now()),
        "factors": second_factor.of(user),
        "options": proofs.key_options(request, user, "sudo") if "key" in ways else "",
    }
    return render(request, "accounts/security/sudo.html", context, status=status)


def _intent(request: HttpRequest) -> str:
    """What the person wanted to do here: to look, or to send something.

    What holds a password is not written into a page; its form is shown again instead.
    """
    if f"{PREFIX}way" in request.POST:
        return "post" if request.POST.get(f"{PREFIX}intent") == "post" else "get"
    is_replayable = not any("password" in name for name in request.POST)
    return "post" if request.method == "POST" and is_replayable else "get"


def _fields(request: HttpRequest) -> list[tuple[str, str]]:
    if _intent(request) != "post":
        return []
    original = _original(request.POST)
    return [(name, str(value)) for name, values in original.lists() for value in values]


def _original(sent: QueryDict) -> QueryDict:
    """What was sent to the guarded page itself."""
    original = QueryDict(mutable=True, encoding=sent.encoding)
    for name, values in sent.lists():
        if not name.startswith(PREFIX) and name != "csrfmiddlewaretoken":
            original.setlist(name, values)
    original._mutable = False  # noqa: SLF001 - as a request has it
    return original
