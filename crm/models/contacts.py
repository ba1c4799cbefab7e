from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zone import identifiers
from zone.access.origin import Origin
from zone.access.row_access import RowQuerySet
from zone.calendar import local_date, today
from zone.feed.synced import Synced
from zone.fields import (
    LineField,
    MailField,
    PersonKeyField,
    PhoneEndKeyField,
    PhoneField,
    PhoneKeyField,
    WeChatField,
    trigram_index,
)
from zone.models import ApiReply, AuditEntry, ImportRun, ZoneSetting
from zone.models.base import Row
from zone.privacy import masking

ANONYMOUS = "已匿名"  # stored in place of the name


class ContactQuerySet(RowQuerySet):
    def within(self, access):
        """Return whom the person courts: contacts of own leads and led chains, and those entered.

        Of own leads is also who handles the project that a lead became; a lead of the pool is
        claimed first. Not every contact of an enterprise: else a new lead, or the chain that
        somebody writes on the enterprise, would open them to its maker.
        """
        if access.everything:
            return self
        user = access.user
        leads = Contact._meta.get_field("leads").related_model.objects
        handled = Contact._meta.get_field("leads").related_model._meta.get_field("project")
        courted = leads.opened(
            access,
            Q(owner=user),
            Q(chain__in=access.led_chains),
            by={"project": handled.related_model.objects.filter(handler=user)},
        )
        return self.opened(access, Q(entered_by=user), by={"leads": courted})

    def with_number(self, number: str):
        """Return the contacts of this whole telephone number, however it is spelt."""
        key = masking.phone_key(number)
        return self.filter(phone_key=key) if key else self.none()

    def with_ending(self, digits: str):
        """Return the contacts whose mobile number ends with these four digits."""
        return self.filter(phone_end_key=masking.ending_key(digits))

    def past_retention(self, on: date | None = None):
        """Return those whose data is no longer to be kept."""
        return self.filter(anonymised_at=None, retain_until__lt=on or today())

    def needed(self):
        """Return those of an open lead: they are still being talked to."""
        leads = Contact._meta.get_field("leads").related_model
        return self.filter(Exists(leads.objects.open().filter(contact=OuterRef("pk"))))

    def keep_from(self, day: date):
        """Keep the data for its full time from ``day`` on; it is never kept for less."""
        until = retention_from(day)
        return self.filter(anonymised_at=None, retain_until__lt=until).update(retain_until=until)


def retention_from(day: date) -> date:
    days = ZoneSetting.values()[ZoneSetting.Key.CONTACT_RETENTION_DAYS]
    return day + timedelta(days=int(days))


