"""Open leads of an enterprise: the same investor is not registered twice."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from crm.models import Enterprise, Lead


def courted(enterprises: Iterable[UUID]) -> dict[UUID, Lead]:
    """Return the oldest open lead of each enterprise that has one, with its owner.

    Locks the enterprises until the end of the transaction, so that of two who register a lead
    of one enterprise at once the second one finds the first. An enterprise stands for every
    spelling of its name: no two share one, nor a credit code.
    """
    ids = set(enterprises)
    locked = Enterprise.objects.filter(pk__any_of=ids).order_by("pk").select_for_update(no_key=True)
    list(locked.values_list("pk"))
    leads = Lead.objects.open().filter(enterprise__any_of=ids).select_related("owner")
    # Newest first, so that the oldest overwrites the others.
    return {lead.enterprise_id: lead for lead in leads.order_by("-registered_at", "-pk")}
