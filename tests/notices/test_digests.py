"""The morning digest: once a day and person, by the channel chosen, with nothing about rows."""

import json
from datetime import datetime, time, timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.urls import reverse

from tests import factories
from tests.forms import fields
from tests.racing import at_once
from tests.webhooks.receiver import HOST, Receiver, guard_of_tests
from zone.calendar import SHANGHAI, today
from zone.jobs import reminders
from zone.models import AuditEntry, ZoneSetting
from zone.models.group_bots import GroupBot
from zone.models.notice_channels import Digest, DigestQuerySet, NoticeChannel
from zone.models.notices import Notice
from zone.notices import digests

pytestmark = pytest.mark.django_db
NINE = datetime.combine(today(), time(9), SHANGHAI)
A_MINUTE = timedelta(minutes=1)
GOOD = {"errcode": 0}


class Platform(Receiver):
    """A bot's platform: answers with status 200 and a number, whatever it thinks."""

    def __init__(self):
        super().__init__()
        self.codes = []

    def _handler(platform):  # noqa: N805
        handler = super()._handler()

        class Handler(handler):
            def end_headers(self):
                super().end_headers()
                code = platform.codes.pop(0) if platform.codes else 0
                self.wfile.write(json.dumps({"errcode": code, "errmsg": "x"}).encode())

        return Handler


@pytest.fixture
def platform():
    found = Platform()
    found.status = 200
    yield found
    found.close()


@pytest.fixture
def bot(platform) -> GroupBot:
    host = factories.make_host(HOST, allows_http=True)
    type(host).objects.update(ports=[*host.ports, platform.port])
    found = GroupBot(name="招商工作群", kind="WECOM", url=platform.url("/send?key=secret"))
    found.full_clean()
    found.save()
    return found


@pytest.fixture
def lead(specialist, chain):
    return factories.make_lead(owner=specialist, chain=chain, title="保密项目")


def told(person, lead, number: int = 1):
    Notice.objects.tell("follow_up_today", [(person, lead, n) for n in range(1)])
    for n in range(1, number):
        Notice.objects.tell("mentioned", [(person, lead, n)])


def by_bot(bot, *people):
    for person in people:
        NoticeChannel.of(person).choose("BOT", bot)


def run(now=NINE) -> int:
    digests.make(now)
    return digests.send(now, guard_of_tests())


def texts(platform) -> list[str]:
    return [json.loads(one["body"])["text"]["content"] for one in platform.got]


def test_a_group_gets_one_message_with_a_line_for_each_and_nothing_about_leads(
    platform, bot, lead, specialist, office
):
    told(specialist, lead, 3)
    told(office, lead)
    by_bot(bot, specialist, office)
    for _again in range(3):
        run()
    (text,) = texts(platform)
    assert text.startswith("招商提醒\n")
    assert "专员甲：有人提到我 2、今日应跟进 1" in text
    assert "招商办：今日应跟进 1" in text
    assert "保密" not in text
    assert platform.got[0]["path"] == "/send?key=secret"
    assert {one.state for one in Digest.objects.all()} == {"SENT"}


def test_nothing_unread_is_no_message_and_the_next_day_brings_another(
    platform, bot, lead, specialist
):
    by_bot(bot, specialist)
    run()
    told(specialist, lead)
    run(NINE + A_MINUTE)  # not in the middle of the day
    assert platform.got == []
    run(NINE + timedelta(days=1))
    assert len(platform.got) == 1


@pytest.mark.parametrize(
    ("code", "times", "state"), [(45009, 2, "SENT"), (130101, 2, "SENT"), (93000, 1, "FAILED")]
)
def test_a_bot_that_is_asked_too_often_is_asked_later_and_a_dead_one_no_more(
    platform, bot, lead, specialist, code, times, state
):
    told(specialist, lead)
    by_bot(bot, specialist)
    platform.codes = [code]
    run()
    run(NINE + A_MINUTE)
    assert len(platform.got) == 1
    run(NINE + timedelta(minutes=11))
    assert (len(platform.got), Digest.objects.get().state) == (times, state)


def test_a_message_of_which_nobody_knows_is_not_sent_twice(platform, bot, lead, specialist):
    """A worker that dies while sending leaves it; a platform that nobody reached is asked again."""
    told(specialist, lead)
    by_bot(bot, specialist)
    platform.close()
    run()
    assert Digest.objects.get().state == "WAITING"
    Digest.objects.update(state="SENDING")
    run(NINE + timedelta(hours=1))
    assert (Digest.objects.get().state, platform.got) == ("SENDING", [])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_taken", [True, False])
