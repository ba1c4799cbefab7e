"""Nobody comes by a colleague's contacts: neither by a chain, a lead, a name nor a merger."""

import pytest
from django.urls import reverse

from crm.intake import log_lead
from crm.merging import merge_enterprises
from crm.models import Contact, Enterprise, Lead
from projects.models import Credit, Project
from tests import factories
from tests.forms import fields

pytestmark = pytest.mark.django_db
PHONE = "13812345678"


@pytest.fixture
def far(db):
    return factories.make_chain("electronics")


@pytest.fixture
def head(chain):
    """The leader of the chain that would take."""
    return factories.make_user("chain_leader", chain)


@pytest.fixture
def stranger(far):
    return factories.make_specialist(far)


@pytest.fixture
def unassigned(far, stranger):
    """An enterprise of no chain, courted from another chain than ours."""
    enterprise = factories.make_enterprise(entered_by=stranger)
    contact = factories.make_contact(enterprise=enterprise, phone=PHONE, wechat="wx_secret")
    factories.make_lead(enterprise=enterprise, chain=far, owner=stranger, contact=contact)
    return enterprise


def seen(user) -> set:
    return set(Contact.objects.visible_to(user))


def change(client, row, **data):
    """Post the form of ``row`` with other values in it, as whoever has just opened it."""
    name = f"admin:crm_{row._meta.model_name}_change"
    address = reverse(name, args=[row.pk])
    return client.post(address, fields(client.get(address)) | data)


def errors_of(response) -> dict:
    return response.context["adminform"].form.errors.as_data() if response.context else {}


def test_each_sees_the_contacts_that_the_own_courting_reaches(chain, far, head, office, leader):
    owner, peer, enterer = (factories.make_specialist(chain) for _ in range(3))
    enterprise = factories.make_enterprise(chain=chain)
    named = factories.make_contact(enterprise=enterprise)
    entered = factories.make_contact(enterprise=enterprise, entered_by=enterer)
    pooled, foreign = (factories.make_contact(enterprise=enterprise) for _ in range(2))
    loose = factories.make_contact(enterprise=enterprise)
    factories.make_lead(enterprise=enterprise, chain=chain, owner=owner, contact=named)
    factories.make_lead(enterprise=enterprise, chain=chain, contact=pooled)
    factories.make_lead(enterprise=enterprise, chain=far, contact=foreign)
    everything = {named, entered, pooled, foreign, loose}
    assert seen(owner) == {named}
    assert seen(peer) == set()  # whoever wants to call claims the lead first
    assert seen(enterer) == {entered}
    assert seen(head) == {named, pooled}
    assert seen(factories.make_user("chain_leader", far)) == {foreign}
    assert (seen(office), seen(leader)) == (everything, everything)


def test_the_contact_of_the_lead_behind_a_project_is_seen_with_it(chain, far):
    handler, contact = factories.make_specialist(chain), factories.make_contact()
    enterprise = contact.enterprise
    lead = factories.make_lead(
        enterprise=enterprise, chain=far, contact=contact, owner=factories.make_specialist(far)
    )
    assert seen(handler) == set()
    factories.make_project(enterprise=enterprise, lead=lead, handler=handler)
    assert seen(handler) == {contact}


def test_a_share_in_a_project_opens_no_contact(chain, far):
    contact = factories.make_contact()
    lead = factories.make_lead(
        enterprise=contact.enterprise, chain=far, contact=contact,
        owner=factories.make_specialist(far),
    )  # fmt: skip
    project = factories.make_project(enterprise=contact.enterprise, lead=lead)
    partner = factories.make_specialist(chain)
    Credit.objects.create(project=project, specialist=partner, share=50)
    assert (list(Project.objects.visible_to(partner)), seen(partner)) == ([project], set())


