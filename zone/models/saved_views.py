from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zone.access.row_access import RowQuerySet
from zone.fields import LineField
from zone.identifiers import no_personal_number
from zone.models.appointments import Appointment
from zone.models.base import Row

EVERYBODY = "EVERYBODY"
COLUMNS, VIEW = "columns", "view"  # parameters of a list


class SavedViewQuerySet(RowQuerySet):
    def within(self, access):
        """Return one's own views and those shared with one's posts; no other's private one."""
        if access.user.is_superuser:
            return self
        shared = Q(shared_with__in=[EVERYBODY, *access.roles])
        return self.filter(Q(owner=access.user) | shared)


class SavedView(Row):
    """A list with filters, order and columns under a name, of one person or shared by the office.

    ``model`` is the label of what is listed, ``query`` the query string of the list. It opens no
    row: the list shows whoever calls it up what is within their own reach.
    """

    SYNC = None
    SHARED_WITH = [(EVERYBODY, _("everybody")), *Appointment.Role.choices]

    name = LineField(_("name"), max_length=30, validators=[no_personal_number])
    model = LineField(_("list"), max_length=100)
    query = LineField(_("filters, order and columns"), max_length=1000, blank=True)
    owner = models.ForeignKey(
        "zone.User",
        models.CASCADE,
        related_name="saved_views",
        editable=False,
        verbose_name=_("owner"),
        db_index=False,
    )
    shared_with = models.CharField(
        _("shared with"), max_length=20, choices=SHARED_WITH, blank=True, default=""
    )
    is_default = models.BooleanField(_("opens first"), default=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ("created_at", "id")
        permissions = [("share_savedview", _("Can share views of lists"))]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "model", "name"],
                name="saved_view_name",
                violation_error_message=_("You have a view of this name already."),
            ),
            models.UniqueConstraint(
                fields=["owner", "model"],
                condition=Q(is_default=True),
                name="saved_view_one_default",
                violation_error_message=_("Another view was made to open first meanwhile."),
            ),
        ]

    def __str__(self):
        return self.name

    @transaction.atomic
    def save(self, *args, **kwargs):
        """Save; of the views of one list one opens first."""
        if self.is_default:
            others = SavedView.objects.filter(owner=self.owner, model=self.model, is_default=True)
            others.exclude(pk=self.pk).update(is_default=False)
        super().save(*args, **kwargs)

    def can_change(self, user) -> bool:
        return self._state.adding or self.owner_id == user.pk

    def clean_for(self, user, before=None):
        super().clean_for(user, before)
        if self.shared_with and not user.has_perm("zone.share_savedview"):
            refusal = ValidationError(_("Only the office shares views."), code="post")
            raise ValidationError({"shared_with": refusal})
