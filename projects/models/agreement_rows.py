"""Which agreements count, which wait, and what somebody did to them."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q, Value

from projects.models.figure_work import work_of
from projects.models.projects import Project
from zone.access.row_access import RowQuerySet
from zone.database.plans import holds


class AgreementQuerySet(RowQuerySet):
    def signed_in(self, year: int, on: date):
        """Return those signed within ``year`` and not after ``on``."""
        return self.filter(
            signed_on__gte=date(year, 1, 1), signed_on__lte=min(on, date(year, 12, 31))
        )

    def counted_projects(self):
        """Return the agreements that make a project count: recognised, formal, not excluded."""
        return self.filter(
            kind=self.model.Kind.FORMAL, recognised_on__isnull=False, exclusion_reason=""
        )

    def counted_amounts(self):
        """Return the agreements whose amount counts: counted projects and their supplements."""
        formal = self.model.objects.counted_projects().filter(
            project=OuterRef("project"), signed_on__lte=OuterRef("signed_on")
        )
        return self.filter(
            Q(kind=self.model.Kind.FORMAL) | Q(Exists(formal), kind=self.model.Kind.SUPPLEMENT),
            recognised_on__isnull=False,
            exclusion_reason="",
        )

    def pending(self):
        """Return those that wait for recognition and may still get it.

        Of a project's formal agreements one counts: none waits beside a recognised one, and
        of several that wait the earliest does. A supplement of an excluded project never will.
        """
        siblings = self.model.objects.filter(
            project=OuterRef("project"), kind=self.model.Kind.FORMAL
        )
        recognised = siblings.filter(recognised_on__isnull=False)
        earlier = siblings.filter(recognised_on=None, exclusion_reason="").filter(
            Q(signed_on__lt=OuterRef("signed_on"))
            | Q(signed_on=OuterRef("signed_on"), pk__lt=OuterRef("pk"))
        )
        return self.filter(
            Q(~Exists(recognised), ~Exists(earlier), kind=self.model.Kind.FORMAL)
            | Q(
                ~Exists(recognised.exclude(exclusion_reason="")),
                kind=self.model.Kind.SUPPLEMENT,
            ),
            recognised_on=None,
            exclusion_reason="",
        ).exclude(project__status=Project.Status.TERMINATED)

    def with_standing(self):
        """Annotate ``counts`` and ``waits``: whether each is among those that count or wait."""
        one = self.model.objects.order_by().filter(pk=OuterRef("pk"))
        return self.annotate(counts=holds(one.counted_amounts()), waits=holds(one.pending()))

    def with_work_of(self, user):
        """Annotate what bars ``user`` from recognising each, as ``work``; empty when nothing."""
        return self.annotate(work=work_of(user), work_of=Value(user.pk))
