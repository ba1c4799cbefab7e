import pytest

from tests import factories

pytestmark = pytest.mark.django_db


def test_home_leads_each_role_to_its_own_first_page(client, leader, office, specialist):
    assert client.get("/")["Location"] == "/admin/login/?next=/"
    keeper = factories.make_user("park_operator")
    expected = {
        leader: "/admin/progress/",
        office: "/admin/progress/",
        factories.make_user("statistician"): "/admin/progress/",
        specialist: "/admin/my-day/",
        keeper: "/admin/zone/park/",
        factories.make_user("auditor"): "/admin/zone/auditentry/",
        factories.make_user("service_agent"): "/admin/projects/project/",
        factories.make_user("security_admin"): "/admin/zone/securityalert/",
        factories.make_user("system_admin"): "/admin/zone/user/",
    }
    for user, address in expected.items():
        client.force_login(user)
        assert client.get("/")["Location"] == address
        assert client.get(address).status_code == 200
