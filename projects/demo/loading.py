"""Builds the whole demo data set in one transaction."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from crm.models import Lead
from projects.demo.arrivals import add_arrivals
from projects.demo.attachments import add_attachments
from projects.demo.data import DemoData
from projects.demo.deals import CHAINS, plan_deals
from projects.demo.enterprises import add_enterprises, add_segments, date_enterprises
from projects.demo.leads import LeadWriter
from projects.demo.notices import add_notices
from projects.demo.people import add_people, usernames
from projects.demo.premises import FLOOR_SPACE, PLOTS, Premises
from projects.demo.rows import demo_models
from projects.demo.signings import PARKS, ProjectWriter
from projects.demo.targets import add_targets
from projects.models import Project
from zone.apps import import_submodules
from zone.models import User

NEEDED_PARKS = {*FLOOR_SPACE, *PLOTS, *(park for parks in PARKS.values() for park in parks)}


def is_loaded() -> bool:
    return any(model.objects.filter(is_demo=True).exists() for model in demo_models())


@transaction.atomic
def load() -> int:
    """Write the demo and return the number of rows; nothing happens where there is one already.

    Raises ``ValidationError`` when the published facts are missing or a name is taken.
    """
    if is_loaded():
        return 0
    data = DemoData()
    _refuse_without_ground(data)
    build(data)
    rows = data.save()
    # Registration is dated by the database's clock; the demo's leads came over the year.
    demo = Lead.objects.filter(is_demo=True)
    demo.update(registered_at=F("created_at"))
    demo.refresh_contacts(demo.values_list("pk", flat=True))
    add_notices()
    return rows


def build(data: DemoData):
    """Make every row of the demo, in the order in which things refer to one another."""
    people = add_people(data)
    enterprises = add_enterprises(data)
    segments = add_segments(data)
    deals = plan_deals(data, enterprises)
    LeadWriter(data, people, enterprises, segments).write(deals)
    ProjectWriter(data, people).write(deals)
    add_arrivals(data, deals)
    Premises(data).write(deals, enterprises)
    date_enterprises(data)
    add_targets(data, people)
    add_attachments(data)
    for module in import_submodules("projects.demo.nouns"):
        module.build(data)


def _refuse_without_ground(data: DemoData):
    if {*CHAINS.values()} - data.chains.keys() or NEEDED_PARKS - data.parks.keys():
        raise ValidationError(
            _("The zone's chains and parks are missing; please run load_zone first.")
        )
    taken = User.objects.filter(username__in=usernames()).values_list("username", flat=True)
    if taken:
        raise ValidationError(
            _("These user names are in use: %(names)s. The demo needs them for itself."),
            params={"names": ", ".join(sorted(taken))},
        )
    if Project.objects.filter(code__gte="CZGX-2025-0101", code__lte="CZGX-2025-0199").exists():
        raise ValidationError(
            _("Projects of 2025 use the numbers of the demo; it can no longer be loaded.")
        )
