"""Optimistic locking of the admin's forms.

A form carries, signed, when it was drawn and the version and values of its row and of the rows
of its inlines. Where a version has moved on, nothing is saved: the page says who changed what and
when. Fields that the person left alone take the newer value; what was typed stays.
"""

from __future__ import annotations

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from zone.admin.conflicts import (
    Conflict,
    Difference,
    change_in_words,
    in_words,
    removal_in_words,
)

FIELD, SALT = "seen", "zone.admin.versions"


class VersionedForm:
    """Mixed into the form of a posted change; ``seen`` is what the person was looking at."""

    seen: dict = {}
    conflict: Conflict | None = None

    def full_clean(self):
        drawn = self.seen.get("rows", {}).get(str(self.instance.pk), {})
        if not self.instance._state.adding and drawn.get("version") != self.instance.version:
            self.data = self.data.copy()
            self.conflict = self._merge(drawn.get("values", {}))
        super().full_clean()
        if self.conflict:
            refusal = _("Nothing was saved yet: compare above, then save once more.")
            self.add_error(None, ValidationError(refusal, code="conflict"))

    def _merge(self, before: dict) -> Conflict | None:
        """Compare entered, saved and earlier values; None where no two persons meet."""
        typed = [name for name in self.fields if self._entered_other_than(name, before.get(name))]
        entered, taken_over = [], []
        for name, field in self.fields.items():
            saved = shown(self, name)
            if saved == before.get(name) or not self._entered_other_than(name, saved):
                continue
            words = [in_words(field, value) for value in (saved, self[name].data)]
            difference = Difference(str(field.label or name), *words)
            if name in typed:
                entered.append(difference)
            else:
                taken_over.append(difference)
                self.data.setlist(self.add_prefix(name), saved if type(saved) is list else [saved])
        if not typed or not (entered or taken_over):
            return None
        change = change_in_words(self.instance, self.seen.get("drawn", ""), self.user)
        return Conflict(self.instance, change, entered, taken_over)

    def _entered_other_than(self, name: str, value: str | list | None) -> bool:
        field = self.fields[name]
        try:
            before = None if value is None else field.to_python(value)
            return not field.disabled and field.has_changed(before, self[name].data)
        except (ValidationError, ArithmeticError):  # a signalling NaN compares with nothing
            return True


class VersionedFormSet:
    """Mixed into the formset of a posted inline: tells of rows removed meanwhile."""

    gone: tuple = ()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.is_bound and self.management_form.is_valid():
            self._leave_out_gone()

    def full_clean(self):
        super().full_clean()
        for key in self.gone:
            self._non_form_errors.append(removal_in_words(self.instance, self.model, key))
        for form in self.initial_forms if self.is_bound else ():
            # Django asks no row that is to be removed whether it is valid.
            if getattr(form, "conflict", None) and self._should_delete_form(form):
                words = {"name": form.instance}
                self._non_form_errors.append(
                    _("“%(name)s” was changed in the meantime; to remove it, save once more.")
                    % words
                )

    def _leave_out_gone(self):
        """Take out rows that are no longer there, which Django would drop without a word."""
        here = {str(row.pk) for row in self.get_queryset()}
        total = self.total_form_count()
        initial = min(self.initial_form_count(), total)
        name_of_key = f"-{self.model._meta.pk.name}"
        keys = [self.data.get(self.add_prefix(n) + name_of_key, "") for n in range(initial)]
        self.gone = tuple(key for key in keys if key and key not in here)
        if not self.gone:
            return
        kept = [str(n) for n in range(total) if n >= initial or keys[n] not in self.gone]
        # Django's own scripts count the forms of a page: their numbers have no gap.
        data, start = QueryDict(mutable=True), f"{self.prefix}-"
        for name, values in self.data.lists():
            number, _dash, field = name.removeprefix(start).partition("-")
            if not (name.startswith(start) and number.isdecimal()):
                data.setlist(name, values)
            elif number in kept:
                data.setlist(f"{start}{kept.index(number)}-{field}", values)
        data[f"{start}INITIAL_FORMS"] = initial - len(self.gone)
        data[f"{start}TOTAL_FORMS"] = len(kept)
        self.data = data
        del self.management_form


class VersionedAdmin:
    """For admin classes: forms that notice a change made in the meantime."""

    change_form_before_template = "zone/form_start.html"

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        if obj is None or request.method != "POST":
            return form
        return versioned(form, request)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and hasattr(obj, "version"):
            forms = [context["adminform"].form]
            for inline in context["inline_admin_formsets"]:
                forms += inline.formset.initial_forms
            conflicts = [getattr(form, "conflict", None) for form in forms]
            context["conflicts"] = [conflict for conflict in conflicts if conflict]
            context["seen"] = what_is_seen(forms)
        return super().render_change_form(request, context, add, change, form_url, obj)


class VersionedInline:
    """For inlines: rows that notice a change made in the meantime."""

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        if request.method == "POST" and connection.in_atomic_block:
            # A form writes every column: it must not write back what a colleague has changed.
            rows = rows.select_for_update(of=("self",))
        return rows

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        if request.method != "POST":
            return formset
        if self.has_change_permission(request, obj):
            formset.form = versioned(formset.form, request)
        return type(formset.__name__, (VersionedFormSet, formset), {})


def versioned(form: type, request) -> type:
    """Let a posted form compare; what it carries unreadably counts as another version."""
    try:
        seen = signing.loads(request.POST.get(FIELD, ""), salt=SALT)
    except signing.BadSignature:
        seen = {}
    return type(form.__name__, (VersionedForm, form), {"seen": seen})


def what_is_seen(forms) -> str:
    """Return what a page with these forms carries: of each row its version and values."""
    rows = {
        str(form.instance.pk): {
            "version": form.instance.version,
            "values": {name: shown(form, name) for name in form.fields},
        }
        for form in forms
        if hasattr(form.instance, "version") and not form.instance._state.adding
    }
    drawn = timezone.now().isoformat()
    return signing.dumps({"drawn": drawn, "rows": rows}, salt=SALT, compress=True)


def shown(form, name: str) -> str | list[str]:
    """Return what a form that is drawn from the row as it is has in this field."""
    field = form.fields[name]
    value = field.prepare_value(form.get_initial_for_field(field, name))
    if isinstance(value, (list, tuple)):
        return [str(each) for each in value]
    return "" if value is None else str(value)
