from __future__ import annotations

import asyncio

from django.test import Client

from hc.accounts.models import Project
from hc.api.models import Channel
from hc.integrations.base import Result
from hc.integrations.group.config import GroupConfig
from hc.integrations.group.transport import send
from tests.alerts import DOWN, wire
from tests.factories import make_email, make_group, make_webhook


def add(client: Client, project: Project, **form: object) -> int:
    path = f"/projects/{project.code}/add_group/"
    return client.post(path, {"name": "On call", **form}).status_code


def test_its_members_are_stored_as_codes(as_alice: Client, project: Project) -> None:
    members = [make_webhook(project), make_email(project)]
    assert add(as_alice, project, channels=[str(m.code) for m in members]) == 302
    group = Channel.objects.get(kind="group")
    assert group.value == ",".join(str(m.code) for m in members)
    page = as_alice.get(f"/projects/{project.code}/integrations/").content.decode()
    assert "2 members" in page


def test_only_integrations_of_the_project_can_be_chosen(as_alice: Client, project: Project) -> None:
    stranger = Channel.objects.exclude(project=project).get()
    assert add(as_alice, project, channels=[str(stranger.code)]) == 422
    assert add(as_alice, project) == 422
    make_webhook(project)
    group = Channel.objects.create(project=project, kind="group", value="")
    assert add(as_alice, project, channels=[str(group.code)]) == 422


def test_its_members_can_be_changed(as_alice: Client, project: Project) -> None:
    first, second = make_webhook(project), make_email(project)
    add(as_alice, project, channels=[str(first.code)])
    group = Channel.objects.get(kind="group")
    path = f"/integrations/{group.code}/edit/"
    assert b"checked" in as_alice.get(path).content
    as_alice.post(path, {"channels": [str(second.code)]})
    group.refresh_from_db()
    assert group.value == str(second.code)


def test_there_is_nothing_to_send_to_itself() -> None:
    outcome = asyncio.run(send(DOWN, GroupConfig(), wire()))
    assert outcome.result is Result.FAILED


def test_one_member_is_one_member() -> None:
    assert GroupConfig(channels=(DOWN.id,)).details() == "1 member"


def test_strangers_are_refused_with_words(as_alice: Client, project: Project) -> None:
    make_webhook(project)
    response = as_alice.post(f"/projects/{project.code}/add_group/", {"channels": ["x"]})
    assert "not an integration of this project" in response.content.decode()
    response = as_alice.post(f"/projects/{project.code}/add_group/", {})
    assert "Choose at least one." in response.content.decode()


def test_a_project_without_integrations_has_nothing_to_group(
    as_alice: Client, project: Project
) -> None:
    html = as_alice.get(f"/projects/{project.code}/add_group/").content.decode()
    assert "Add one first" in html


def test_members_that_are_gone_do_not_stand_in_the_way(as_alice: Client, project: Project) -> None:
    mail, hook = make_email(project), make_webhook(project)
    group = make_group(project, mail, hook)
    hook.delete()
    path = f"/integrations/{group.code}/edit/"
    assert as_alice.get(path).status_code == 200
    assert as_alice.post(path, {"channels": [str(mail.code)]}).status_code == 302
