from django.utils.translation import gettext_lazy as _

from zone.navigation import Page, Section

SECTIONS = {"projects": Section(_("Projects"), 30)}
PAGES = (
    Page(
        "workbench",
        "speed",
        20,
        title=_("Target progress"),
        permission="zone.view_target",
        view="progress",
    ),
)
