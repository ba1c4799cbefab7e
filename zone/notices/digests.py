"""The morning digest: how many notices of which kind wait for a person, and nothing about rows.

It leaves this program: what it is about stands here alone, for whoever logs in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core import mail
from django.db.models import Count
from django.utils.translation import gettext as _

from zone.access.throttling import Limit
from zone.calendar import SHANGHAI, local_date
from zone.models import ZoneSetting
from zone.models.group_bots import GroupBot
from zone.models.notice_channels import Digest, NoticeChannel
from zone.models.notices import KINDS, Notice
from zone.notices import bots
from zone.webhooks.guard import Guard

KEY = ZoneSetting.Key
A_MINUTE = timedelta(minutes=1)
MAILS_AT_ONCE = 200  # the rest a minute later


def is_time(now: datetime) -> bool:
    (hour,) = ZoneSetting.whole(KEY.NOTICE_DIGEST_HOUR)
    return now.astimezone(SHANGHAI).hour >= hour


def missing(on: date):
    """Return the choices of those of whose digest of the day nothing is noted yet."""
    have = Digest.objects.filter(on=on).values("person")
    chosen = NoticeChannel.objects.exclude(channel=NoticeChannel.Channel.IN_APP)
    chosen = chosen.filter(person__is_active=True).exclude(person__in=have)
    return chosen.select_related("person")


def make(now: datetime) -> None:
    """Note for whom there is a digest, once a day for each person."""
    on = local_date(now)
    Digest.objects.bulk_create(
        [_digest(one, on, now) for one in missing(on)], ignore_conflicts=True
    )


def _digest(chosen: NoticeChannel, on, now: datetime) -> Digest:
    mine = Notice.objects.filter(person=chosen.person).unread()
    is_told = chosen.person.may_enter and mine.exists()
    state = Digest.State.WAITING if is_told else Digest.State.EMPTY
    values = {"channel": chosen.channel, "bot_id": chosen.bot_id, "next_at": now}
    return Digest(person=chosen.person, on=on, state=state, **values)


def send(now: datetime, guard: Guard | None = None) -> int:
    """Send what waits; return how many digests were begun."""
    waiting = Digest.objects.waiting(now, local_date(now))
    done = _mail(waiting.filter(channel=NoticeChannel.Channel.EMAIL), now)
    for bot in GroupBot.objects.offered().filter(pk__in=waiting.values("bot")):
        done += _post(bot, waiting.filter(bot=bot), now, guard or Guard())
    return done


def counted(people) -> dict:
    """Return ``{person's id: {label of a kind: number}}`` of what they have not read."""
    rows = Notice.objects.filter(person__in=people).unread().order_by()
    found: dict = defaultdict(Counter)
    for person, kind, number in rows.values_list("person", "kind").annotate(Count("pk")):
        if kind in KINDS:
            found[person][str(KINDS[kind].label)] += number
    return found


def in_words(numbers: Counter) -> str:
    return "、".join(f"{label} {number}" for label, number in numbers.most_common())


def _mail(waiting, now: datetime) -> int:
    if not settings.EMAIL_HOST or not waiting.exists():
        return 0
    connection = mail.get_connection()
    try:
        connection.open()
    except OSError as fault:  # nothing has been sent
        waiting.put_off(type(fault).__name__, now)
        return 0
    with connection:
        taken = waiting.begin(MAILS_AT_ONCE)
        numbers = counted([digest.person_id for digest in taken])
        for digest in taken:
            _mail_one(digest, numbers[digest.person_id], connection)
    return len(taken)


def _mail_one(digest: Digest, numbers: Counter, connection) -> None:
    mine = Digest.objects.filter(pk=digest.pk)
    if not digest.person.email:
        return mine.failed(_("no e-mail address"))
    subject = _("Investment promotion: %(number)d unread") % {"number": numbers.total()}
    lines = [in_words(numbers), bots.where()]
    try:
        mail.EmailMessage(
            subject, "\n".join(filter(None, lines)), to=[digest.person.email], connection=connection
        ).send()
    except OSError as fault:  # those of smtplib are
        return mine.failed(type(fault).__name__)
    mine.sent()


def _post(bot: GroupBot, waiting, now: datetime, guard: Guard) -> int:
    """Send a bot's digests, as many as fit in one message; the rest waits for its turn."""
    done = 0
    while waiting.exists() and _may_send(bot):
        if not (taken := waiting.begin(bots.MOST_LINES)):
            break  # another worker has them
        numbers = counted([digest.person_id for digest in taken])
        lines = [f"{one.person}：{in_words(numbers[one.person_id])}" for one in taken]
        outcome = bots.send(bot, lines, guard)
        rows = Digest.objects.of(taken)
        if outcome.is_good:
            rows.sent()
        elif outcome.may_come_again:
            rows.put_off(outcome.fault, now)
        else:
            rows.failed(outcome.fault)
        done += len(taken)
    return done


def _may_send(bot: GroupBot) -> bool:
    """Take one of the bot's messages; half of the limit at once, half while it refills."""
    (most,) = ZoneSetting.whole(KEY.BOT_MESSAGES_A_MINUTE)
    return Limit("bot", str(bot.pk), max(1, most // 2), A_MINUTE).take().is_open
