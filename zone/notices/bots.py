"""Messages to the bots of chat groups, by the same way out as webhooks: approved hosts alone."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from zone.models import ApprovedHost
from zone.models.group_bots import GroupBot
from zone.webhooks.guard import Guard
from zone.webhooks.sending import WAITS, Outcome
from zone.webhooks.sending import send as post

# A text of WeCom has 2,048 bytes: names are cut, and a message has so many people's lines.
MOST_LINES, LONGEST_LINE, LONGEST = 15, 120, 2_000  # lines, bytes, bytes
# What both answer, with status 200, to whoever sends more than their limit.
TOO_MANY = (45009, 130101)


@dataclass(frozen=True)
class Said:
    """What became of a message."""

    is_good: bool = False
    may_come_again: bool = False  # nothing of it has arrived
    fault: str = ""


def send(bot: GroupBot, lines: list[str], guard: Guard) -> Said:
    """Send lines to the group in one message."""
    text = "\n".join([KEYWORD, *(cut(line, LONGEST_LINE) for line in lines), where()]).strip()
    content = {"content": cut(text, LONGEST)}
    body = orjson.dumps({"msgtype": "text", "text": content})
    hosts = {host.host: host for host in ApprovedHost.objects.all()}
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return read(post(bot.url, hosts, headers, body, guard=guard, reads_code=True))


# DingTalk lets a message through that holds the group's keyword.
KEYWORD = "招商提醒"


def read(outcome: Outcome) -> Said:
    """Tell what an answer means: both platforms refuse with status 200 and a number."""
    if outcome.is_good and not outcome.code:
        return Said(is_good=outcome.code == 0, fault="" if outcome.code == 0 else _("no answer"))
    if outcome.code in TOO_MANY or outcome.status in WAITS:
        return Said(may_come_again=True, fault=_("too many messages"))
    fault = f"{outcome.fault or ''} {outcome.status or ''} {outcome.code or ''}".strip()
    return Said(may_come_again=not outcome.is_begun and outcome.status is None, fault=fault)


def cut(text: str, most: int) -> str:
    """Return ``text`` in ``most`` bytes of UTF-8."""
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "…"


def where() -> str:
    """Return where the notices stand, if it is known how this program is called from outside."""
    return f"{settings.PUBLIC_URL}{reverse('notices')}" if settings.PUBLIC_URL else ""
