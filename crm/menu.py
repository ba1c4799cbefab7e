from django.utils.translation import gettext_lazy as _

from crm.models import Lead
from zone.navigation import Page, Section

SECTIONS = {"promotion": Section(_("Promotion"), 20)}
PAGES = (
    Page(
        "workbench",
        "today",
        5,
        title=_("My day"),
        permission="crm.view_lead",
        view="my_day",
        counted=True,
        rows=lambda user: Lead.objects.filter(owner=user).due(),
    ),
    Page(
        "workbench",
        "view_kanban",
        30,
        title=_("Board"),
        permission="crm.view_lead",
        view="board",
    ),
    Page(
        "promotion",
        "calendar_month",
        75,
        title=_("Activity of the month"),
        permission="crm.view_trip",
        view="activity",
    ),
)
