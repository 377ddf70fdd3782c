"""No list, page, filter or action of the admin pages crashes."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from hc.accounts.models import Credential, ExternalIdentity, Project, Role, User
from hc.accounts.services.keys import create_api_key
from hc.api.models import Outage, TokenBucket
from hc.core.state import Kind
from hc.logs.models import Record
from hc.pings.writer import record
from tests.factories import make_check, make_email, make_member, make_webhook, ping_event

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def two_of_everything(project: Project, alice: User, bob: User) -> None:
    """At least of what people look at most."""
    now = timezone.now()
    make_webhook(project)
    make_email(project)
    make_member(project, bob, Role.REGULAR)
    create_api_key(project)
    for n in range(2):
        check = make_check(project, name=f"Check {n}")
        record([ping_event(check.code, now, Kind.FAIL)], now)
        Credential.objects.create(user=alice, name=f"Key {n}", data=b"x")
        ExternalIdentity.objects.create(
            user=alice, issuer=f"https://{n}.example.org", subject="s", created=now, last_used=now
        )
        TokenBucket.objects.create(value=f"bucket {n}")
        Record.objects.create(host="h", name="hc", level=30, message="m", traceback="")
        Outage.objects.create(started=now, ended=now, excused_until=now)


def table(model: Any) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.usefixtures("two_of_everything")
def test_lists_and_pages(admin_client: Client, model: Any) -> None:
    queries = ["", "?q=x", "?q=%00", "?q=%25", "?o=1.2.-3", "?p=2", "?all=", "?e=1", "?nonsense=1"]
    queries += [f"?{name}=x" for name in ("id", "id__in", "pk__gt", "created__gte")]
    for query in queries:
        assert admin_client.get(f"{table(model)}{query}").status_code in (200, 302, 400), query
    assert admin_client.get(f"{table(model)}add/").status_code in (200, 403)
    for pk in (*model._default_manager.values_list("pk", flat=True)[:1], "0", "x"):
        for page in ("change", "delete", "history"):
            response = admin_client.get(f"{table(model)}{pk}/{page}/", follow=True)
            assert response.status_code in (200, 403, 404), (pk, page)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.usefixtures("two_of_everything")
def test_actions(admin_client: Client, admin_user: User, model: Any, number: int) -> None:
    others = model._default_manager.all()
    if model is User:
        others = others.exclude(pk=admin_user.pk)
    rows = list(others.order_by("pk").values_list("pk", flat=True)[:number])
    request = admin_client.get(table(model)).wsgi_request
    for action in admin.site._registry[model].get_actions(request):
        data = {"action": action, "_selected_action": rows, "index": "0"}
        response = admin_client.post(table(model), data)
        assert response.status_code in (200, 302), action
        if action == "delete_selected" and response.status_code == 200:
            response = admin_client.post(table(model), data | {"post": "yes"})
            assert response.status_code in (200, 302, 403), action
        if action == "log_in_as" and number == 1:
            admin_client.post("/accounts/impersonation/end/")
            session = admin_client.session
            session["sudo"] = [admin_user.pk, timezone.now().timestamp()]
            session.save()
