"""The frame around every admin page: colours, scripts, sidebar by job, the demo-data banner."""

from django.contrib import messages
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

ACCOUNT = [
    {"title": _("My account"), "link": reverse_lazy("account")},
    {"title": _("Change my password"), "link": reverse_lazy("admin:password_change")},
]

# (title, [(title, icon, url name, query, permission)]): by job, not by table.
SECTIONS = (
    (
        _("Workbench"),
        (
            (
                _("Follow-ups due"),
                "today",
                "admin:crm_lead_changelist",
                "?whose=due",
                "crm.view_lead",
            ),
            (_("Target progress"), "speed", "progress", "", "zone.view_target"),
        ),
    ),
    (
        _("Promotion"),
        (
            (_("Leads"), "flag", "admin:crm_lead_changelist", "", "crm.view_lead"),
            (_("Pool"), "waves", "admin:crm_lead_changelist", "?whose=pool", "crm.view_lead"),
            (
                _("Enterprises"),
                "apartment",
                "admin:crm_enterprise_changelist",
                "",
                "crm.view_enterprise",
            ),
            (_("Contacts"), "contacts", "admin:crm_contact_changelist", "", "crm.view_contact"),
            (_("Follow-ups"), "forum", "admin:crm_followup_changelist", "", "crm.view_followup"),
        ),
    ),
    (
        _("Projects"),
        (
            (
                _("Projects"),
                "work",
                "admin:projects_project_changelist",
                "",
                "projects.view_project",
            ),
            (
                _("Agreements"),
                "contract",
                "admin:projects_agreement_changelist",
                "",
                "projects.view_agreement",
            ),
            (
                _("Capital arrivals"),
                "payments",
                "admin:projects_capitalarrival_changelist",
                "",
                "projects.view_capitalarrival",
            ),
        ),
    ),
    (
        _("Premises"),
        (
            (_("Parks"), "domain", "admin:zone_park_changelist", "", "zone.view_park"),
            (
                _("Buildings"),
                "location_city",
                "admin:zone_building_changelist",
                "",
                "zone.change_building",
            ),
            (_("Spaces"), "meeting_room", "admin:zone_space_changelist", "", "zone.view_space"),
            (
                _("Occupancies"),
                "key",
                "admin:projects_occupancy_changelist",
                "",
                "projects.view_occupancy",
            ),
        ),
    ),
    (
        _("Targets"),
        (
            (_("Targets"), "target", "admin:zone_target_changelist", "", "zone.view_target"),
            (
                _("Published figures"),
                "campaign",
                "admin:zone_publishedfigure_changelist",
                "",
                "zone.view_publishedfigure",
            ),
            (_("Industry funds"), "savings", "admin:zone_fund_changelist", "", "zone.view_fund"),
        ),
    ),
    (
        _("System"),
        (
            (
                _("Industry chains"),
                "account_tree",
                "admin:zone_industrychain_changelist",
                "",
                "zone.change_chainsegment",
            ),
            (
                _("Chain segments"),
                "schema",
                "admin:zone_chainsegment_changelist",
                "",
                "zone.change_chainsegment",
            ),
            (_("People"), "group", "admin:zone_user_changelist", "", "zone.view_user"),
            (
                _("Appointments"),
                "badge",
                "admin:zone_appointment_changelist",
                "",
                "zone.view_appointment",
            ),
            (
                _("Office settings"),
                "tune",
                "admin:zone_zonesetting_changelist",
                "",
                "zone.view_zonesetting",
            ),
            (
                _("Interface clients"),
                "api",
                "admin:zone_apiclient_changelist",
                "",
                "zone.view_apiclient",
            ),
            (
                _("Webhook endpoints"),
                "webhook",
                "admin:zone_webhookendpoint_changelist",
                "",
                "zone.view_webhookendpoint",
            ),
            (
                _("Webhook messages"),
                "outbox",
                "admin:zone_webhookdelivery_changelist",
                "",
                "zone.view_webhookdelivery",
            ),
            (
                _("Approved hosts"),
                "verified_user",
                "admin:zone_approvedhost_changelist",
                "",
                "zone.view_approvedhost",
            ),
            (
                _("Audit trail"),
                "history",
                "admin:zone_auditentry_changelist",
                "",
                "zone.view_auditentry",
            ),
            (
                _("Security alerts"),
                "shield",
                "admin:zone_securityalert_changelist",
                "",
                "zone.view_securityalert",
            ),
            (_("System health"), "monitor_heart", "health", "", "zone.view_workerbeat"),
        ),
    ),
)


def sidebar(request) -> list[dict]:
    """Return the sections with what this person may open; an empty section is left out."""
    sections, here = [], open_entry(request)
    for title, entries in SECTIONS:
        items = [
            {
                "title": name,
                "icon": icon,
                "link": reverse(view) + query,
                "active": reverse(view) + query == here,
            }
            for name, icon, view, query, permission in entries
            if request.user.has_perm(permission)
        ]
        for item in items:
            if item["link"] == reverse("admin:zone_securityalert_changelist"):
                item["badge"] = unseen_alerts()
        if items:
            sections.append({"title": title, "items": items, "separator": bool(sections)})
    return sections


def open_entry(request) -> str:
    """Return the entry that this page belongs to: the list as called up, else its whole list."""
    pages = [
        reverse(view) + query
        for title, entries in SECTIONS
        for name, icon, view, query, permission in entries
    ]
    if request.get_full_path() in pages:
        return request.get_full_path()
    return next((page for page in pages if request.path.startswith(page)), "")


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
    from zone.models import User

    if request.user.is_authenticated and User.objects.filter(is_demo=True).exists():
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
