"""Violated constraints of concurrent saves, shown on the form of the second.

A form checks a rule before it saves, and the other one may save in between. Then the database
refuses, and what it refuses by is a constraint of a model, with words of its own.
"""

from __future__ import annotations

from django.apps import apps
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from psycopg import errors

from zone.navigation import record_url

BROKEN_RULES = (errors.UniqueViolation, errors.ExclusionViolation, errors.CheckViolation)
AT_ONCE = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)


def clash_error(error: DatabaseError, row: models.Model | None = None) -> ValidationError | None:
    """Return the words for a person whose save lost a race; None for any other fault.

    ``row`` is the one that was being saved: some words name it.
    """
    cause = error.__cause__
    if isinstance(cause, AT_ONCE):
        return ValidationError(SAVED_AT_ONCE, code="clash")
    if isinstance(cause, errors.ForeignKeyViolation):
        return ValidationError(POINTS_NOWHERE, code="clash")
    if isinstance(cause, BROKEN_RULES):
        return rule_of(cause.diag.table_name, cause.diag.constraint_name, row)
    return None


def rule_of(table: str, name: str, row: models.Model | None = None) -> ValidationError | None:
    """Return what the constraint ``name`` of ``table`` says; None for one that no model has."""
    tables = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    if (model := tables.get(table)) is None:
        return None
    row = row if isinstance(row, model) else model()
    for constraint in model._meta.constraints:
        is_worded = constraint.violation_error_message != constraint.default_violation_error_message
        if constraint.name == name and is_worded:
            return ValidationError(constraint.get_violation_error_message(), code="clash")
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table).get(name)
    columns = {field.column: field.name for field in model._meta.concrete_fields}
    names = tuple(columns[column] for column in found["columns"]) if found else ()
    return row.unique_error_message(model, names) if names and found["unique"] else None


class ClashedForm:
    """Mixed into the form of the second try; ``clash`` is what the database answered the first."""

    clash: DatabaseError

    def full_clean(self):
        super().full_clean()
        if not self.is_bound:
            return
        words = clash_error(self.clash, self.instance)
        said = {message for found in self.errors.values() for message in found}
        if not said & set(words.messages):
            self.add_error(None, words)


class ClashAwareAdmin:
    """For admin classes: the words of a rule where another save has made it true meanwhile."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DatabaseError as error:
            if request.method != "POST" or clash_error(error) is None:
                raise
            list(messages.get_messages(request))  # what the first try said of its success
            for file in request.FILES.values():
                file.seek(0)
            request.clash = error
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        if (clash := getattr(request, "clash", None)) is None:
            return form
        return type(form.__name__, (ClashedForm, form), {"clash": clash})

    def delete_view(self, request, object_id, extra_context=None):
        try:
            return super().delete_view(request, object_id, extra_context)
        except DatabaseError as error:
            return self._refused(request, error, record_url(self.model, object_id))

    def response_action(self, request, queryset):
        try:
            return super().response_action(request, queryset)
        except DatabaseError as error:
            return self._refused(request, error, request.get_full_path())

    @staticmethod
    def _refused(request: HttpRequest, error: DatabaseError, address: str) -> HttpResponse:
        if (clash := clash_error(error)) is None:
            raise error
        list(messages.get_messages(request))
        messages.error(request, clash.messages[0])
        return redirect(address)


SAVED_AT_ONCE = _(
    "Somebody else was saving the same rows at this moment; nothing was saved here. Please save "
    "once more."
)
POINTS_NOWHERE = _(
    "Rows that belong together were changed by somebody else in the meantime; nothing was saved. "
    "Please look at them again, then save once more."
)
