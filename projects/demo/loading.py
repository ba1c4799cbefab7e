"""Telling the whole story: from the people to the tenants, in one transaction."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from crm.models import Lead
from projects.demo.arrivals import add_arrivals
from projects.demo.attachments import add_attachments
from projects.demo.deals import CHAINS, plan_deals
from projects.demo.enterprises import add_enterprises, add_segments, date_enterprises
from projects.demo.leads import LeadWriter
from projects.demo.people import add_people, usernames
from projects.demo.premises import FLOOR_SPACE, PLOTS, Premises
from projects.demo.rows import demo_models
from projects.demo.signings import PARKS, ProjectWriter
from projects.demo.story import Story
from projects.demo.targets import add_targets
from projects.models import Project
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
    story = Story()
    _refuse_without_ground(story)
    tell(story)
    rows = story.save()
    # Registration is dated by the database's clock; the demo's leads came over the year.
    Lead.objects.filter(is_demo=True).update(registered_at=F("created_at"))
    return rows


def tell(story: Story):
    """Make every row of the demo, in the order in which things refer to one another."""
    people = add_people(story)
    enterprises = add_enterprises(story)
    segments = add_segments(story)
    deals = plan_deals(story, enterprises)
    LeadWriter(story, people, enterprises, segments).write(deals)
    ProjectWriter(story, people).write(deals)
    add_arrivals(story, deals)
    Premises(story).write(deals, enterprises)
    date_enterprises(story)
    add_targets(story, people)
    add_attachments(story)


def _refuse_without_ground(story: Story):
    if {*CHAINS.values()} - story.chains.keys() or NEEDED_PARKS - story.parks.keys():
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
