from django.utils.translation import gettext_lazy as _

from zone.navigation import Section

SECTIONS = {"promotion": Section(_("Promotion"), 20)}
PAGES = ()
