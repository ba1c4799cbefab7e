"""Time the import of a table of new leads, each with an enterprise and a contact of its own.

Everything happens in a database of its own that is dropped at the end.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import BaseCommand
from django.test import override_settings

from crm.models import Lead
from projects.management.benching import database_of_its_own
from zone.calendar import today
from zone.files.workbooks import table
from zone.importing.nouns import noun_of
from zone.importing.running import decide, take_in, work_next
from zone.importing.undoing import undo
from zone.models import Appointment, ImportRun, IndustryChain, User

HEADINGS = ("企业名称", "线索名称", "产业链", "来源", "计划投资（亿元）", "联系人", "联系电话")
HEADINGS += ("下次跟进", "要素需求")


def rows(number: int):
    for n in range(number):
        phone = f"139{n:08d}"
        name = f"长治示例{n}号新材料科技有限公司"
        yield name, f"年产{n}吨材料项目", "产业链", "展会", 1.25, f"王{n}", phone, today(), "厂房"


class Command(BaseCommand):
    help = "Time the check, the writing and the undoing of an imported table."

    def add_arguments(self, parser):
        parser.add_argument("--rows", type=int, default=10_000)

    def handle(self, *, rows: int, **options):
        folder = TemporaryDirectory()
        with database_of_its_own(), folder as media, override_settings(MEDIA_ROOT=media):
            self._bench(rows)

    def _bench(self, number: int):
        chain = IndustryChain.objects.create(code="bench", name="产业链")
        user = User.objects.create(username="bench", is_staff=True)
        role = Appointment.Role.SPECIALIST
        Appointment.objects.create(user=user, role=role, chain=chain, starts_on=today())
        content = table("线索", HEADINGS, rows(number))
        with self.timed("read and taken in", number):
            run = take_in(noun_of(Lead)(user), SimpleUploadedFile("线索.xlsx", content))
        with self.timed("checked", number):
            self._work(run)
        decide(run, ImportRun.Mode.ALL, by=user)
        with self.timed("checked again and written", number):
            self._work(run)
        if run.state != ImportRun.State.DONE:
            raise RuntimeError(f"{run.state}: {run.why} {run.counts}")
        again = take_in(noun_of(Lead)(user), SimpleUploadedFile("再次.xlsx", content))
        with self.timed("checked once more, nothing new", number):
            self._work(again)
        with self.timed("undone", number):
            undo(run, by=user)
        self.stdout.write(f"left: {Lead.objects.count()} leads; {run.why}")

    @staticmethod
    def _work(run: ImportRun):
        while run.is_at_work:
            work_next()
            run.refresh_from_db()

    @contextmanager
    def timed(self, what: str, number: int):
        start, worked = time.perf_counter(), time.process_time()
        yield
        took, worked = time.perf_counter() - start, time.process_time() - worked
        rate = f"{number / took:8,.0f} rows/s"
        self.stdout.write(f"{what:32} {took:6.1f} s {rate}, {worked:.1f} s of this process")
