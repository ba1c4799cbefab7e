"""What was cut from the end of the trail, or made anew, shows beside the anchors outside."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from tests.trail import age_links, execute, opened, write
from zone.audit import anchors
from zone.audit import chain as audit_chain
from zone.calendar import today
from zone.jobs import periodic
from zone.jobs.upkeep import anchor
from zone.models import AuditEntry, AuditLink, JobRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(settings, tmp_path):
    settings.AUDIT_ANCHORS = tmp_path / "kept" / "anchors"
    return settings.AUDIT_ANCHORS


def verify(**options) -> str:
    out = StringIO()
    call_command("verify_audit", stdout=out, **options)
    return out.getvalue()


def refusal(**options) -> str:
    with pytest.raises(CommandError) as error:
        verify(**options)
    return str(error.value)


def cut_after(position: int):
    """Remove the end of the trail with its seals, as the owner of the tables can."""
    with opened():
        execute(
            "DELETE FROM zone_auditentry WHERE id IN "
            "(SELECT entry_id FROM zone_auditlink WHERE position > %s)",
            [position],
        )
        execute("DELETE FROM zone_auditlink WHERE position > %s", [position])


def test_a_whole_trail_gets_an_anchor_for_its_owner_alone(file, caplog):
    write(2)
    head = AuditLink.objects.get(position=2).hash
    with caplog.at_level(logging.INFO, logger="zone.audit.anchors"):
        verify()
    (found,) = anchors.read(file)
    assert (found.position, found.day, found.hash) == (2, today().isoformat(), head)
    assert file.stat().st_mode & 0o777 == 0o600
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.replace(":", "").endswith(f"position 2 of {today()} is {head}")
    verify()
    assert [each.number for each in anchors.read(file)] == [1, 2]


def test_what_the_log_says_is_what_expect_takes(file, caplog):
    write()
    with caplog.at_level(logging.INFO, logger="zone.audit.anchors"):
        verify()
    said = caplog.records[0].getMessage().rpartition(" ")[2]
    call_command("verify_audit", f"--expect={today()}={said}", stdout=StringIO())


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_tail_that_was_cut_off_is_found(file, left):
    write(3)
    verify()
    cut_after(left)
    assert audit_chain.first_fault() is None
    said = refusal()
    assert f"{left}" in said
    assert (today().isoformat() in said) is True
    assert len(anchors.read(file)) == 1


def test_so_is_one_on_which_the_trail_went_on(file):
    write(3)
    verify()
    cut_after(1)
    write(5)
    assert audit_chain.first_fault() is None
    assert refusal()


def test_a_chain_made_anew_around_a_changed_line_is_found(file):
    entries = write(3)
    verify()
    with opened():
        execute("UPDATE zone_auditentry SET why = 'x' WHERE id = %s", [entries[1].pk])
        age_links(list(AuditEntry.objects.order_by("id")), 0)
    assert audit_chain.first_fault() is None
    assert "3" in refusal()


def test_without_the_anchors_neither_is(file):
    """The negative control."""
    write(3)
    cut_after(1)
    verify()


def test_the_lines_that_a_purge_removed_are_not_missed(file):
    write(2, days_ago=200)
    verify()
    write()
    purge = {"before": today() - timedelta(days=190), "really": True, "stdout": StringIO()}
    call_command("purge_audit", **purge)
    assert not AuditLink.objects.filter(position=2).exists()
    verify()


def test_a_purge_that_nobody_may_make_explains_nothing(file):
    """As the owner: remove all, and begin further on with a line of a purge of one's own."""
    write(3)
    verify()
    head = AuditLink.objects.get(position=3).hash
    with opened():
        execute("DELETE FROM zone_auditentry")
        execute("DELETE FROM zone_auditlink WHERE position <> 3")
        execute("UPDATE zone_auditlink SET position = 9, previous = repeat('0', 64)")
        entry = AuditEntry.objects.create(
            pk=AuditLink.objects.get().entry_id, action="PURGED", door="COMMAND",
            detail={"hash": "0" * 64}, at=timezone.now(),
        )  # fmt: skip
        execute(
            "UPDATE zone_auditlink SET hash = zone_trail_hash(previous, position, day, e) "
            "FROM zone_auditentry e WHERE e.id = entry_id"
        )
    assert AuditLink.objects.get().entry_id == entry.pk
    assert audit_chain.first_fault() is None
    assert head not in refusal()


