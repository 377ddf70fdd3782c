from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hc.accounts.models import Project
from hc.alerts import outbox, packing
from hc.alerts.dispatcher import Space
from hc.alerts.leases import Attempt
from hc.alerts.testing import NothingToTest, TooManyTests, send_test
from hc.alerts.tests.test_groups import make_group
from hc.api.models import Channel, Notification
from hc.api.services import channels
from hc.integrations.base import retry
from hc.integrations.email.config import EmailConfig
from hc.integrations.webhook.config import WebhookConfig
from tests.alerts import FakeHttp, FakeMailer, wire
from tests.factories import make_email, make_webhook
from tests.loop import run


def test_a_test_tells_of_a_pretend_check(project: Project, now: datetime) -> None:
    channel = make_email(project)
    send_test(channel, now)
    mailer = FakeMailer()
    (parcel,) = packing.pack(outbox.claim(Space(10), now), wire(mail=mailer), now)
    run(parcel.send())
    assert [mail.subject for mail in mailer.mails] == ["DOWN | TEST"]
    assert "42 since" in mailer.mails[0].text
    assert str(channel.code) in mailer.mails[0].text


def test_it_goes_to_channels_that_are_switched_off(project: Project, now: datetime) -> None:
    channel = make_webhook(project)
    channels.disable(channel.code)
    send_test(channel, now)
    http = FakeHttp()
    (parcel,) = packing.pack(outbox.claim(Space(10), now), wire(http=http), now)
    run(parcel.send())
    assert len(http.requests) == 1
    channel.refresh_from_db()
    assert channel.disabled


def test_it_is_tried_once(project: Project, now: datetime) -> None:
    send_test(make_webhook(project), now)
    ((claim,),) = outbox.claim(Space(10), now)
    outbox.settle([Attempt(claim, retry("busy"), now, now)])
    message = Notification.objects.get()
    assert (message.state, message.error, message.due) == ("failed", "busy", None)


def test_earlier_tests_are_forgotten(project: Project, now: datetime) -> None:
    channel = make_webhook(project)
    send_test(channel, now)
    last = send_test(channel, now)
    assert list(Notification.objects.all()) == [last]


def test_the_other_direction_is_tried_if_going_down_is_not_told(
    project: Project, now: datetime
) -> None:
    config = WebhookConfig(url_up="https://example.org/up")
    assert send_test(channels.create(project, "webhook", config), now).check_status == "up"


def test_a_channel_that_wants_nothing_cannot_be_tested(project: Project, now: datetime) -> None:
    config = EmailConfig(value="a@example.org", up=False, down=False)
    with pytest.raises(NothingToTest, match="told of nothing"):
        send_test(channels.create(project, "email", config), now)


def test_settings_that_cannot_be_read_say_so(project: Project, now: datetime) -> None:
    channel = make_webhook(project)
    Channel.objects.update(value="{broken")
    send_test(channel, now)
    packing.pack(outbox.claim(Space(10), now), wire(), now)
    assert "cannot be read" in Notification.objects.get().error


def test_a_group_is_tested_through_its_members(project: Project, now: datetime) -> None:
    group = make_group(project, make_webhook(project), make_email(project))
    head = send_test(group, now)
    assert Notification.objects.filter(group=head).count() == 2
    assert len(outbox.claim(Space(10), now)) == 2


def test_a_group_without_members_cannot_be_tested(project: Project, now: datetime) -> None:
    with pytest.raises(NothingToTest, match="No member"):
        send_test(make_group(project), now)


def test_a_test_through_a_group_replaces_those_of_its_members(
    project: Project, now: datetime
) -> None:
    hook = make_webhook(project)
    group = make_group(project, hook)
    send_test(hook, now)
    send_test(group, now)
    head = send_test(group, now)
    assert [m.group for m in Notification.objects.filter(channel=hook)] == [head]


def test_a_channel_is_tested_so_often_only(project: Project, now: datetime) -> None:
    hook = make_webhook(project)
    for _ in range(10):
        send_test(hook, now)
    with pytest.raises(TooManyTests):
        send_test(hook, now)
    send_test(hook, now + timedelta(minutes=1))


def test_a_test_says_whose_servers_are_called(project: Project, now: datetime) -> None:
    assert send_test(make_webhook(project), now).destination == "example.org"
