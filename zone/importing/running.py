"""An import from the file to the rows: taken in, checked, decided on, written.

Small files are dealt with in the request, large ones by ``manage.py work``. What is written, and
the note that it was, are one transaction: killed at any moment it leaves everything or nothing.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import closing

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from zone.access.origin import IMPORT, Origin
from zone.database.outages import is_outage, sqlstate
from zone.files.sheets import read_sheets
from zone.files.types import MAX_SIZE, clean_name, megabytes
from zone.identifiers import no_personal_number
from zone.importing.batch import Batch
from zone.importing.headings import Layout, find_table
from zone.importing.nouns import Importable, nouns
from zone.importing.writing import keep_lines, write
from zone.models import AuditEntry, ImportRun, User, ZoneSetting
from zone.privacy.masking import masked_text

logger = logging.getLogger(__name__)
AT_ONCE = 500  # rows that a request deals with itself
State, Mode = ImportRun.State, ImportRun.Mode
LOOK_AGAIN = _(
    "Other rows came to be since the preview; nothing was written. Please look through it again."
)
BUSY = ("40", "55P03", "57014")  # who waited for each other, or too long: no fault of a row


def take_in(noun: Importable, file: File) -> ImportRun:
    """Keep a file that can be read; it is checked here if it is small, else by the worker."""
    name = clean_name(file.name)
    _refuse_file(file, name)
    layout = find_table(read_sheets(file, name), noun)
    rows = sum(1 for _row in layout.rows())
    _refuse_number(rows)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    file.name = name
    run = ImportRun(
        model=noun.label(),
        file=file,
        name=name,
        sha256=digest,
        by=noun.user,
        address=noun.user.origin.address,
        language=translation.get_language(),
        sheet=masked_text(layout.sheet.name)[:120],
        ignored=masked_text("、".join(layout.ignored))[:500],
        rows=rows,
    )
    with transaction.atomic():
        run.save(force_insert=True)
        said = {"what": run.model, "rows": rows, "sha256": digest}
        AuditEntry.objects.record(AuditEntry.Action.UPLOADED, by=noun.user, of=run, **said)
    if rows <= AT_ONCE:
        go_on(run)
    return run


def _refuse_file(file: File, name: str):
    try:
        no_personal_number(name)
    except ValidationError as refusal:
        words = _("The name of the file holds a personal number; please rename it without it.")
        raise ValidationError(words, code="file_name") from refusal
    if file.size > MAX_SIZE:
        words = _("“%(name)s” has %(size)s MB, at most %(limit)s MB are taken; please split it.")
        sizes = {"size": megabytes(file.size), "limit": megabytes(MAX_SIZE)}
        raise ValidationError(words, "size", {"name": name} | sizes)


def _refuse_number(rows: int):
    most = int(ZoneSetting.values()[ZoneSetting.Key.IMPORT_MOST_ROWS])
    if rows > most:
        words = _("The table has %(rows)s rows, at most %(most)s are taken; please split it.")
        counts = {"rows": f"{rows:,}", "most": f"{most:,}"}
        raise ValidationError(words, "rows", counts)
    if not rows:
        raise ValidationError(_("There are no rows below the headings."), code="empty")


def decide(run: ImportRun, mode: str, *, by) -> ImportRun:
    """Have the rows written: all or none, or the good ones."""
    with transaction.atomic():
        run.take_or_refuse()
        if not run.can_write(by):
            raise ValidationError(_("This import has been decided on already."), code="state")
        _refuse_mode(run, mode)
        run.state, run.mode, run.why, run.done, run.tries = State.WRITING, mode, "", 0, 0
        run.save()
    if run.rows <= AT_ONCE:
        go_on(run)
    return run


def _refuse_mode(run: ImportRun, mode: str):
    if mode == Mode.ALL and run.refused:
        words = _("Some rows cannot be written; mend them in the file, or write the good ones.")
        raise ValidationError(words, code="refused")
    if not run.writable:
        raise ValidationError(_("There is nothing to write in this file."), code="nothing")


def go_on(run: ImportRun, *, in_worker: bool = False) -> bool:
    """Check or write ``run``, whichever is due; False while another process is at it."""
    try:
        with transaction.atomic():
            if not run.take() or not run.is_at_work:
                return False
            with translation.override(run.language):
                _step(run, in_worker)
    except IntegrityError:
        # Somebody has written one of these rows since they were checked: look anew.
        with transaction.atomic():
            if run.take() and run.state == State.WRITING:
                run.state, run.why = State.CHECKING, str(LOOK_AGAIN)
                run.save(update_fields=["state", "why"])
        if not in_worker:
            go_on(run)
    return True


def _step(run: ImportRun, in_worker: bool):
    user = User.objects.get(pk=run.by_id)
    user.origin = Origin(IMPORT, run.address)
    noun = nouns()[run.model](user)
    if not user.may_enter or not noun.may_import(user):
        run.finish(State.STOPPED, _("The person may not import these rows any more."))
        return
    try:
        with run.file.open() as file:
            layout = find_table(read_sheets(file, run.name), noun)
    except (ValidationError, FileNotFoundError) as refusal:
        words = " ".join(getattr(refusal, "messages", [_("The file is not there any more.")]))
        run.finish(State.STOPPED, words)
        return
    watch = (lambda done: note_done(run, done)) if in_worker else None
    (_write if run.state == State.WRITING else _check)(run, noun, layout, watch)


def _check(run: ImportRun, noun: Importable, layout: Layout, watch):
    batch = Batch(noun, layout, watch=watch)
    batch.check()
    keep_lines(run, batch)
    run.state = State.READY
    run.save()


def _write(run: ImportRun, noun: Importable, layout: Layout, watch):
    batch = Batch(noun, layout, lock=True, watch=watch)
    batch.check()
    if run.mode == Mode.ALL and batch.refused:
        keep_lines(run, batch)
        run.state = State.READY
        run.why = str(LOOK_AGAIN)
        run.save()
        return
    write(batch)
    keep_lines(run, batch, written=True)
    run.finish(State.DONE)
    said = {"what": run.model, "rows": len(batch.to_write), "refused": len(batch.refused)}
    said |= {"mode": run.mode, "sha256": run.sha256}
    AuditEntry.objects.record(AuditEntry.Action.IMPORTED, by=noun.user, of=run, **said)


# The worker


def work_next() -> bool:
    """Check or write the file that has waited longest; False when none waits.

    A file is counted as tried before it is begun: one that ends the process or hangs comes again,
    twice.
    """
    for run in ImportRun.objects.at_work().order_by("created_at", "pk")[:20]:
        if run.tries >= ImportRun.TRIES:
            _give_up(run)
            continue
        _apart(run, "tries = tries + 1")
        try:
            if go_on(run, in_worker=True):
                _apart(run, "tries = 0")
                return True
        except Exception as fault:
            if is_outage(fault) or sqlstate(fault).startswith(BUSY):
                _apart(run, "tries = greatest(tries - 1, 0)")
                raise
            logger.exception("import %s failed", run.pk)
            return True
        _apart(run, "tries = greatest(tries - 1, 0)")
    return False


work_next.limit = 20 * 60  # seconds, of the watch: for the longest table on a busy machine


def _give_up(run: ImportRun):
    with transaction.atomic():
        if run.take() and run.is_at_work and run.tries >= ImportRun.TRIES:
            logger.error("import %s is set aside after %s tries", run.pk, run.tries)
            with translation.override(run.language):
                words = _("The file could not be processed; nothing was written. Tell the office.")
                run.finish(State.STOPPED, words)


def note_done(run: ImportRun, done: int):
    _apart(run, "done = %s", done)


def _apart(run: ImportRun, change: str, *values):
    """Write to the run where it stays written, however the transaction around it ends."""
    with closing(connection.copy()) as other, other.cursor() as cursor:
        statement = f"UPDATE zone_importrun SET {change} WHERE id = %s"
        cursor.execute(statement, [*values, run.pk])
