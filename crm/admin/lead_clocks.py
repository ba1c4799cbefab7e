"""The clocks of a lead in its record."""

from django.utils.html import format_html, format_html_join
from django.utils.translation import ngettext

from crm.models.clocks import Clock

State = Clock.State
SHAPES = {State.MET: "●", State.MET_LATE: "▲", State.RUNNING: "○", State.OVERDUE: "■"}


def clocks_of(lead):
    """Return the clocks line by line; what is overdue stands out by shape, words and colour."""
    lines = (
        (_style(clock), SHAPES[clock.state], clock.label, _words(clock)) for clock in lead.clocks()
    )
    return format_html_join("", '<div class="{}">{} {} · {}</div>', lines) or "—"


def _style(clock: Clock) -> str:
    return "zone-overdue" if clock.state == State.OVERDUE else ""


def _words(clock: Clock) -> str:
    words = f"{State(clock.state).label}，{clock.due}"
    if not clock.days_late:
        return words
    late = ngettext("%d day late", "%d days late", clock.days_late) % clock.days_late
    return format_html("{}，{}", words, late)
