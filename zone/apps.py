from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class ZoneConfig(AppConfig):
    name = "zone"
    verbose_name = _("Zone")

    def ready(self):
        from zone import checks  # noqa: F401  registers them
        from zone.feed import checks as feed_checks  # noqa: F401


class ZoneAdminConfig(AdminConfig):
    default_site = "zone.site.ZoneAdminSite"
