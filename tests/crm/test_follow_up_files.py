"""Photos and papers sent with a follow-up: checked, kept, shown, and handed out in its scope."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import FollowUp
from crm.models.follow_up_files import FollowUpFile
from tests import factories, files
from zone.models import AuditEntry
from zone.navigation import record_url

pytestmark = pytest.mark.django_db
SAID = {"kind": "CALL", "summary": "看了两处厂房", "happened_on": "2025-03-01"}


@pytest.fixture
def lead(specialist, chain, folder):
    return factories.make_lead(owner=specialist, chain=chain)


def write(client, row, *sent, **more):
    address = reverse(
        f"admin:{row._meta.app_label}_{row._meta.model_name}_follow_up", args=[row.pk]
    )
    return client.post(address, SAID | {"files": list(sent)} | more)


def photo():
    return files.upload("厂房/../现场.jpg", files.jpeg())


def paper():
    return files.upload("需求表.pdf", files.pdf())


def test_files_are_saved_with_what_was_said_and_shown_with_it(as_user, specialist, lead):
    client = as_user(specialist)
    assert write(client, lead, photo(), paper()).status_code == 302
    kept = {row.name: row for row in FollowUpFile.objects.all()}
    assert kept.keys() == {"现场.jpg", "需求表.pdf"}
    assert {row.follow_up for row in kept.values()} == {FollowUp.objects.get()}
    page = client.get(record_url(type(lead), lead.pk)).text
    line = page.split("看了两处厂房")[1].split("</li>")[0]
    assert (line.count('class="zone-file"'), "现场.jpg" in line) == (2, True)
    answer = client.get(reverse("follow_up_file", args=[kept["需求表.pdf"].pk]))
    assert b"".join(answer.streaming_content) == files.pdf()
    assert "attachment" in answer["Content-Disposition"]
    actions = AuditEntry.objects.filter(model="crm.followupfile").values_list("action", flat=True)
    assert sorted(actions) == ["DOWNLOADED", "UPLOADED", "UPLOADED"]


def test_a_refused_file_keeps_the_text_and_says_which_and_why(as_user, specialist, lead, folder):
    page = write(as_user(specialist), lead, photo(), files.upload("表.xlsm", b"PK\3\4"))
    for told in ("“表.xlsm”的格式可带宏", "请重新选择全部文件"):
        assert told in page.text
    assert "看了两处厂房</textarea>" in page.text
    page = write(as_user(specialist), lead, photo(), when="pick")
    assert "请重新选择文件：现场.jpg" in page.text
    assert (FollowUp.objects.count(), [*folder.rglob("*.bin")]) == (0, [])


def test_whoever_does_not_see_the_lead_gets_no_file(as_user, specialist, office, chain, lead):
    write(as_user(specialist), lead, paper())
    address = reverse("follow_up_file", args=[FollowUpFile.objects.get().pk])
    far = factories.make_specialist(factories.make_chain("electronics"))
    pooled = factories.make_specialist(chain)
    operator = factories.make_user("park_operator")
    seen = {
        user: as_user(user).get(address).status_code
        for user in (office, specialist, far, pooled, operator)
    }
    assert [*seen.values()] == [200, 200, 404, 404, 403]


def test_a_project_s_follow_up_takes_files_as_well(as_user, office, folder):
    project = factories.make_project()
    assert write(as_user(office), project, paper()).status_code == 302
    assert FollowUpFile.objects.get().follow_up.project == project


def test_a_file_is_taken_away_by_its_sender_or_the_office_and_what_was_said_stays(
    as_user, specialist, office, leader, lead, folder, committed
):
    write(as_user(specialist), lead, photo(), paper())
    said, address = FollowUp.objects.get(), "admin:crm_followup_remove_files"
    first, second = FollowUpFile.objects.order_by("name")
    address = reverse(address, args=[said.pk])
    assert as_user(leader).get(address).status_code == 403
    for user, file in ((specialist, first), (office, second)):
        with committed():
            assert as_user(user).post(address, {"files": [file.pk]}).status_code == 302
    assert (FollowUpFile.objects.count(), FollowUp.objects.count()) == (0, 1)
    assert [*folder.rglob("*.bin")] == []


def test_files_cost_no_query(as_user, specialist, lead):
    client, address = as_user(specialist), record_url(type(lead), lead.pk)

    def asked(files_shown: int) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).text.count('class="zone-file"') == files_shown
            return len(seen)

    write(client, lead)
    asked(0)
    few = asked(0)
    write(client, lead, *(files.upload(f"{n}.pdf", files.pdf(str(n))) for n in range(20)))
    assert asked(20) == few <= 20
