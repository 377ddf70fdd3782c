from __future__ import annotations

import logging

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from hc.logs.models import Record
from tests.admin import act, html, queries

LIST = "/admin/logs/record/"
TRACEBACK = "Traceback (most recent call last):\n  File x, line 1\nValueError: nonsense\n"


def record(number: int = 0, level: int = logging.ERROR) -> Record:
    return Record.objects.create(
        host="web-1", name="hc.pings", level=level, message=f"Lost {number}", traceback=TRACEBACK
    )


def test_the_list_names_the_exception_and_the_page_shows_all_of_it(admin_client: Client) -> None:
    row = record()
    listed = html(admin_client, LIST)
    assert "ERROR hc.pings" in listed
    assert "Lost 0 – ValueError: nonsense" in listed
    assert "line 1" not in listed
    assert "line 1" in html(admin_client, f"{LIST}{row.pk}/change/")


@pytest.mark.parametrize(("query", "shown"), [("q=Lost", 2), ("q=nope", 0), ("level=INFO", 1)])
def test_records_are_found(admin_client: Client, query: str, shown: int) -> None:
    record()
    record(level=logging.INFO)
    assert html(admin_client, f"{LIST}?{query}").count("Lost 0 –") == shown


def test_records_are_read_and_deleted_only(admin_client: Client) -> None:
    row = record()
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{row.pk}/change/", {"message": "x"}).status_code == 403
    act(admin_client, LIST, "delete_selected", [row], post="yes")
    assert not Record.objects.exists()


def test_queries_do_not_grow(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        record(number)
    few = queries(admin_client, LIST)
    for number in range(27):
        record(number)
    with django_assert_num_queries(few):
        html(admin_client, LIST)