class Contact(Row):
    """A person of an enterprise, with the work numbers needed to reach them."""

    SYNC = Synced(7, "contacts", paths=("entered_by", "leads__chain"))

    class Role(models.TextChoices):
        DECIDER = "DECIDER", _("decides")
        INFLUENCER = "INFLUENCER", _("influences")
        USER = "USER", _("uses")
        HANDLER = "HANDLER", _("handles")

    class Stance(models.TextChoices):
        SUPPORTS = "SUPPORTS", _("supports")
        NEUTRAL = "NEUTRAL", _("neutral")
        OPPOSES = "OPPOSES", _("opposes")

    class Consent(models.TextChoices):
        CARD = "CARD", _("business card")
        TOLD = "TOLD", _("told by telephone or in a meeting")
        PUBLIC = "PUBLIC", _("public source")
        REFERRAL = "REFERRAL", _("referral")
        OTHER = "OTHER", _("other")

    BELONGS_TO = ()  # some see the enterprise and not whom to call there
    NUMBERS = ("phone", "wechat", "email")
    PERSONAL = ("name", "title", *NUMBERS, "phone_key", "phone_end_key")
    EMPTIED = ("consent_source", "stance")  # said of a person, and of nobody afterwards

    enterprise = models.ForeignKey(
        "crm.Enterprise",
        models.CASCADE,
        related_name="contacts",
        verbose_name=_("enterprise"),
    )
    name = LineField(_("full name"), max_length=50, validators=[identifiers.no_personal_number])
    sort_key = PersonKeyField()
    title = LineField(
        _("post"),
        max_length=50,
        blank=True,
        default="",
        validators=[identifiers.no_personal_number],
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, blank=True, default="")
    stance = models.CharField(
        _("stance"),
        max_length=8,
        choices=Stance,
        blank=True,
        default="",
        help_text=_("How the person stands to the investment here."),
    )
    phone = PhoneField(_("telephone"), max_length=20, blank=True, default="")
    phone_key = PhoneKeyField(blank=True, default="", db_index=True)
    phone_end_key = PhoneEndKeyField(blank=True, default="", db_index=True)
    wechat = WeChatField(_("WeChat"), max_length=50, blank=True, default="")
    email = MailField(_("e-mail"), max_length=254, blank=True, default="")
    consent_source = models.CharField(
        _("how we came to know"),
        max_length=10,
        choices=Consent,
        blank=True,
        default="",
        help_text=_("On what ground the person's data is kept."),
    )
    retain_until = models.DateField(
        _("keep until"),
        null=True,
        blank=True,
        help_text=_("Empty: the office's usual time from now on; each follow-up prolongs it."),
    )
    anonymised_at = models.DateTimeField(_("anonymised at"), null=True, blank=True, editable=False)
    entered_by = models.ForeignKey(
        "zone.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="entered_contacts",
        editable=False,
        verbose_name=_("entered by"),
    )

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("sort_key", "id")
        indexes = [
            models.Index(fields=["sort_key", "id"], name="contact_sort_key"),
            trigram_index("name", name="crm_contact_name_trgm"),
            trigram_index("sort_key", name="crm_contact_pinyin"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(anonymised_at=None)
                | Q(
                    name=ANONYMOUS,
                    title="",
                    phone="",
                    phone_key="",
                    phone_end_key="",
                    wechat="",
                    email="",
                    consent_source="",
                    stance="",
                ),
                name="contact_anonymised_is_empty",
                violation_error_message=_(
                    "This contact has been anonymised; please add a new contact instead."
                ),
            )
        ]
        permissions = [
            ("view_contact_pii", _("Can reveal contact data")),
            ("anonymise_contact", _("Can anonymise contacts")),
        ]

    def __str__(self):
        if self.anonymised_at:
            return str(_("anonymised"))
        return f"{self.name}（{self.title}）" if self.title else self.name

    def save(self, *args, **kwargs):
        self.set_derived_fields([self])
        super().save(*args, **kwargs)

    @classmethod
    def set_derived_fields(cls, rows):
        unset = [row for row in rows if row.retain_until is None]
        since = {r: today() if r._state.adding else local_date(r.created_at) for r in unset}
        until = {day: retention_from(day) for day in set(since.values())}
        for row, day in since.items():
            row.retain_until = until[day]

    def audit_name(self) -> str:
        """Name the enterprise, not the person: the trail outlives an anonymised contact."""
        return f"{self.enterprise} · {self._meta.verbose_name}"

    @property
    def numbers(self) -> dict:
        """Return what the person can be reached by, {field: masked text}."""
        return {name: getattr(self, name) for name in self.NUMBERS if getattr(self, name)}

    def can_change(self, user) -> bool:
        return self.anonymised_at is None

    def clean_for(self, user, before=None):
        """Refuse to take a contact away from the leads that name it."""
        super().clean_for(user, before)
        if before is None or before.enterprise_id == self.enterprise_id:
            return
        if self.leads.exists():
            message = _("Leads of the former enterprise name this contact; choose another there.")
            raise ValidationError({"enterprise": ValidationError(message, code="in_use")})

    def can_reveal(self, user) -> bool:
        return bool(self.numbers) and user.has_perm("crm.view_contact_pii", self)

    def can_anonymise(self, user) -> bool:
        return self.anonymised_at is None and user.has_perm("crm.anonymise_contact", self)

    def refuse_name_in(self, text: str):
        """Keep the person out of a reason, which nothing could take out of the trail again."""
        identifiers.no_personal_number(text)
        if self.name and self.name in identifiers.visible(text):
            raise ValidationError(
                _("Please leave the person's name out; the trail is kept for good."), code="name"
            )

    @transaction.atomic
    def anonymise(self, *, by, reason: str, origin: Origin | None = None):
        """Empty everything that tells who this was; the row, its links and all counts stay."""
        self.refresh_from_db(from_queryset=Contact.objects.select_for_update(of=("self",)))
        if self.anonymised_at:
            raise ValidationError(_("This contact has already been anonymised."), code="done")
        if not reason:
            raise ValidationError({"reason": _("Please say why.")}, code="reason")
        try:
            self.refuse_name_in(reason)
        except ValidationError as refusal:
            raise ValidationError({"reason": refusal}) from refusal
        emptied = [name for name in self.PERSONAL if name[-4:] != "_key" and getattr(self, name)]
        for name in (*self.PERSONAL, *self.EMPTIED):
            setattr(self, name, "")
        self.name, self.anonymised_at = ANONYMOUS, timezone.now()
        self.save(update_fields=[*self.PERSONAL, *self.EMPTIED, "anonymised_at"])
        ApiReply.objects.forget(self)
        ImportRun.objects.forget(self)
        AuditEntry.objects.record(
            AuditEntry.Action.ANONYMISED,
            by=by,
            of=self,
            why=reason,
            origin=origin,
            fields=emptied,
        )

    anonymise.alters_data = True
