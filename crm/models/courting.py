"""Who courts an investor: the first who registered a lead, and nobody beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models.contacts import Contact
from crm.models.enterprises import Enterprise, lock_names
from zone.access.row_access import RowQuerySet
from zone.calendar import local_date
from zone.database.plans import Relation
from zone.fields import NoteField
from zone.identifiers import no_personal_number
from zone.models import AuditEntry
from zone.privacy import masking

SHORTEST_REASON = 10  # characters


class CourtingQuerySet(RowQuerySet):
    def apart(self, access) -> list[CourtingQuerySet]:
        """Return the leads of ``within`` in parts without a common row, which are summed up fast.

        A condition on another table under an OR would be looked up for each lead.
        """
        if access.everything:
            return [self]
        own, projects = self._reached(access)
        own = reduce(or_, own)
        later = Relation(self.model, "project", projects).ids
        return [self.filter(own), self.exclude(own).filter(pk__in=later)]

    def courting(self, leads: Iterable[Courting], *, lock: bool = True) -> dict[Courting, Courting]:
        """Return, for those of ``leads`` whose investor is courted, the oldest lead that does so.

        One investor is one enterprise, enterprises of like name unless both have codes, and one
        telephone number; earlier ones of ``leads`` count as well. Locks names and numbers until
        the end of the transaction, so that of two who register an investor at once the second
        finds the first.
        """
        leads = list(leads)
        names = {lead.enterprise.name_key for lead in leads}
        phones = {lead.phone_key for lead in leads} - {""}
        if lock:
            lock_names(names)
            lock_names(f"phone {key}" for key in phones)
        by_key, found = defaultdict(list), {}
        others = self._of_investors(names, phones).exclude(pk__any_of=[row.pk for row in leads])
        for one in others:
            for key in one.investor_keys:
                by_key[key].append(one)
        for lead in leads:
            near = (one for key in lead.investor_keys for one in by_key[key])
            same = [one for one in near if lead.has_investor_of(one)]
            if same:
                found[lead] = min(same, key=lambda one: (one._state.adding, one.registered_at))
                continue
            for key in lead.investor_keys:
                by_key[key].append(lead)
        return found

    def _of_investors(self, names: set[str], phones: set[str]):
        """Return the open leads of enterprises of these names and of contacts of these numbers."""
        alike = Enterprise._base_manager.filter(name_key__any_of=names)
        found = Q(enterprise__any_of=[*alike.values_list("pk", flat=True)])
        if phones:
            callers = Contact._base_manager.filter(phone_key__any_of=phones)
            found |= Q(contact__any_of=[*callers.values_list("pk", flat=True)])
        rows = self.open().filter(found)
        return rows.select_related("enterprise", "contact", "owner", "chain")


class Courting(models.Model):
    """What courts the investor of its ``enterprise`` and ``contact`` alone while it is open."""

    override_reason = NoteField(
        _("why beside another lead"),
        max_length=500,
        blank=True,
        default="",
        validators=[no_personal_number],
        help_text=_("Why the office lets this lead stand though its investor is courted already."),
    )

    class Meta:
        abstract = True

    def clean_for(self, user, before=None):
        super().clean_for(user, before)
        names = ("enterprise_id", "contact_id")
        moved = before is not None and any(getattr(before, n) != getattr(self, n) for n in names)
        if moved and self.enterprise_id:
            self.refuse_courted(user)

    def refuse_courted(self, user):
        """Refuse a lead whose investor another open one courts, unless the office lets it stand."""
        if self.override_reason:
            return
        if known := type(self).objects.courting([self]).get(self):
            raise ValidationError(
                {"enterprise": ValidationError(known.courted_words(user), code="courted")}
            )

    def courted_words(self, user) -> str:
        """Say who courts the investor; to whom the lead is out of reach only which chain does."""
        if not type(self).objects.visible_to(user).filter(pk=self.pk).exists():
            words = _(
                "This investor is courted by the chain “%(chain)s” already; ask the office, or "
                "file your claim as a conflict."
            )
            return words % {"chain": self.chain}
        words = _(
            "“%(enterprise)s” is courted by %(owner)s since %(day)s (%(stage)s); go on with that "
            "lead, or ask the office."
        )
        return words % {
            "enterprise": self.enterprise,
            "owner": self.owner or _("nobody yet (pool)"),
            "day": local_date(self.registered_at),
            "stage": self.get_stage_display(),
        }

    @property
    def phone_key(self) -> str:
        """Return the keyed hash of the contact's number, of one not saved yet as well."""
        if self.contact_id is None:
            return ""
        return self.contact.phone_key or masking.phone_key(self.contact.phone)

    @property
    def investor_keys(self) -> list[str]:
        """Return what leads of one investor may share."""
        return [self.enterprise.name_key, *filter(None, [self.phone_key])]

    def has_investor_of(self, other: Courting) -> bool:
        if self.phone_key and self.phone_key == other.phone_key:
            return True
        mine, theirs = self.enterprise, other.enterprise
        alike = mine.name_key == theirs.name_key
        return mine.pk == theirs.pk or (alike and mine.may_be(theirs))

    def can_override(self, user) -> bool:
        """Whether ``user`` may let the lead stand beside another of its investor."""
        may = self.is_open and not self.override_reason and user.has_perm("crm.override_lead", self)
        return may and bool(type(self).objects.courting([self], lock=False))

    def refuse_later(self, by):
        """Refuse to convert a lead while an earlier one courts its investor: who was first owns."""
        first = type(self).objects.courting([self]).get(self)
        if first and first.registered_at < self.registered_at and not self.override_reason:
            raise ValidationError(first.courted_words(by), code="courted")

    @transaction.atomic
    def override(self, *, by, reason: str):
        """Let the lead stand beside another of its investor, with the reason."""
        self.lock()
        if not self.can_override(by):
            raise ValidationError(_("This lead stands beside no other."), code="state")
        self.override_reason = reason
        self.refuse_override(by)
        self.save(update_fields=["override_reason"])
        changes = {"override_reason": ["", reason]}
        AuditEntry.objects.record(
            AuditEntry.Action.STATE, by=by, of=self, changes=changes, why=reason
        )

    def refuse_override(self, by):
        """Refuse a reason that is none, or of somebody who lets no lead stand beside another."""
        if not self.override_reason:
            return
        if not by.has_perm("crm.override_lead"):
            raise ValidationError(
                _("Only the office lets a lead stand beside another."), code="post"
            )
        if len(self.override_reason) < SHORTEST_REASON:
            words = _("Please say why in %(least)s characters or more.")
            refusal = ValidationError(words, "short", {"least": SHORTEST_REASON})
            raise ValidationError({"override_reason": refusal})

    override.alters_data = True
