"""The frame around every admin page: colours, scripts, sidebar by job, the demo-data banner."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

from django.contrib import admin, messages
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from zone.apps import modules_of_apps

ACCOUNT = [
    {"title": _("My account"), "link": reverse_lazy("account")},
    {"title": _("Change my password"), "link": reverse_lazy("admin:password_change")},
]


@dataclass(frozen=True)
class Section:
    """A part of the sidebar; the lowest ``order`` stands first."""

    title: str
    order: int


@dataclass(frozen=True)
class Menu:
    """An entry of the sidebar: ``menu`` of an admin class, one or several, leads to its list.

    Whoever may view the model sees it, unless another ``permission`` is named. ``badge`` returns
    the number that the entry shows. One that is ``counted`` shows how many rows it leads to: these
    are asked for by ``zone.pages.menu_counts``, once the page stands.
    """

    section: str
    icon: str
    order: int
    title: str = ""
    query: str = ""
    permission: str = ""
    badge: Callable[[], int] | None = None
    counted: bool = False


@dataclass(frozen=True)
class Page(Menu):
    """An entry that leads to a page of an app's own; apps name theirs in ``menu.PAGES``.

    Of one that is counted ``rows`` returns, for a person, what waits there.
    """

    view: str = ""
    rows: Callable | None = None


@dataclass(frozen=True)
class Entry:
    """A ``Menu`` with what its admin class adds: where it leads, how it is called, who sees it."""

    menu: Menu
    view: str
    title: str
    permission: str

    @cached_property
    def link(self) -> str:
        return reverse(self.view) + self.menu.query


SECTIONS = {
    "workbench": Section(_("Workbench"), 10),
    "premises": Section(_("Premises"), 40),
    "targets": Section(_("Targets"), 50),
    "system": Section(_("System"), 60),
}
PAGES = (
    Page(
        "system",
        "monitor_heart",
        120,
        title=_("System health"),
        permission="zone.view_workerbeat",
        view="health",
    ),
)


@cache
def entries() -> dict[Section, list[Entry]]:
    """Return what the sidebar may hold: what the apps and their admin classes declare."""
    sections, found = dict(SECTIONS), [_of_page(page) for page in PAGES]
    for module in modules_of_apps("menu"):
        sections |= module.SECTIONS
        found += [_of_page(page) for page in module.PAGES]
    for model, model_admin in admin.site._registry.items():
        menus = getattr(model_admin, "menu", ())
        for menu in (menus,) if isinstance(menus, Menu) else menus:
            found.append(_of_list(menu, model._meta))
    found.sort(key=lambda entry: entry.menu.order)
    return {
        section: [entry for entry in found if entry.menu.section == name]
        for name, section in sorted(sections.items(), key=lambda item: item[1].order)
    }


def _of_page(page: Page) -> Entry:
    return Entry(page, page.view, page.title, page.permission)


def _of_list(menu: Menu, options) -> Entry:
    view = f"admin:{options.app_label}_{options.model_name}_changelist"
    permission = menu.permission or f"{options.app_label}.view_{options.model_name}"
    return Entry(menu, view, menu.title or options.verbose_name_plural, permission)


def sidebar(request) -> list[dict]:
    """Return the sections with what this person may open; an empty section is left out."""
    sections, here = [], open_entry(request)
    for section, listed in entries().items():
        items = [_item(e, here) for e in listed if request.user.has_perm(e.permission)]
        if items:
            sections.append({"title": section.title, "items": items, "separator": bool(sections)})
    return sections


def _item(entry: Entry, here: str) -> dict:
    link = entry.link
    item = {
        "title": capfirst(entry.title),
        "icon": entry.menu.icon,
        "link": link,
        "active": link == here,
        "counted": entry.menu.counted,
    }
    if entry.menu.badge:
        item["badge"] = entry.menu.badge()
    return item


def entry_at(address: str) -> Entry | None:
    """Return the entry that leads to just this address."""
    found = (entry for listed in entries().values() for entry in listed)
    return next((entry for entry in found if entry.link == address), None)


def open_entry(request) -> str:
    """Return the entry that this page belongs to: the list as called up, else its whole list."""
    pages = [entry.link for listed in entries().values() for entry in listed]
    if request.get_full_path() in pages:
        return request.get_full_path()
    return next((page for page in pages if request.path.startswith(page)), "")


def record_url(model, pk) -> str:
    """Return the page of a row: its record, or its form where the model has none."""
    page = "record" if getattr(admin.site._registry.get(model), "record", None) else "change"
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=[pk])


def unseen_alerts() -> int:
    from zone.models import SecurityAlert

    return SecurityAlert.objects.unseen().count()


def dashboard(request, context: dict) -> dict:
    """Tell whoever handles security alerts, on the first page, that some wait."""
    if request.user.has_perm("zone.handle_securityalert") and (number := unseen_alerts()):
        text = ngettext(
            "%(number)d security alert waits for you.",
            "%(number)d security alerts wait for you.",
            number,
        )
        url = reverse("admin:zone_securityalert_changelist")
        link = format_html('<a class="zone-link" href="{}">{}</a>', url, _("Open the alerts"))
        messages.warning(request, format_html("{} {}", text % {"number": number}, link))
    return context


def environment(request) -> list[str] | None:
    """Return the banner that says demo data is present, for whoever is logged in."""
    from zone.models.notices import frame_of

    if request.user.is_authenticated and frame_of(request.user).has_demo:
        return [_("Demo data"), "warning"]
    return None


def favicon(request) -> str:
    return static("zone/favicon.svg")


def colours(request) -> str:
    return static("zone/colours.css")


def stylesheet(request) -> str:
    return static("zone/zone.css")


def admin_script(request) -> str:
    return static("zone/admin.js")


def units_script(request) -> str:
    return static("zone/units.js")


def days_script(request) -> str:
    return static("zone/days.js")


def search_script(request) -> str:
    return static("zone/search.js")


def search_stylesheet(request) -> str:
    return static("zone/search.css")


def drafts_script(request) -> str:
    return static("zone/drafts.js")
