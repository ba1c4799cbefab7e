"""Other systems: what their keys open, how long, and who manages them."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.forms import carried, fields
from zone.models import ApiClient, ApiKey, AuditEntry, User
from zone.models.clients import digest

pytestmark = pytest.mark.django_db
KEY = re.compile(r"crm_[0-9a-f]{12}_[\w-]{43}")


@pytest.fixture
def guard(db):
    return factories.make_user("security_admin")


@pytest.fixture
def client_of(db):
    def make(**data):
        client = ApiClient(name="示例·OA", **({"whole_zone": True} | data))
        client.save()
        return client

    return make


def test_the_security_administrator_sets_a_client_up_and_sees_its_key_once(as_user, guard, chain):
    page = as_user(guard)
    add = reverse("admin:zone_apiclient_add")
    assert f'href="{reverse("api:docs")}"' in page.get(add).text
    data = {
        "name": "示例·OA",
        "purpose": "项目同步",
        "chains": [chain.pk],
        "networks": "10.0.0.0/8",
    }
    data |= {"scopes": ["leads:read", "changes:read"], "owner": ""}
    assert page.post(add, data).status_code == 302
    client = ApiClient.objects.get()
    assert (client.scopes, list(client.chains.all())) == (["leads:read", "changes:read"], [chain])
    issue = reverse("admin:zone_apiclient_issue", args=[client.pk])
    shown = page.post(issue, {"days": "90", "reason": "联调"})
    key = KEY.search(shown.text)[0]
    kept = ApiKey.objects.get()
    assert kept.digest == digest(key.split("_", 2)[2]) != key
    change = reverse("admin:zone_apiclient_change", args=[client.pk])
    assert key not in page.get(change).text
    assert str(kept) in page.get(change).text
    assert key.split("_", 2)[2] not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": ""}, "name"),
        ({"networks": "10.0.0.0/99"}, "networks"),
        ({"chains": []}, "__all__"),
        ({"whole_zone": "on"}, "__all__"),
        ({"sources": "MIS"}, "sources"),
        ({"sources": "a b"}, "sources"),
        ({"sources": "办公"}, "sources"),
        ({"sources": "-oa"}, "sources"),
        ({"sources": "oa,"}, "sources"),
        ({"sources": "x" * 51}, "sources"),
    ],
)
def test_a_mistake_is_told_beside_its_field(as_user, guard, chain, data, field):
    factories.make_client(sources=["mis"])
    whole = {"name": "x", "chains": [chain.pk], "networks": "", "scopes": [], "owner": ""} | data
    page = as_user(guard).post(reverse("admin:zone_apiclient_add"), whole)
    assert (page.status_code, list(page.context["adminform"].form.errors)) == (200, [field])


@pytest.mark.parametrize("role", ["system_admin", "office", "auditor", "leadership"])
def test_nobody_else_manages_clients(as_user, client_of, role):
    page = as_user(factories.make_user(role))
    for address in (
        reverse("admin:zone_apiclient_changelist"),
        reverse("admin:zone_apiclient_issue", args=[client_of().pk]),
    ):
        assert page.get(address).status_code in (302, 403, 404)


def test_two_keys_at_a_time_and_a_revoked_one_makes_room(client_of, guard):
    client = client_of()
    client.issue_key(by=guard)
    client.issue_key(by=guard)
    with pytest.raises(ValidationError):
        client.issue_key(by=guard)
    client.keys.first().revoke(by=guard, reason="轮换")
    client.issue_key(by=guard)
    assert client.keys.live().count() == 2
    actions = AuditEntry.objects.filter(action="KEY").values_list("detail__step", flat=True)
    assert sorted(actions) == ["issued", "issued", "issued", "revoked"]


def test_a_key_holds_for_a_year_at_most(client_of):
    with pytest.raises(IntegrityError, match="apikey_one_year"), transaction.atomic():
        client_of().issue_key(days=370)


def test_a_change_of_rows_and_scopes_is_in_the_trail(as_user, guard, client_of, chain):
    client = client_of()
    page = as_user(guard)
    address = reverse("admin:zone_apiclient_change", args=[client.pk])
    data = {"name": client.name, "chains": [chain.pk], "networks": "", "owner": ""}
    opened = page.get(address)
    inlines = {k: v for k, v in fields(opened).items() if "FORMS" in k}
    sent = data | inlines | carried(opened) | {"scopes": ["leads:read"]}
    assert page.post(address, sent).status_code == 302
    lines = AuditEntry.objects.of(client)
    assert lines.get(action="RIGHTS").changes == {"chains": ["", "新能源"]}
    assert "leads:read" in str(lines.get(action="CHANGED").changes["scopes"])


def opened(page, client: ApiClient) -> tuple[str, dict]:
    address = reverse("admin:zone_apiclient_change", args=[client.pk])
    return address, fields(page.get(address))


def test_sources_are_set_in_the_admin_and_a_change_of_them_is_a_change_of_rights(
    as_user, guard, client_of
):
    client, page = client_of(sources=["oa"]), as_user(guard)
    address, sent = opened(page, client)
    assert sent["sources"] == "oa"
    assert page.post(address, sent | {"sources": "MIS, ｏａ ,oa"}).status_code == 302
    client.refresh_from_db()
    assert client.sources == ["mis", "oa"]
    line = AuditEntry.objects.of(client).get()
    assert (line.action, line.by) == ("RIGHTS", guard)
    assert line.changes == {"sources": ["['oa']", "['mis', 'oa']"]}
    assert "来源代号" in page.get(address).text


def test_a_form_opened_before_takes_no_source_away(as_user, guard, client_of):
    client, page = client_of(), as_user(guard)
    address, sent = opened(page, client)
    ApiClient.objects.update(sources=["oa"])
    assert page.post(address, sent | {"purpose": "同步"}).status_code == 200
    client.refresh_from_db()
    assert client.sources == ["oa"]


def test_a_name_from_before_the_rule_stays_bound_when_the_form_is_saved(as_user, guard, client_of):
    client, page = client_of(sources=["省平台"]), as_user(guard)
    address, sent = opened(page, client)
    assert page.post(address, sent | {"purpose": "同步"}).status_code == 302
    client.refresh_from_db()
    assert (client.purpose, client.sources) == ("同步", ["省平台"])


def test_its_account_logs_nobody_in_and_is_offered_nowhere(client_of, office):
    account = client_of(scopes=["leads:read", "pii:read"]).account
    assert (account.has_usable_password(), account.may_enter) == (False, False)
    assert not User.objects.visible_to(office).filter(pk=account.pk).exists()
    assert account.has_perm("crm.view_contact_pii")
    assert not account.has_perm("crm.change_lead")
    ApiClient.objects.update(is_disabled=True)
    assert not User.objects.get(pk=account.pk).has_perm("crm.view_contact_pii")


def run(*args) -> list[str]:
    out = StringIO()
    call_command("create_api_client", *args, stdout=out)
    return out.getvalue().splitlines()


def test_the_command_prints_the_key_alone_on_the_last_line(chain):
    lines = run("示例·OA", "--scopes", "leads:read,changes:read", "--chain", chain.code)
    assert KEY.fullmatch(lines[-1])
    client = ApiClient.objects.get()
    assert (client.scopes, client.whole_zone) == (["leads:read", "changes:read"], False)
    assert client.sources == []
    assert client.keys.get().expires_at < timezone.now() + timedelta(days=366)


def test_the_command_binds_sources_and_says_so_in_the_trail(chain):
    run("示例·OA", "--source", "ＯＡ", "--source", "oa-2", "--source", "oa", "--zone")
    client = ApiClient.objects.get()
    assert client.sources == ["oa", "oa-2"]
    line = AuditEntry.objects.of(client).get(action="RIGHTS")
    assert (line.changes, line.door) == ({"sources": ["", "['oa', 'oa-2']"]}, "COMMAND")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("a",), "--zone"),
        (("a", "--zone", "--chain", "new-energy"), "--zone"),
        (("a", "--chain", "none"), "new-energy"),
        (("a", "--zone", "--scopes", "leads:all"), "leads:all"),
        (("a", "--zone", "--network", "x"), "10.20.0.0/16"),
        (("a", "--zone", "--source", "办公系统"), "来源代号"),
        (("a", "--zone", "--source", "ＯＡ"), "已绑定到“示例·OA”"),
        (("示例·OA", "--zone"), "名称"),
    ],
)
def test_a_wrong_command_says_what_is_wrong_and_leaves_nothing(chain, client_of, args, words):
    client_of(sources=["oa"])
    with pytest.raises(CommandError, match=words):
        run(*args)
    assert ApiClient.objects.count() == 1
