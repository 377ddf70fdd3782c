"""Error pages: the right status, a remedy in words, and bare answers for scripts."""

from __future__ import annotations

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from hc.accounts.models import Project, Role, User
from hc.front import errors
from tests.factories import make_member

READER = {"Accept": "text/html,application/xhtml+xml"}


def test_an_unknown_address(as_alice: Client) -> None:
    response = as_alice.get("/nothing/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_role_that_is_too_low(client: Client, project: Project, bob: User) -> None:
    make_member(project, bob, Role.READONLY)
    client.force_login(bob)
    response = client.get(f"/projects/{project.code}/checks/add/")
    assert response.status_code == 403
    assert "Ask a manager" in response.content.decode()


def test_a_form_address_opened_as_a_page(as_alice: Client, project: Project) -> None:
    url = f"/projects/{project.code}/checks/view/"
    response = as_alice.get(url, headers=READER)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert "takes forms only" in response.content.decode()
    assert as_alice.get(url).content == b""
    assert as_alice.get(url, headers=READER | {"HX-Request": "true"}).content == b""


@pytest.mark.parametrize("status", [409, 422, 503])
def test_bare_errors_get_a_page(rf: RequestFactory, db: None, status: int) -> None:
    page = shown(rf, HttpResponse(status=status))
    assert page.status_code == status
    said = errors.WORDS[status]
    assert said.title in page.content.decode()
    assert said.remedy in page.content.decode()


def test_too_many_requests_say_when(rf: RequestFactory, db: None) -> None:
    page = shown(rf, HttpResponse(status=429, headers={"Retry-After": "90"}))
    assert page.status_code == 429
    assert "Try again in <strong>2 minutes</strong>" in page.content.decode()


def test_a_page_that_says_more_is_left_alone(rf: RequestFactory) -> None:
    page = shown(rf, HttpResponse("The name is taken.", status=409))
    assert page.content == b"The name is taken."


def test_machines_get_no_pages(rf: RequestFactory) -> None:
    assert shown(rf, HttpResponse(status=404), "/badge/x/y.svg").content == b""


def test_a_malformed_request_in_the_frame(rf: RequestFactory, db: None, alice: User) -> None:
    request = rf.get("/")
    request.user = alice
    request.session = {}  # type: ignore[assignment]  # the frame only reads it
    response = errors.bad_request(request, SuspiciousOperation())
    assert response.status_code == 400
    assert "not well formed" in response.content.decode()
    assert "account-menu" in response.content.decode()


def test_a_foreign_host_name(client: Client, settings: Settings) -> None:
    response = client.get("/accounts/login/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert settings.SITE_ROOT in response.content.decode()
    assert "evil.example" not in response.content.decode()


def test_our_own_failure_needs_no_database(rf: RequestFactory) -> None:
    response = errors.server_error(rf.get("/"))
    assert response.status_code == 500
    assert "try again" in response.content.decode()


def shown(rf: RequestFactory, response: HttpResponse, path: str = "/x/") -> HttpResponse:
    """What a visitor with a browser sees of a view's response."""

    def view(request: HttpRequest) -> HttpResponse:
        return response

    return errors.Pages(view)(rf.get(path, headers=READER))