def edited(text: str) -> str:
    first, *rest = text.splitlines()
    values = json.loads(first) | {"position": 9}
    return "\n".join([json.dumps(values), *rest]) + "\n"


FORGED = {
    "edited": edited,
    "the last line gone": lambda text: "".join(text.splitlines(keepends=True)[:-1]),
    "the first line gone": lambda text: "".join(text.splitlines(keepends=True)[1:]),
    "a line made unreadable": lambda text: text.replace("{", "", 1),
    "the last line made unreadable": lambda text: text[:-10],
    "lines exchanged": lambda text: "".join(reversed(text.splitlines(keepends=True))),
    "a line twice": lambda text: text + text.splitlines(keepends=True)[-1],
    "emptied": lambda text: "",
    "rubbish": lambda text: "[[[\n7\nnull\n{}\n" * 3,
}


@pytest.mark.parametrize("how", FORGED)
def test_a_file_that_was_forged_is_told(file, how):
    write()
    for _ in range(3):
        verify()
    file.write_text(FORGED[how](file.read_text()))
    assert str(file) in refusal()
    assert str(file) in refusal()


def test_a_removed_file_is_missed_until_somebody_begins_anew(file):
    write()
    verify()
    file.unlink()
    assert str(file) in refusal()
    assert "--new-anchors" in refusal()
    verify(new_anchors=True)
    verify()
    assert [each.number for each in anchors.read(file)] == [1, 2]


def test_beginning_anew_keeps_what_was_there(file, settings):
    write()
    verify()
    before = file.read_text()
    settings.AUDIT_KEY = "another" * 10
    assert "AUDIT_KEY" in refusal()
    verify(new_anchors=True)
    (kept,) = file.parent.glob("anchors.*")
    assert kept.read_text() == before


def test_a_line_torn_by_a_crash_is_no_forgery(file):
    write()
    verify()
    with file.open("a") as torn:
        torn.write('{"number": 2, "posi')
    verify()
    verify()
    assert [each.number for each in anchors.read(file)] == [1, 2, 3]


def test_another_machine_has_a_file_of_its_own(file, monkeypatch):
    write()
    verify()
    monkeypatch.setattr(anchors.socket, "gethostname", lambda: "another")
    file.unlink()
    verify()


def test_one_day_is_compared_with_its_own_anchors(file):
    write(2, days_ago=1)
    verify()
    yesterday = today() - timedelta(days=1)
    cut_after(1)
    write(3)
    assert verify(day=today())
    assert refusal(day=yesterday)


def test_the_worker_writes_one_an_hour_while_the_trail_goes_on(file, monkeypatch):
    write()
    anchor()
    write()
    anchor()
    assert len(anchors.read(file)) == 1
    monkeypatch.setattr(anchors, "PAUSE", timedelta(0))
    anchor()
    anchor()
    assert len(anchors.read(file)) == 2


def fault_of_the_job() -> str:
    """Return what the list of jobs shows after the worker ran this one."""
    JobRun.objects.all().delete()
    JobRun.objects.create(name="anchor", due_at=timezone.now())
    with suppress(Exception):
        periodic.step()
    return JobRun.objects.get(name="anchor").fault


def test_the_worker_tells_of_a_cut_and_sets_nothing_on_top(file):
    write(3)
    anchor()
    cut_after(1)
    write(5)
    assert "封印" in fault_of_the_job()
    assert len(anchors.read(file)) == 1


def test_the_worker_begins_no_file_in_place_of_a_removed_one(file):
    write()
    anchor()
    file.unlink()
    assert "AnchorFault" in fault_of_the_job()
    assert anchors.read(file) == []


def test_a_folder_that_cannot_be_written_is_told(file):
    file.parent.write_text("in the way")
    write()
    assert fault_of_the_job()
    assert str(file) in refusal() or str(file.parent) in refusal()


def write_at_once(threads: int = 8):
    barrier = Barrier(threads)

    def run(_number):
        try:
            barrier.wait()
            for _ in range(3):
                anchors.write()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, range(threads)))


@pytest.mark.django_db(transaction=True)
def test_eight_who_write_at_once_keep_one_order(file):
    write()
    write_at_once()
    assert [each.number for each in anchors.read(file)] == list(range(1, 25))
    verify()


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_would_not(file, monkeypatch):
    """The negative control."""
    monkeypatch.setattr(anchors.fcntl, "flock", lambda *_: None)
    write()
    with pytest.raises(anchors.AnchorFault):
        write_at_once()
