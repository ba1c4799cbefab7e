from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext_lazy as _

OURS = ("zone", "crm", "projects")


class ZoneConfig(AppConfig):
    name = "zone"
    verbose_name = _("Zone")

    def ready(self):
        from zone.monitoring import checks  # noqa: F401  registers them
        from zone.schema import following
        from zone.sync import checks as feed_checks  # noqa: F401

        post_migrate.connect(following.after_migrate, sender=self)


class ZoneAdminConfig(AdminConfig):
    default_site = "zone.login.site.ZoneAdminSite"


def import_submodules(package: str) -> list[ModuleType]:
    """Import the modules of a package, so that each registers what it declares."""
    found = iter_modules(import_module(package).__path__)
    return [import_module(f"{package}.{one.name}") for one in found]


def our_apps() -> list[AppConfig]:
    """Return the apps of this project, those inside other ones too, in the settings' order."""
    return [config for config in apps.get_app_configs() if config.name.split(".")[0] in OURS]


@cache
def discover(package: str) -> None:
    """Import what each app has in this package, once; it registers itself."""
    for config in our_apps():
        if module_has_submodule(config.module, package):
            import_submodules(f"{config.name}.{package}")


def modules_of_apps(name: str) -> list[ModuleType]:
    """Return the module ``name`` of each app that has one, in the order of INSTALLED_APPS."""
    return [
        import_module(f"{config.name}.{name}")
        for config in our_apps()
        if module_has_submodule(config.module, name)
    ]
