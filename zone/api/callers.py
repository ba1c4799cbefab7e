"""Authentication of interface clients by their key."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import OuterRef
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from zone.access.origin import API, Origin, client_address
from zone.feed.scope import Scope
from zone.feed.synced import sync_of
from zone.models import ApiClient, ApiKey
from zone.models.clients import PREFIX, digest


@dataclass(frozen=True)
class Caller:
    """A client that has shown its key, with the rows it sees."""

    client: ApiClient
    key: ApiKey
    scope: Scope

    def may(self, scope: str) -> bool:
        return self.client.may(scope)

    def sees(self, model: type[models.Model], rows: list[models.Model]) -> bool:
        """Whether all ``rows`` are within reach; a kind that is not synchronised is no client's."""
        if sync_of(model) is None:
            return True
        seen = self.scope.rows(model).filter(pk__in=[row.pk for row in rows])
        return seen.count() == len(rows)


class KeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer crm_<key id>_<secret>``; one answer for whatever is wrong with it."""

    def authenticate(self, request):
        kind, _blank, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        key = find_key(text.strip())
        if key is None:
            raise AuthenticationFailed(REFUSED)
        caller = _caller(key)
        address = client_address(request)
        if not caller.client.may_call_from(address):
            raise PermissionDenied(_("This key may not be used from the address %s.") % address)
        key.note_use(timezone.now())
        account = caller.client.account
        account.api_client = caller.client
        account.origin = Origin(API, address)
        return account, caller

    def authenticate_header(self, request: HttpRequest) -> str:
        return 'Bearer realm="api"'


REFUSED = _("This key is unknown, expired or revoked; please ask the security administrator.")


def find_key(text: str) -> ApiKey | None:
    """Return the key in force that ``text`` is, found by its id and compared in constant time."""
    prefix, _first, rest = text.partition("_")
    key_id, _second, secret = rest.partition("_")
    if prefix != PREFIX or not key_id.isascii() or "\0" in text:
        return None
    keys = ApiKey.objects.live().filter(key_id=key_id, client__is_disabled=False)
    some = {name: _ids(name) for name in ("chains", "parks")}
    key = keys.select_related("client__account").annotate(**some).first()
    # An unknown id costs the same comparison as a wrong secret.
    known = key.digest if key else "-" * 64
    return key if hmac.compare_digest(known, digest(secret)) and key else None


def _ids(name: str) -> ArraySubquery:
    """Return what a client is given of ``name``: a subquery, for a join would group all columns."""
    field = ApiClient._meta.get_field(name)
    given = field.remote_field.through.objects.filter(apiclient=OuterRef("client"))
    return ArraySubquery(given.order_by().values(field.m2m_reverse_field_name()))


def _caller(key: ApiKey) -> Caller:
    client = key.client
    chains, parks = frozenset(key.chains), frozenset(key.parks)
    scope = Scope(client.whole_zone, chains, parks, client.account_id, client.rights)
    return Caller(client, key, scope)