def test_the_form_of_a_lead_of_the_pool_names_no_contact(as_user, chain):
    contact = factories.make_contact(name="王不外露", phone="0355-0007777")
    lead = factories.make_lead(enterprise=contact.enterprise, chain=chain, contact=contact)
    address = reverse("admin:crm_lead_change", args=[lead.pk])
    peer = factories.make_specialist(chain)
    page = as_user(peer).get(address).text
    assert ("王不外露" in page, "认领后可见" in page) == (False, True)
    lead.claim(by=peer)
    assert "王不外露" in as_user(peer).get(address).text


def test_a_contact_that_leads_name_stays_with_its_enterprise(as_user, chain):
    """Moved away, it made the lead unsavable for its owner."""
    specialist, other = factories.make_specialist(chain), factories.make_enterprise(chain=chain)
    contact = factories.make_contact(entered_by=specialist)
    lead = factories.make_lead(
        enterprise=contact.enterprise, chain=chain, owner=specialist, contact=contact
    )
    address = reverse("admin:crm_contact_change", args=[contact.pk])
    client = as_user(specialist)
    moved = fields(client.get(address)) | {"enterprise": other.pk}
    assert "线索正在使用该联系人" in client.post(address, moved).text
    lead.contact = None
    lead.save()
    assert client.post(address, moved).status_code == 302


def test_a_leader_who_writes_the_own_chain_reads_no_contact(head, chain, unassigned):
    Enterprise.objects.filter(pk=unassigned.pk).update(chain=chain)
    assert seen(head) == set()
    factories.make_lead(enterprise=unassigned, chain=chain, owner=factories.make_specialist(chain))
    assert seen(head) == set()


def test_what_others_court_is_given_a_chain_by_the_office_alone(
    as_user, head, office, chain, unassigned
):
    assert unassigned in Enterprise.objects.visible_to(head)
    refused = change(as_user(head), unassigned, chain=str(chain.pk))
    assert [e.code for e in errors_of(refused)["chain"]] == ["courted"]
    unassigned.refresh_from_db()
    assert unassigned.chain is None
    assert change(as_user(office), unassigned, chain=str(chain.pk)).status_code == 302
    unassigned.refresh_from_db()
    assert unassigned.chain == chain


@pytest.mark.parametrize("stage", ["NEW", "AGREEING", "SIGNED", "LOST", "INVALID"])
def test_only_a_lead_that_goes_on_holds_the_chain(head, stage, unassigned):
    Lead.objects.update(stage=stage)
    assert unassigned.can_change_chain(head) == (stage in ("LOST", "INVALID"))


def test_a_project_of_others_holds_the_chain_too(head, far):
    enterprise = factories.make_enterprise()
    assert enterprise.can_change_chain(head)
    factories.make_project(enterprise=enterprise, chain=far)
    assert not enterprise.can_change_chain(head)


def test_an_enterprise_is_not_taken_away_from_another_chain(as_user, head, far, chain):
    theirs = factories.make_enterprise(chain=far)
    # Within reach by the own lead, so that its form opens.
    factories.make_lead(enterprise=theirs, chain=chain, owner=factories.make_specialist(chain))
    refused = change(as_user(head), theirs, chain=str(chain.pk))
    assert [e.code for e in errors_of(refused)["chain"]] == ["courted"]
    assert change(as_user(head), theirs, address="长治").status_code == 302


def test_nobody_elses_enterprise_takes_a_chain_freely(as_user, head, specialist, chain):
    for user in (head, specialist):
        free = factories.make_enterprise()
        factories.make_lead(enterprise=free, chain=chain, stage="LOST")
        assert change(as_user(user), free, chain=str(chain.pk)).status_code == 302
        free.refresh_from_db()
        assert free.chain == chain


def test_a_colleague_of_the_same_chain_courts_it_as_well(specialist, other_specialist, chain):
    enterprise = factories.make_enterprise(chain=chain)
    factories.make_lead(enterprise=enterprise, chain=chain, owner=other_specialist)
    assert enterprise.can_change_chain(other_specialist)
    assert not enterprise.can_change_chain(specialist)


