from __future__ import annotations

import pytest
from django.test import Client

from hc.accounts.models import Profile, User

URL = "/accounts/profile/appearance/"


@pytest.mark.parametrize("theme", ["", "dark", "system"])
def test_the_theme_is_remembered(as_alice: Client, alice: User, theme: str) -> None:
    Profile.objects.update(theme="dark")
    response = as_alice.post(URL, {"theme": theme, "next": "/"})
    assert response["Location"] == "/"
    assert Profile.of(alice.pk).theme == theme
    assert f'data-theme="{theme or "light"}"' in as_alice.get("/").content.decode()


def test_an_unknown_theme_changes_nothing(as_alice: Client, alice: User) -> None:
    as_alice.post(URL, {"theme": "pink", "next": "//evil.example/"})
    assert Profile.of(alice.pk).theme == "system"


def test_it_is_for_people_who_are_signed_in(client: Client, as_alice: Client) -> None:
    assert as_alice.get(URL).status_code == 200
    assert Client().post(URL, {"theme": "dark"}).status_code == 302


def test_a_user_without_a_profile_is_no_problem(as_alice: Client, alice: User) -> None:
    Profile.objects.all().delete()
    assert as_alice.get("/").status_code == 200
    assert as_alice.post(URL, {"theme": "dark"}).status_code == 302
