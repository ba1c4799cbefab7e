"""Who sees a row that belongs to others follows from ``BELONGS_TO``."""

import pytest

from tests import factories
from tests.test_factories import ROWS
from zone.access.row_access import RowQuerySet

pytestmark = pytest.mark.django_db
PARTS = [
    (model, name)
    for model in ROWS
    if type(model._default_manager.all()).within is RowQuerySet.within
    for name in model.BELONGS_TO
]


@pytest.mark.parametrize(("model", "name"), PARTS, ids=str)
def test_a_part_is_seen_with_what_it_belongs_to(model, name, office, chain):
    owner = factories.make(model._meta.get_field(name).related_model)
    part = factories.make(model, **{name: owner})
    visible = model._default_manager.visible_to
    assert set(visible(office)) == {part}
    for person in (factories.make_specialist(chain), factories.make_user("chain_leader", chain)):
        sees_owner = type(owner)._default_manager.visible_to(person).filter(pk=owner.pk).exists()
        assert visible(person).filter(pk=part.pk).exists() is sees_owner
    assert not visible(factories.make_user()).exists()
