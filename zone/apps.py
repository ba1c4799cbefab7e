from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ZoneConfig(AppConfig):
    name = "zone"
    verbose_name = _("Zone")

    def ready(self):
        from zone import (
            checks,  # noqa: F401  registers them
            grants,
        )
        from zone.sync import checks as feed_checks  # noqa: F401

        post_migrate.connect(grants.after_migrate, sender=self)


class ZoneAdminConfig(AdminConfig):
    default_site = "zone.login.site.ZoneAdminSite"
