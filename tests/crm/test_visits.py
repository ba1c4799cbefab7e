import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from crm.models.visits import Visit
from tests import factories


@pytest.mark.django_db
@pytest.mark.parametrize("owners", [(), ("lead", "enterprise")])
def test_a_visit_belongs_to_a_lead_or_to_an_enterprise(owners):
    lead = factories.make_lead()
    both = {"lead": lead, "enterprise": lead.enterprise}
    visit = factories.build(Visit, lead=None) if not owners else factories.build(Visit, **both)
    with pytest.raises(ValidationError, match="线索 / 企业"):
        visit.full_clean()
    with pytest.raises(IntegrityError, match="visit_one_owner"), transaction.atomic():
        visit.save()
