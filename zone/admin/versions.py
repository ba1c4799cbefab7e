"""Two edits of one row: the second sees both, and goes on without retyping.

A form carries, signed, the version it was drawn from and the values it showed. On saving,
what the person left alone follows the newer row, what was typed stays, and a page says who
changed what before anything is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from zone import units
from zone.models import AuditEntry

FIELD, SALT = "seen", "zone.admin.versions"


@dataclass(frozen=True)
class Difference:
    """One field of two edits; ``kept`` is what the form holds now."""

    label: str
    theirs: str
    yours: str
    kept: str


@dataclass(frozen=True)
class Conflict:
    """Who has changed the row since the form was drawn, when, and what differs."""

    who: str
    when: str
    differences: list[Difference]

    def __str__(self):
        if self.who:
            return _("%(who)s changed this row on %(when)s.") % {
                "who": self.who,
                "when": self.when,
            }
        return _("This row was changed on %(when)s.") % {"when": self.when}


class VersionedForm:
    """Mixed into the form of a posted change; ``seen`` is what the person was looking at."""

    seen: dict = {}
    conflict: Conflict | None = None

    def full_clean(self):
        if self.instance.version != self.seen["version"]:
            self.data = self.data.copy()
            found = conflict_of(self, self.seen["values"])
            # A change of what this form does not show (a login, say) is lost by nobody.
            self.conflict = found if found.differences else None
        super().full_clean()
        if self.conflict:
            self.add_error(None, ValidationError(_("Nothing was saved yet."), code="conflict"))


class VersionedFormSet:
    """Mixed into the formset of a posted inline; ``seen`` holds its rows' versions."""

    seen: dict = {}
    has_conflict = False
    gone: tuple = ()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.is_bound and self.management_form.is_valid():
            self._leave_out_gone()

    def full_clean(self):
        super().full_clean()
        if not self.is_bound:
            return
        for pk in self.gone:
            self.has_conflict = True
            words = ValidationError(_gone_in_words(self.model, pk), code="conflict")
            self._non_form_errors.extend(words.error_list)
        for form in self.initial_forms:
            version = self.seen.get(str(form.instance.pk))
            if version != form.instance.version and form.has_changed():
                self.has_conflict = True
                form.add_error(None, ValidationError(_in_words(form), code="conflict"))

    def _leave_out_gone(self):
        """Take rows out that are no longer there, which Django would pass over in silence."""
        here = {str(row.pk) for row in self.get_queryset()}
        posted = [self._posted_key(index) for index in range(self.initial_form_count())]
        self.gone = tuple(key for key in posted if key and key not in here)
        if not self.gone:
            return
        kept = [i for i in range(self.total_form_count()) if self._posted_key(i) not in self.gone]
        data = self.data.copy()
        for name in [name for name in data if name.startswith(f"{self.prefix}-")]:
            if name.removeprefix(f"{self.prefix}-")[:1].isdigit():
                del data[name]
        for place, index in enumerate(kept):
            before = f"{self.prefix}-{index}-"
            for name in [name for name in self.data if name.startswith(before)]:
                values = self.data.getlist(name)
                data.setlist(f"{self.prefix}-{place}-{name.removeprefix(before)}", values)
        data[f"{self.prefix}-INITIAL_FORMS"] = self.initial_form_count() - len(self.gone)
        data[f"{self.prefix}-TOTAL_FORMS"] = len(kept)
        self.data = data
        del self.management_form

    def _posted_key(self, index: int) -> str:
        return self.data.get(f"{self.prefix}-{index}-{self.model._meta.pk.name}", "")


class VersionedAdmin:
    """For admin classes: forms that notice a change made in the meantime."""

    change_form_before_template = "zone/form_start.html"

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        seen = read_seen(request)
        if obj is None or not seen:
            return form
        return type(form.__name__, (VersionedForm, form), {"seen": seen})

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and hasattr(obj, "version"):
            context["seen"], context["conflict"] = _carry(request, context, obj)
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
        seen = read_seen(request)
        if not seen:
            return formset
        return type(formset.__name__, (VersionedFormSet, formset), {"seen": seen["rows"]})


def read_seen(request) -> dict:
    """Return what the posted form was drawn from: ``{version, values, rows}``; {} if none was.

    What is missing or cannot be read (the secret key has changed since) is another version.
    """
    if request.method != "POST":
        return {}
    try:
        return signing.loads(request.POST.get(FIELD, ""), salt=SALT)
    except signing.BadSignature:
        return {"version": None, "values": {}, "rows": {}}


