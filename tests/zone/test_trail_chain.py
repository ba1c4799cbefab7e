"""The chain of the trail proves that nobody changed it, and what is old enough is removed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from tests.factories import make_lead, make_user
from tests.trail import age_links, execute, opened, seal, write
from zone.audit import chain as audit_chain
from zone.calendar import today
from zone.models import AuditEntry, AuditLink, User

pytestmark = pytest.mark.django_db


def broken() -> tuple:
    fault = audit_chain.first_fault()
    return fault.entry, fault.kind


def test_links_stand_on_one_another():
    write(3)
    links = list(AuditLink.objects.values_list("position", "previous", "hash"))
    hashes = [hash for _position, _previous, hash in links]
    assert [position for position, _previous, _hash in links] == [1, 2, 3]
    assert [previous for _position, previous, _hash in links] == ["", *hashes[:2]]
    assert all(len(hash) == 64 for hash in hashes)


def test_a_hash_does_not_depend_on_the_session():
    AuditEntry.objects.record("CHANGED", changes={"甲": ["1", "2"]}, why="原因", n=1.5)
    seal()
    for zone in ("UTC", "America/New_York", "Asia/Shanghai"):
        execute(f"SET LOCAL timezone = '{zone}'")
        assert audit_chain.first_fault() is None
    execute("SET LOCAL datestyle = 'German'")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(hash = zone_trail_hash(previous, position, day, entry)) "
            "FROM zone_auditlink JOIN zone_auditentry entry ON entry.id = entry_id"
        )
        assert cursor.fetchone() == (True,)
    execute("SET LOCAL datestyle = 'ISO'")


# Each is done by somebody with the whole database in hand, to the second of three lines.
TAMPERING = {
    "changed": "UPDATE zone_auditentry SET why = 'x' WHERE id = %s",
    "changed seal": "UPDATE zone_auditlink SET hash = repeat('0', 64) WHERE entry_id = %s",
    "missing": "DELETE FROM zone_auditentry WHERE id = %s",
    "unsealed": "DELETE FROM zone_auditlink WHERE entry_id = %s",
    "order": "UPDATE zone_auditlink SET previous = repeat('0', 64) WHERE entry_id = %s",
    "dated back": "UPDATE zone_auditentry SET at = at - interval '1 s' WHERE id = %s",
    "another person": "UPDATE zone_auditentry SET by_name = '张三' WHERE id = %s",
    "swapped": "UPDATE zone_auditlink SET entry_id = -entry_id WHERE entry_id = %s",
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_found_at_its_first_line(how):
    first, second, third = write(3)
    assert audit_chain.first_fault() is None
    with opened():
        execute(TAMPERING[how], [second.pk])
    fault = audit_chain.first_fault()
    # A link that is gone is missed where the next one should stand on it.
    expected = {"unsealed": third.pk, "swapped": -second.pk}.get(how, second.pk)
    assert fault.entry == expected
    assert str(expected) in str(fault)
    with pytest.raises(CommandError) as error:
        call_command("verify_audit", stdout=StringIO())
    assert str(expected) in str(error.value)


def test_a_hash_that_the_owner_lets_the_database_make_up_is_not_believed():
    first, _second = write(2)
    with opened():
        execute("UPDATE zone_auditentry SET why = 'forged' WHERE id = %s", [first.pk])
    execute(
        "CREATE OR REPLACE FUNCTION zone_trail_hash(previous text, place bigint, day date, "
        "entry zone_auditentry) RETURNS text LANGUAGE sql STABLE AS $$ "
        "SELECT hash FROM zone_auditlink link WHERE link.position = place $$"
    )
    assert broken() == (
        first.pk,
        "changed",
    )


def test_a_line_and_its_seal_removed_together_leave_a_gap():
    _first, second, third = write(3)
    with opened():
        execute("DELETE FROM zone_auditentry WHERE id = %s", [second.pk])
        execute("DELETE FROM zone_auditlink WHERE entry_id = %s", [second.pk])
    assert broken() == (third.pk, "gap")


def test_a_line_slipped_in_past_the_triggers_is_found():
    write()
    with opened():
        slipped = AuditEntry.objects.create(action="CREATED", door="SYSTEM", at=timezone.now())
    assert broken() == (
        slipped.pk,
        "unsealed",
    )


def test_a_beginning_that_nobody_says_to_have_removed_is_found():
    first, second = write(2)
    with opened():
        execute("DELETE FROM zone_auditentry WHERE id = %s", [first.pk])
        execute("DELETE FROM zone_auditlink WHERE entry_id = %s", [first.pk])
    assert broken() == (second.pk, "start")


def verify(**options) -> str:
    out = StringIO()
    call_command("verify_audit", stdout=out, **options)
    return out.getvalue()


def test_each_day_has_its_count_and_its_head():
    write(2, days_ago=1)
    write(3)
    heads = {day.day: (day.lines, day.head) for day in audit_chain.days()}
    last = AuditLink.objects.order_by("-position").first()
    assert heads[today()] == (3, last.hash)
    assert heads[today() - timedelta(days=1)][0] == 2
    assert verify().count(last.hash) == 1
    assert str(today() - timedelta(days=1)) not in verify(day=today())


def test_a_head_kept_elsewhere_finds_a_trail_made_anew():
    write(2)
    head = audit_chain.days()[0].head
    verify(expect=[(today(), head)])
    write()
    with pytest.raises(CommandError, match=head):
        verify(expect=[(today(), head)])


def test_a_fault_of_another_day_is_left_out_with_day():
    old = write(days_ago=1)[0]
    write()
    with opened():
        execute("UPDATE zone_auditentry SET why = 'x' WHERE id = %s", [old.pk])
    assert audit_chain.first_fault(today()) is None
    assert audit_chain.first_fault(today() - timedelta(days=1)).entry == old.pk


def test_a_purge_only_counts_until_it_is_meant():
    write(2, days_ago=200)
    write()
    out = StringIO()
    call_command("purge_audit", before=today() - timedelta(days=190), stdout=out)
    assert AuditEntry.objects.count() == 3
    assert "--really" in out.getvalue()


def test_a_purge_removes_whole_days_and_says_so():
    old = write(2, days_ago=200)
    head = AuditLink.objects.get(entry=old[1]).hash
    kept = write(2, days_ago=190) + write()
    day = today() - timedelta(days=195)
    call_command("purge_audit", before=day, really=True, stdout=StringIO())
    line = AuditEntry.objects.get(action="PURGED")
    assert (line.detail["lines"], line.detail["hash"]) == (2, head)
    assert set(AuditEntry.objects.exclude(pk=line.pk)) == set(kept)
    assert audit_chain.first_fault() is None
    assert AuditLink.objects.order_by("-position").first().entry == line


def test_after_a_purge_of_all_the_chain_still_begins_where_it_ended():
    write(2, days_ago=200)
    call_command(
        "purge_audit", before=today() - timedelta(days=190), really=True, stdout=StringIO()
    )
    assert AuditLink.objects.get().position == 3
    assert audit_chain.first_fault() is None


def test_a_purge_refuses_what_is_younger_than_183_days():
    write(days_ago=183)
    for really in (True, False):
        with pytest.raises(CommandError, match="183"):
            call_command("purge_audit", before=today() - timedelta(days=182), really=really)
    assert AuditEntry.objects.count() == 1


def test_a_broken_trail_is_evidence_and_not_purged():
    old = write(2, days_ago=200)
    with opened():
        execute("UPDATE zone_auditentry SET why = 'x' WHERE id = %s", [old[0].pk])
    with pytest.raises(CommandError, match=str(old[0].pk)):
        call_command("purge_audit", before=today() - timedelta(days=190), really=True)
    assert AuditEntry.objects.count() == 2


def test_a_purge_still_knows_what_was_deleted():
    lead = make_lead()
    entry = AuditEntry.objects.record("DELETED", of=lead)
    seal()
    with opened():
        age_links([entry], 200)
    key = str(lead.pk)
    call_command(
        "purge_audit", before=today() - timedelta(days=190), really=True, stdout=StringIO()
    )
    assert not AuditEntry.objects.filter(object_id=key).exists()
    assert AuditEntry.objects.deleted([key, "other"]) == {key}


@pytest.mark.django_db(transaction=True)
def test_eight_who_write_at_once_make_one_unbroken_chain():
    threads, rounds = 8, 25
    barrier = Barrier(threads)

    def work(number):
        try:
            barrier.wait()
            for n in range(rounds):
                with transaction.atomic():
                    AuditEntry.objects.record("CREATED", n=n)
                    AuditEntry.objects.record("CHANGED", n=n)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    assert AuditLink.objects.count() == threads * rounds * 2
    assert audit_chain.first_fault() is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM zone_auditqueue")
        assert cursor.fetchone() == (0,)


def meet() -> list[str]:
    """One writes a line, then a row whose foreign key waits for a row the other has locked;
    the other writes a line too. Return what became of each."""
    person, lead = make_user(), make_lead()
    locked, inserted = Barrier(2), Barrier(2)

    def locks():
        with transaction.atomic():
            User.objects.select_for_update().get(pk=person.pk)
            locked.wait(10)
            AuditEntry.objects.record("CHANGED")
            inserted.wait(10)
            execute("SELECT pg_sleep(0.3)")  # the other is at its commit by now

    def refers():
        with transaction.atomic():
            locked.wait(10)
            AuditEntry.objects.record("CHANGED")
            execute(
                "INSERT INTO crm_followup (id, is_demo, lead_id, kind, happened_on, summary, "
                "next_step, no_next, result, participants, by_id) "
                "VALUES (gen_random_uuid(), false, %s, 'CALL', '2025-01-01', '', '', false, '', '',"
                " %s)",
                [lead.pk, person.pk],
            )
            inserted.wait(10)

    def run(work) -> str:
        try:
            work()
        except OperationalError as error:
            return str(error).splitlines()[0]
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, (locks, refers)))


@pytest.mark.django_db(transaction=True)
def test_the_chains_lock_is_taken_after_everything_that_may_wait():
    assert meet() == ["done", "done"]
    assert AuditLink.objects.count() == 2
    assert audit_chain.first_fault() is None


@pytest.mark.django_db(transaction=True)
def test_sealed_in_one_step_they_would_wait_for_each_other():
    """The negative control."""
    execute(
        "CREATE FUNCTION one_step() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM zone_link_entry(NEW.id); RETURN NULL; END $$"
    )
    execute("ALTER TABLE zone_auditentry DISABLE TRIGGER queue_link")
    execute(
        "CREATE CONSTRAINT TRIGGER one_step AFTER INSERT ON zone_auditentry "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION one_step()"
    )
    try:
        assert sorted(meet()) == ["deadlock detected", "done"]
    finally:
        execute("DROP FUNCTION one_step CASCADE")
        execute("ALTER TABLE zone_auditentry ENABLE ALWAYS TRIGGER queue_link")
