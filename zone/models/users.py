from __future__ import annotations

from datetime import date

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from zone.access.origin import Origin
from zone.access.roles import giving
from zone.access.row_access import RowQuerySet
from zone.calendar import today
from zone.fields import LineField, NameField, PersonKeyField
from zone.identifiers import no_personal_number
from zone.models import in_hand
from zone.models.alerts import SecurityAlert
from zone.models.audit import AuditEntry
from zone.models.base import Row

Action = AuditEntry.Action


class Account(AbstractUser):
    """The login of a person: password, second factor and sessions; it takes a post held today."""

    origin = Origin()  # of the request that this object serves

    username = NameField(
        _("username"),
        max_length=150,
        unique=True,
        help_text=_("Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only."),
        validators=[AbstractUser.username_validator],
        error_messages={"unique": _("A user with that username already exists.")},
    )
    must_change_password = models.BooleanField(
        _("must change the password"),
        default=False,
        editable=False,
        help_text=_("Set when somebody else chose the password."),
    )
    password_changed_at = models.DateTimeField(
        _("password changed at"), null=True, blank=True, editable=False
    )
    is_service = models.BooleanField(_("stands for another system"), default=False, editable=False)
    password_chosen_by = models.ForeignKey(
        "zone.User",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("password chosen by"),
        help_text=_("Empty when the person chose it."),
    )
    handover_code = models.CharField(max_length=128, blank=True, default="", editable=False)
    handover_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    # Part of every session's fingerprint: raising it ends them all.
    session_round = models.PositiveIntegerField(
        _("rounds of sessions ended"), default=0, editable=False
    )

    class Meta(AbstractUser.Meta):
        abstract = True

    def posts(self, on: date | None = None) -> list[tuple]:
        """Return ``(role, chain, park)`` of the posts held on a day, the places by their ids.

        Asked once for each object, as Django does with permissions: every request loads its own.
        """
        on = on or today()
        known = self.__dict__.setdefault("_posts", {})
        if on not in known and self.is_service:
            known[on] = []
        if on not in known:
            current = self.appointments.current(on).order_by()
            known[on] = list(current.values_list("role", "chain", "park"))
        return known[on]

    def roles_giving(self, permission: str) -> frozenset[str] | None:
        """Return the roles held that give ``permission``; None where all do, or none is asked."""
        roles = self.roles() & giving(permission)
        return None if self.is_superuser or self.is_service or roles == self.roles() else roles

    def roles(self, on: date | None = None) -> frozenset[str]:
        return frozenset(role for role, _chain, _park in self.posts(on))

    @property
    def may_enter(self) -> bool:
        """Whether the pages open at all: for who holds a post today, and for a superuser."""
        return self.is_active and (self.is_superuser or bool(self.roles()))

    # Second factor

    @property
    def needs_second_factor(self) -> bool:
        """Whether a role, by the setting, asks for a code besides the password."""
        asked = set(settings.SECOND_FACTOR_ROLES)
        if not asked:
            return False
        return self.is_superuser and "SUPERUSER" in asked or bool(asked & self.roles())

    @property
    def has_second_factor(self) -> bool:
        return self.totpdevice_set.filter(confirmed=True).exists()

    def can_reset_second_factor(self, user) -> bool:
        return (
            user.has_perm("zone.reset_second_factor")
            and user.pk != self.pk
            and not self.is_above(user)
            and self.totpdevice_set.exists()  # a phone half set up may be a stranger's, too
        )

    @transaction.atomic
    def reset_second_factor(self, *, by, reason: str):
        """Take phone and recovery codes away, for instance when the phone is lost."""
        if not self.can_reset_second_factor(by):
            raise ValidationError(
                _("You cannot reset this second factor; please ask another security administrator.")
            )
        self.totpdevice_set.all().delete()
        self.staticdevice_set.all().delete()
        self.end_sessions()
        AuditEntry.objects.record(Action.SECOND_FACTOR, by=by, of=self, why=reason, step="reset")

    reset_second_factor.alters_data = True

    # Password

    def can_reset_password(self, user) -> bool:
        return user.has_perm("zone.change_user") and user.pk != self.pk and not self.is_above(user)

    @transaction.atomic
    def change_password(self, password: str, *, by, reason: str = ""):
        """Set the password and end the sessions; one chosen by another must be changed soon."""
        own = by.pk == self.pk
        self.set_password(password)
        self.must_change_password = not own
        self.password_changed_at = timezone.now()
        self.password_chosen_by = None if own else by
        self.handover_code = ""
        self.save(
            update_fields=[
                "password",
                "must_change_password",
                "password_changed_at",
                "password_chosen_by",
                "handover_code",
            ]
        )
        AuditEntry.objects.record(Action.PASSWORD, by=by, of=self, why=reason, own=own)
        if self.needs_handover_code:
            SecurityAlert.objects.note_anew(SecurityAlert.Kind.PASSWORD, by)

    change_password.alters_data = True

    @property
    def needs_handover_code(self) -> bool:
        """Whether somebody with fewer rights than this account's knows its password.

        They could log in with it and hold rights not their own: the password opens the account
        only together with a code from a third person (``zone.login.handover``).
        """
        chosen_by = self.password_chosen_by if self.must_change_password else None
        return chosen_by is not None and not self._within_rights_of(chosen_by)

    def can_issue_handover_code(self, user) -> bool:
        """Whoever holds the account's rights hands it over, or the security administrator."""
        if not self.must_change_password or user.pk in (self.pk, self.password_chosen_by_id):
            return False
        appoints = user.has_perm("zone.add_appointment") and self._within_rights_of(user)
        return (appoints or user.has_perm("zone.reset_second_factor")) and self.needs_handover_code

    def is_above(self, user) -> bool:
        """Whether only a superuser may touch this account."""
        return self.is_superuser and not user.is_superuser

    def _within_rights_of(self, user) -> bool:
        return user.is_superuser or self.get_all_permissions() <= user.get_all_permissions()

    # Sessions

    def can_sign_out(self, user) -> bool:
        return user.has_perm("zone.change_user") and user.pk != self.pk and not self.is_above(user)

    @transaction.atomic
    def sign_out_everywhere(self, *, by, reason: str = ""):
        """End every session of this person at its next request."""
        self.end_sessions()
        AuditEntry.objects.record(Action.LOGOUT, by=by, of=self, why=reason, step="everywhere")

    sign_out_everywhere.alters_data = True

    def end_sessions(self):
        """Let no session go on; the caller writes why, and keeps its own if it is to stay."""
        locked = type(self).objects.select_for_update().get(pk=self.pk)
        self.session_round = locked.session_round + 1
        self.save(update_fields=["session_round"])

    end_sessions.alters_data = True

    def get_session_auth_hash(self):
        return self._session_fingerprint()

    def get_session_auth_fallback_hash(self):
        return (self._session_fingerprint(secret) for secret in settings.SECRET_KEY_FALLBACKS)

    def _session_fingerprint(self, secret: str | None = None) -> str:
        """What a session must carry to be this person's: it ends with password and round."""
        parts = f"{self.password} {self.session_round}"
        return salted_hmac("zone.session", parts, secret=secret, algorithm="sha256").hexdigest()


