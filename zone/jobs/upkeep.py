"""The ground's own periodic jobs."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

from django.core.management import call_command
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zone.audit import anchors
from zone.jobs.periodic import PeriodicJob
from zone.models import ImportRun, WorkerBeat


def trim() -> str:
    """Remove what is past its time."""
    said = StringIO()
    call_command("trim_feed", stdout=said)
    WorkerBeat.objects.forget()
    ImportRun.objects.past_keeping().drop_files()
    return said.getvalue().strip()


def anchor() -> str:
    """Write down where the audit trail stands, once in an hour."""
    anchors.write(if_due=True)
    return _("The trail and its anchors belong together.")


JOBS = (
    PeriodicJob("anchor", gettext_lazy("Anchor of the audit trail"), anchor, timedelta(minutes=10)),
    PeriodicJob("trim", gettext_lazy("Removal of what is past its time"), trim, timedelta(hours=1)),
)
