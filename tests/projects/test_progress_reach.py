"""Who sees what on the progress page: rankings by name, and nothing behind them out of reach."""

import re
from datetime import date
from html import unescape

import pytest
from django.urls import reverse

from tests import factories
from tests.ids import without_ids
from zone.models import IndustryChain, User

pytestmark = pytest.mark.django_db
MARCH = date(2025, 3, 31)
ADDRESS = "/admin/progress/?year=2025&on=2025-03-31"
SECRET = "绝密"
SEES_ALL = ("leadership", "office", "statistician")
BARRED = ("specialist", "park_operator", "service_agent", "system_admin", "auditor")


@pytest.fixture
def far(db) -> IndustryChain:
    return factories.make_chain("electronics")


@pytest.fixture
def foreign(far) -> User:
    """A specialist of the other chain: 12,345 counted, 6,789 waiting, a project with a light."""
    person = factories.make_specialist(far, display_name="专员远", department="远方科")
    enterprise = factories.make_enterprise(name=f"{SECRET}企业有限公司", chain=far)
    contact = factories.make_contact(enterprise=enterprise, name=f"{SECRET}联系人")
    lead = factories.make_lead(
        enterprise=enterprise, chain=far, owner=person, contact=contact, title=f"{SECRET}线索"
    )
    for number, amount in enumerate((12_345, 6_789)):
        project = factories.make_project(
            name=f"{SECRET}项目{number}",
            enterprise=enterprise,
            chain=far,
            handler=person,
            lead=None if number else lead,
            planned_start_on=date(2024, 1, 1),
        )
        factories.make_credit(project=project, specialist=person)
        signed = {"signed_on": MARCH, "recognised_on": None if number else MARCH}
        factories.make_agreement(project=project, amount_wan=amount, **signed)
    factories.make_target("SIGNED_AMOUNT", 100_000, specialist=person)
    factories.make_target("SIGNED_AMOUNT", 200_000, chain=far)
    factories.make_target("SIGNED_AMOUNT", 300_000)
    return person


@pytest.fixture
def head(chain) -> User:
    """The leader of the near chain, with something of its own to open."""
    own = factories.make_project(name="自己的项目", chain=chain, planned_start_on=date(2024, 1, 1))
    factories.make_counted(50_000, project=own, signed_on=MARCH)
    waiting = factories.make_project(chain=chain)
    factories.make_agreement(project=waiting, amount_wan=4_000, signed_on=MARCH)
    return factories.make_user("chain_leader", chain)


def body(client, address=ADDRESS) -> str:
    page = client.get(address)
    assert page.status_code == 200
    return page.text[page.text.index('<div class="zp">') :]


def row_of(html: str, name: str) -> str:
    (row,) = (row for row in re.findall(r"<tr.*?</tr>", html, re.S) if name in row)
    return row


def addresses(html: str) -> set[str]:
    return {unescape(address) for address in re.findall(r'href="([^"]+)"', html)}


def test_a_chain_leader_compares_by_ranking(as_user, head, foreign, far):
    html = body(as_user(head))
    for name in (str(foreign), f'data-chain="{far.code}"'):
        row = row_of(html, name)
        assert "1.23" in row  # counted
        assert addresses(row) == set()
        assert "0.68" not in row  # waiting: what a single agreement would tell
    assert "6789" not in without_ids(html).replace(",", "")
    assert SECRET not in html


def test_the_own_chain_is_open_to_its_leader(as_user, head, foreign, chain):
    client = as_user(head)
    html = body(client)
    row = row_of(html, f'data-chain="{chain.code}"')
    assert "0.40" in row
    assert len(addresses(row)) == 4
    assert "自己的项目" in html
    assert "自己的项目" in body(client, f"{ADDRESS}&chain={chain.code}")


def test_no_address_on_a_leaders_page_leads_to_rows_of_others(as_user, head, foreign, far):
    client = as_user(head)
    found = addresses(body(client))
    assert not [address for address in found if str(far.pk) in address or far.code in address]
    assert not [address for address in found if str(foreign.pk) in address]
    for address in found:
        assert SECRET not in client.get(address).text


def test_the_details_of_another_chain_are_not_called_up(as_user, head, foreign, far):
    client = as_user(head)
    page = client.get(f"{ADDRESS}&chain={far.code}")
    chosen = page.context["chosen"]
    assert (chosen.chain, len(chosen.notes)) == (None, 1)
    assert body(client, f"{ADDRESS}&chain={far.code}").count(SECRET) == 0
    assert [chain.code for chain in page.context["chains"]] == ["new-energy"]


@pytest.mark.parametrize("role", SEES_ALL)
def test_whoever_sees_all_is_led_to_every_row(as_user, foreign, far, role):
    client = as_user(factories.make_user(role))
    html = body(client)
    for name in (str(foreign), f'data-chain="{far.code}"'):
        row = row_of(html, name)
        assert "0.68" in row
        assert any(SECRET in client.get(address).text for address in addresses(row))
    assert f"{SECRET}项目" in html
    assert client.get(f"{ADDRESS}&chain={far.code}").context["chosen"].chain == far


@pytest.mark.parametrize("role", BARRED)
def test_everybody_else_stays_outside(as_user, foreign, role):
    client = as_user(factories.make_user(role))
    refused = client.get(ADDRESS)
    assert (refused.status_code, SECRET in refused.text) == (403, False)


@pytest.mark.parametrize("role", ["chain_leader", *BARRED])
def test_the_first_page_names_nobody_elses_rows(as_user, foreign, chain, role):
    user = factories.make_user(role, chain if role in ("chain_leader", "specialist") else None)
    client = as_user(user)
    for address in ("/", reverse("admin:index")):
        page = client.get(address, follow=True)
        assert (page.status_code, SECRET in page.text) == (200, False)
