"""Who takes over what lies in a person's hand: the questions of a post's end and of a hand-over."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from zone.admin.state import ReasonForm, StateAction
from zone.models import in_hand

NAMED = 5  # rows


class HandingOverForm(ReasonForm):
    """Asks for each share that this person may pass on who takes it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        reason = self.fields.pop("reason")
        self.people = {}
        for share in self.shares():
            if in_hand.may_pass_on(share, self.user):
                self.fields[share.key] = self._field(share)
        self.fields["reason"] = reason

    def shares(self) -> list[in_hand.Share]:
        return in_hand.shares(self.row)

    def chosen(self) -> dict:
        """Return who takes each share: a person, or what is done with it instead."""
        values = {name: self.cleaned_data[name] for name in self.fields if "." in name}
        return {name: self.people.get(value, value) for name, value in values.items() if value}

    def _field(self, share: in_hand.Share) -> forms.ChoiceField:
        choices = {"": _("Select value")}
        if share.hand.drop:
            choices[in_hand.DROP] = share.hand.drop_label
        if in_hand.keeps(share, self._ended()):
            choices[in_hand.KEEP] = _("%(person)s goes on with it") % {"person": share.person}
        for post in share.successors():
            choices.setdefault(str(post.user_id), str(post))
            self.people[str(post.user_id)] = post.user
        return forms.ChoiceField(
            label=_("%(what)s: %(count)s, to") % {"what": share.label, "count": share.count},
            choices=choices,
            required=False,
            widget=UnfoldAdminSelectWidget,
            help_text=self._names(share, len(choices) > 1),
        )

    def _names(self, share: in_hand.Share, has_choice: bool) -> str:
        rows = share.model._default_manager.visible_to(self.user).filter(pk__in=share.rows())
        names = _(", ").join(str(row) for row in rows[:NAMED])
        if share.count > NAMED:
            names = _("%(names)s and others") % {"names": names}
        if has_choice:
            return names
        return _("%(names)s. Nobody else holds a post for it: appoint a successor first.") % {
            "names": names
        }

    def _ended(self):
        return None


class HandOverForm(HandingOverForm):
    def apply(self):
        self.row.hand_over(by=self.user, reason=self.cleaned_data["reason"], to=self.chosen())


def in_words(found: list[in_hand.Share]) -> str:
    lines = [
        _("%(what)s: %(count)s") % {"what": share.label, "count": share.count} for share in found
    ]
    return _("; ").join(lines)


HAND_OVER = StateAction(
    "hand-over",
    gettext_lazy("Hand over"),
    HandOverForm,
    can="can_hand_over",
    done=gettext_lazy("What %(row)s had in hand is handed over."),
    explain=lambda person: (
        _(
            "All of it changes hands in one act, each row with your reason in its history. Shares "
            "of results stay with %(person)s."
        )
        % {"person": person}
    ),
)


class LeftWithWorkFilter(admin.SimpleListFilter):
    """People whose posts have ended and in whose hand something still lies."""

    title = gettext_lazy("work in hand")
    parameter_name = "in_hand"

    def lookups(self, request, model_admin):
        return [("left", _("left, and not handed over"))]

    def queryset(self, request, rows):
        return rows.filter(in_hand.people_left_with_work()) if self.value() == "left" else rows