class UserQuerySet(RowQuerySet):
    def within(self, access):
        """Return everybody to offices and administrators.

        Others see those of the own chains, and those who run errands for all of them.
        """
        self = self.filter(is_service=False)  # another system is nobody to choose
        if access.knows_people:
            return self
        appointments = User.appointments.rel.related_model.objects
        errands = Q(role="SERVICE_AGENT") if access.all_chains else Q()
        posts = appointments.current(today()).filter(Q(chain__in=access.all_chains) | errands)
        return self.filter(Q(pk=access.user.pk) | Q(pk__in=posts.order_by().values("user")))

    def holding(self, role: str, on: date | None = None):
        """Return those who hold a post of this role on a day."""
        posts = User.appointments.rel.related_model.objects.current(on or today())
        return self.filter(pk__in=posts.filter(role=role).order_by().values("user"))


class PeopleManager(UserManager.from_queryset(UserQuerySet)):
    use_in_migrations = False

    def _create_user_object(self, username, email, password, **fields):
        """Hold every command that makes an account to the password rule, asked or not.

        Django's ``createsuperuser`` skips it without input, and offers to skip it otherwise.
        """
        if password is not None:
            validate_password(password, self.model(username=username, email=email, **fields))
        return super()._create_user_object(username, email, password, **fields)


class User(Row, Account):
    """A person who logs in."""

    SYNC = None
    WRITE_ONCE = ("username",)
    PERSONAL = ("password", "email", "handover_code")  # never written into the trail

    display_name = LineField(
        _("display name"), max_length=50, blank=True, default="", validators=[no_personal_number]
    )
    sort_key = PersonKeyField(of="display_name")
    department = LineField(
        _("department"), max_length=100, blank=True, default="", validators=[no_personal_number]
    )

    objects = PeopleManager()

    class Meta(Account.Meta):
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("sort_key", "username")
        permissions = [("reset_second_factor", "Can reset the second factor of a person")]

    def __str__(self):
        return self.display_name or self.username

    def clean_for(self, user, before=None):
        """Refuse to close an account in whose hand something lies that ``user`` can pass on."""
        super().clean_for(user, before)
        is_closed = before is not None and before.is_active and not self.is_active
        if is_closed and self.can_hand_over(user):
            words = _("Hand over first what this person has in hand; the button is above.")
            raise ValidationError({"is_active": ValidationError(words, code="in_hand")})

    def can_hand_over(self, user) -> bool:
        return any(in_hand.may_pass_on(share, user) for share in in_hand.shares(self))

    @transaction.atomic
    def hand_over(self, *, by, reason: str, to: dict):
        """Pass on what lies in this person's hand: ``to`` names who takes each share of it."""
        in_hand.hand_over(in_hand.shares(self), to, by=by, reason=reason)

    hand_over.alters_data = True

    def get_full_name(self):
        return str(self)

    get_short_name = get_full_name

    @property
    def name_and_account(self) -> str:
        """Return who this is for the trail: a name can be changed by its owner, or borrowed."""
        named = self.display_name and self.display_name != self.username
        # The account is what identifies: a long name is cut for it.
        name = self.display_name[: max(0, 148 - len(self.username))]
        return f"{name}（{self.username}）" if named else self.username
