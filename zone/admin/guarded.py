"""The model's rule of who may write what (``Row.clean_for``), asked by every form of the admin."""

from __future__ import annotations

from copy import copy

from django.core.exceptions import ValidationError


class GuardedForm:
    """Mixed into the forms of admin classes and inlines; ``user`` is who fills them in."""

    user = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.before = None if self.instance._state.adding else copy(self.instance)

    def _post_clean(self):
        if self.before is not None and not self._errors and not self.has_changed():
            return  # judged when it was written; what others changed since is not this person's
        super()._post_clean()
        try:
            self.instance.clean_for(self.user, self.before)
        except ValidationError as refusal:
            for name, errors in refusal.error_dict.items():
                # What is wrong with the value itself has been said, or stands in another form.
                if name in self.fields and name not in self.errors:
                    self.add_error(name, errors)


def guarded(form: type, user) -> type:
    return type(form.__name__, (GuardedForm, form), {"user": user})


class GuardedAdmin:
    def get_form(self, request, obj=None, change=False, **kwargs):
        return guarded(super().get_form(request, obj, change, **kwargs), request.user)


class GuardedInline:
    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        formset.form = guarded(formset.form, request.user)
        return formset