def _carry(request, context, obj) -> tuple[str, Conflict | None]:
    """Return what the form is to carry, and the conflict that it shows."""
    form = context["adminform"].form
    formsets = [inline.formset for inline in context["inline_admin_formsets"]]
    conflict = getattr(form, "conflict", None)
    again = read_seen(request)
    if again and not conflict and not any(getattr(f, "has_conflict", False) for f in formsets):
        return request.POST.get(FIELD, ""), None
    values = again["values"] if again and not conflict else _values(form)
    seen = {"version": obj.version, "values": values, "rows": _versions(formsets)}
    return signing.dumps(seen, salt=SALT, compress=True), conflict


def _values(form) -> dict[str, str]:
    return {name: _shown(form, name) for name in form.fields}


def _shown(form, name: str) -> str:
    field = form.fields[name]
    return _plain(field.prepare_value(form.get_initial_for_field(field, name)))


def _versions(formsets) -> dict[str, int]:
    rows = [form.instance for formset in formsets for form in formset.initial_forms]
    return {str(row.pk): row.version for row in rows if hasattr(row, "version")}


def conflict_of(form, base: dict[str, str]) -> Conflict:
    """Compare three states of each field; what was left alone takes the newer value."""
    differences = []
    for name, field in form.fields.items():
        theirs, yours, before = _shown(form, name), _posted(form, name), base.get(name)
        if field.disabled or theirs in (yours, before):
            continue
        untouched = yours == before
        if untouched:
            _put(form, name, theirs)
        kept = theirs if untouched else yours
        words = [_label(form, name, value) for value in (theirs, yours, kept)]
        differences.append(Difference(str(field.label or name), *words))
    who, when = last_change(form.instance)
    return Conflict(who, when, differences)


def last_change(row) -> tuple[str, str]:
    """Return who changed ``row`` last, as far as the trail knows, and when."""
    entry = AuditEntry.objects.of(row).first()
    at = max(entry.at, row.updated_at) if entry else row.updated_at
    known = entry is not None and abs((at - entry.at).total_seconds()) < 60
    return entry.by_name if known else "", f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def _posted(form, name: str) -> str:
    field = form.fields[name]
    value = field.widget.value_from_datadict(form.data, form.files, form.add_prefix(name))
    if isinstance(field, forms.ModelChoiceField):
        return _plain(value)
    try:
        return _plain(field.prepare_value(field.to_python(value)))
    except ValidationError:
        return _plain(value)


def _put(form, name: str, value: str):
    key = form.add_prefix(name)
    if isinstance(form.fields[name].widget, forms.CheckboxInput) and value in ("", "False"):
        form.data.pop(key, None)
    else:
        form.data[key] = value


def _plain(value) -> str:
    if isinstance(value, Decimal):
        value = f"{value.normalize():f}"
    return "" if value is None else str(value)


def _label(form, name: str, value: str) -> str:
    """Write a value as a person reads it: a row by its name, an amount with its unit."""
    field = form.fields[name]
    if not value:
        return units.NOTHING
    if isinstance(field, forms.ModelChoiceField):
        return str(field.queryset.filter(pk=value).first() or units.NOTHING)
    if isinstance(field, forms.BooleanField):
        return _("yes") if value == "True" else _("no")
    choices = {str(key): str(text) for key, text in getattr(field, "choices", ())}
    if field.widget.attrs.get("data-unit") == "wan":
        try:
            return units.money(Decimal(value))
        except InvalidOperation:
            return value
    return choices.get(value, value)


def _gone_in_words(model, pk: str) -> str:
    """Say who took an inline row away, as far as the trail knows."""
    entry = AuditEntry.objects.filter(model=model._meta.label_lower, object_id=pk).first()
    if entry is None:
        return _("A row was removed in the meantime; it is left out here. Please save once more.")
    words = {"name": entry.object_name, "who": entry.by_name or _("the system")}
    words["when"] = f"{timezone.localtime(entry.at):%Y-%m-%d %H:%M}"
    return (
        _(
            "%(who)s removed or emptied “%(name)s” on %(when)s; it is left out here. Please look "
            "at the rest and save once more."
        )
        % words
    )


def _in_words(form) -> str:
    """Say in one sentence who changed an inline row, and what it holds now."""
    who, when = last_change(form.instance)
    names = [name for name in form.changed_data if name in form.fields and name != "DELETE"]
    theirs = [
        f"{form.fields[name].label} {_label(form, name, _shown(form, name))}" for name in names
    ]
    changed = Conflict(who, when, [])
    words = {"changed": changed, "theirs": _(", ").join(theirs) or units.NOTHING}
    return (
        _(
            "%(changed)s It now reads: %(theirs)s. Your entry stands here; "
            "compare, then save once more."
        )
        % words
    )