def test_of_many_workers_at_once_one_sends(platform, bot, monkeypatch, is_taken):
    """Each that did not take the digest first would send its own."""
    office = factories.make_office()
    told(office, factories.make_lead())
    by_bot(bot, office)
    digests.make(NINE)
    if not is_taken:
        monkeypatch.setattr(DigestQuerySet, "begin", lambda rows, most: list(rows[:most]))
    platform.seconds = 0.2
    at_once(4, lambda n: digests.send(NINE, guard_of_tests()))
    assert (len(platform.got) == 1) is is_taken


def test_more_than_a_bot_may_send_in_a_minute_waits(platform, bot, lead, monkeypatch, chain):
    monkeypatch.setattr("zone.notices.bots.MOST_LINES", 1)
    ZoneSetting.objects.create(key=ZoneSetting.Key.BOT_MESSAGES_A_MINUTE, value=4)
    people = [factories.make_user("office") for _ in range(3)]
    for person in people:
        told(person, lead)
    by_bot(bot, *people)
    run()
    assert len(platform.got) == 2  # half at once, half while the bucket refills: 4 in any minute
    assert Digest.objects.filter(state="WAITING").count() == 1


def test_a_host_that_is_not_approved_takes_no_bot_and_gets_no_message(
    platform, bot, lead, specialist
):
    stranger = GroupBot(name="别的群", kind="DINGTALK", url="https://evil.example.com/x")
    with pytest.raises(ValidationError, match="evil.example.com"):
        stranger.full_clean()
    told(specialist, lead)
    by_bot(bot, specialist)
    type(factories.make_host("b.example.cn")).objects.filter(host=HOST).delete()
    run()
    assert platform.got == []


def test_mail_goes_out_where_a_server_is_set(settings, lead, specialist):
    specialist.email = "a@example.cn"
    specialist.save(update_fields=["email"])
    told(specialist, lead)
    NoticeChannel.of(specialist).choose("EMAIL")
    settings.PUBLIC_URL = "https://crm.example.cn"
    run()
    assert mail.outbox == []  # no server is set
    settings.EMAIL_HOST = "mail.example.cn"
    run()
    run(NINE + A_MINUTE)
    (message,) = mail.outbox
    assert message.to == ["a@example.cn"]
    assert message.body == "今日应跟进 1\nhttps://crm.example.cn/admin/notices/"


def test_the_job_waits_for_the_hour_and_makes_a_late_morning_up(
    lead, specialist, settings, monkeypatch
):
    settings.EMAIL_HOST = "mail.example.cn"
    specialist.email = "a@example.cn"
    specialist.save(update_fields=["email"])
    NoticeChannel.of(specialist).choose("EMAIL")
    type(lead).objects.update(next_follow_up_on=today())
    for hour, number in ((7, 0), (15, 1), (16, 1)):
        monkeypatch.setattr(reminders.timezone, "now", lambda h=hour: NINE.replace(hour=h))
        reminders.digest()
        assert len(mail.outbox) == number


def test_a_choice_is_made_on_the_account_page_and_stands_in_the_trail(
    as_user, specialist, bot, settings
):
    client, page = as_user(specialist), reverse("account")
    assert 'value="EMAIL"' not in client.get(page).text
    client.post(reverse("reminders"), {"by": str(bot.pk)})
    assert NoticeChannel.of(specialist).bot == bot
    entry = AuditEntry.objects.of(specialist).filter(action="CHANGED").get()
    assert list(entry.changes) == ["notice_channel"]
    settings.EMAIL_HOST = "mail.example.cn"
    client.post(reverse("reminders"), {"by": "EMAIL", "email": ""})
    assert NoticeChannel.of(specialist).channel == "BOT"
    client.post(reverse("reminders"), {"by": "EMAIL", "email": "a@example.cn"})
    assert NoticeChannel.of(specialist).channel == "EMAIL"


def test_the_address_of_a_bot_is_shown_to_nobody_and_in_no_trail(as_user, office, bot):
    client = as_user(office)
    address = reverse("admin:zone_groupbot_change", args=[bot.pk])
    page = client.get(address)
    assert "secret" not in page.text
    assert HOST in page.text
    client.post(address, fields(page) | {"name": "新名"})
    bot.refresh_from_db()
    assert (bot.name, bot.url.endswith("key=secret")) == ("新名", True)
    assert "secret" not in str(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_what_was_read_long_ago_is_removed_and_what_is_unread_stays(lead, specialist):
    told(specialist, lead, 2)
    Notice.objects.filter(kind="mentioned").update(read_at=NINE - timedelta(days=91))
    assert reminders.forget(NINE) == 1
    assert [one.kind for one in Notice.objects.all()] == ["follow_up_today"]