def test_a_second_post_that_reads_all_gives_no_right_to_the_chain(head, unassigned):
    factories.make_appointment(head, "STATISTICIAN")
    assert not unassigned.can_change_chain(type(head).objects.get(pk=head.pk))


def intake(by, enterprise, chain, **contact):
    """Log a lead of an investor whom nobody courts any more."""
    Lead.objects.update(stage="LOST")
    lead = Lead(
        enterprise=enterprise, title="新线索", chain=chain, source="OWN", planned_investment_wan=1
    )
    return log_lead(lead, by=by, **contact)


def test_a_guessed_name_and_number_open_no_colleagues_contact(head, chain, unassigned):
    theirs = unassigned.contacts.get()
    lead = intake(head, unassigned, chain, contact_name=theirs.name, contact_phone=f"+86 {PHONE}")
    assert lead.contact != theirs
    assert (lead.contact.wechat, lead.contact.entered_by) == ("", head)
    assert seen(head) == {lead.contact}


def test_a_reader_of_all_takes_up_only_what_the_courting_post_reaches(chain, unassigned):
    reader = factories.make_specialist(chain)
    factories.make_appointment(reader, "STATISTICIAN")
    theirs = unassigned.contacts.get()
    lead = intake(reader, unassigned, chain, contact_name=theirs.name, contact_phone=PHONE)
    assert lead.contact != theirs


def test_a_contact_within_reach_is_taken_up_again(specialist, chain):
    enterprise = factories.make_enterprise(chain=chain)
    first, second = (
        intake(specialist, enterprise, chain, contact_name="王工", contact_phone=PHONE)
        for _ in range(2)
    )
    assert first.contact == second.contact


def test_a_hidden_contact_of_the_same_enterprise_is_not_accepted(as_user, head, chain, unassigned):
    hidden = unassigned.contacts.get()
    lead = intake(head, unassigned, chain, contact_name="王工")
    refused = change(as_user(head), lead, contact=str(hidden.pk))
    assert "contact" in errors_of(refused)
    assert hidden not in seen(head)


def test_a_whole_number_finds_no_contact_through_the_enterprise(as_user, head, chain, unassigned):
    Enterprise.objects.update(chain=chain)
    for model in ("contact", "enterprise", "lead"):
        page = as_user(head).get(reverse(f"admin:crm_{model}_changelist"), {"q": PHONE})
        assert page.context["cl"].result_count == 0
    page = as_user(head).get(reverse("admin:crm_enterprise_change", args=[unassigned.pk]))
    assert (page.status_code, "138****5678" in page.text) == (200, False)


def test_a_merger_opens_no_contact(head, office, chain, unassigned):
    own = factories.make_enterprise(chain=chain)
    mine = intake(head, own, chain, contact_name="王工").contact
    merge_enterprises(own, unassigned, by=office, reason="同一家企业")
    assert own.contacts.count() == 2
    assert seen(head) == {mine}


def test_a_lead_that_moves_to_another_chain_takes_its_contact_along(chain, far, head, stranger):
    contact = factories.make_contact()
    lead = factories.make_lead(
        enterprise=contact.enterprise, chain=far, owner=stranger, contact=contact
    )
    assert seen(head) == set()
    lead.chain = chain
    lead.save()
    assert (seen(head), seen(stranger)) == ({contact}, {contact})


def test_nobody_moves_a_lead_of_others_into_the_own_chain(as_user, chain, far):
    """Whoever leads one chain and works in another writes only own leads of the other."""
    both = factories.make_user("chain_leader", chain)
    factories.make_appointment(both, "SPECIALIST", chain=far)
    pooled = factories.make_lead(chain=far)
    theirs = factories.make_lead(chain=far, owner=factories.make_specialist(far))
    assert set(Lead.objects.visible_to(both)) == {pooled}
    for lead in (pooled, theirs):
        address = reverse("admin:crm_lead_change", args=[lead.pk])
        assert as_user(both).post(address, {"chain": str(chain.pk)}).status_code in (302, 403)
        lead.refresh_from_db()
        assert lead.chain == far
