from django.utils.translation import gettext_lazy as _

from zone.navigation import Page, Section

SECTIONS = {"promotion": Section(_("Promotion"), 20)}
PAGES = (
    Page(
        "workbench",
        "view_kanban",
        30,
        title=_("Board"),
        permission="crm.view_lead",
        view="board",
    ),
)
