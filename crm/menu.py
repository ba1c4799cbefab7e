from django.utils.translation import gettext_lazy as _

from zone.navigation import Page, Section

SECTIONS = {"promotion": Section(_("Promotion"), 20)}
PAGES = (
    Page(
        "promotion",
        "calendar_month",
        75,
        title=_("Activity of the month"),
        permission="crm.view_trip",
        view="activity",
    ),
)
