"""The bell in the header of every page."""

from __future__ import annotations

from django.template import Library

from zone.models.notices import MOST_SHOWN, frame_of

register = Library()


@register.inclusion_tag("zone/notices/bell.html", takes_context=True)
def bell(context) -> dict:
    number = frame_of(context["request"].user).unread
    return {"number": number, "shown": f"{MOST_SHOWN}+" if number > MOST_SHOWN else number}
