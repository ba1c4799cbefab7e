import pytest

from crm.models import Enterprise
from projects import facts
from projects.models import Project
from tests import factories


@pytest.mark.django_db
def test_a_company_the_office_recorded_first_is_taken_as_it_is():
    mine = factories.make_enterprise(name="康运达有限公司")
    facts.load()
    assert Enterprise.objects.count() == 13
    assert Project.objects.get(name="康运达智能锁").enterprise == mine
