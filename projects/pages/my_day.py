"""What projects and targets add to 我的一天: one's own month, and what waits for the office."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, OuterRef, Subquery, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.models import FollowUp, Lead, LeadOwnerChange
from crm.models.visits import Visit
from crm.pages.my_day import PANELS
from projects.models import Agreement
from projects.progress import SPECIALIST, YearFigures, targets_by_year
from zone import units
from zone.calendar import start_of

RECOGNISE = "projects.recognise_agreement"


def my_month(user, on: date) -> dict | None:
    """Return the month's work of whoever owns leads, and the year's signed amount."""
    first = on.replace(day=1)
    done = FollowUp.objects.filter(by=user, happened_on__range=(first, on)).count()
    new = registered_by(user).filter(registered_at__gte=start_of(first)).count()
    visits = Visit.objects.filter(by=user, happened_on__range=(first, on)).count()
    target = targets_by_year(year=on.year, specialist=user).get(on.year, {})
    if not (done or new or visits or target):
        return None
    counts = [(_("follow-ups"), done), (_("new leads"), new), (_("visits"), visits)]
    signed = YearFigures(on.year, on, [SPECIALIST]).of(user).signed_amount if target else None
    return {
        "template": "projects/my_day/month.html",
        "counts": counts,
        "day": on,
        "signed": signed,
    }


def registered_by(user):
    """Return the leads whose first owner is ``user``; a claim from the pool registers nothing."""
    lines = LeadOwnerChange.objects.filter(lead=OuterRef("pk")).order_by("at")
    owned = LeadOwnerChange.objects.filter(to_owner=user).order_by().values("lead")
    rows = Lead.objects.filter(pk__in=owned).annotate(first=Subquery(lines.values("to_owner")[:1]))
    return rows.filter(first=user.pk)


def waiting(user, on: date) -> dict | None:
    """Return what waits for recognition, for whoever recognises."""
    if not user.has_perm(RECOGNISE):
        return None
    rows = Agreement.objects.visible_to(user).pending()
    found = rows.aggregate(number=Count("pk"), amount=Sum("amount_wan"))
    url = f"{reverse('admin:projects_agreement_changelist')}?counts=pending"
    words = {"number": found["number"], "amount": units.money(found["amount"])}
    return {"template": "projects/my_day/waiting.html", "url": url, **words}


PANELS += [my_month, waiting]
