"""``me`` and ``dictionaries``: what this key may do, and what every code means."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from zone.api.documenting import Answer, Operation
from zone.api.examples import ME
from zone.api.paging import LONGEST, USUAL
from zone.api.parsing import LARGEST
from zone.api.resources import RESOURCES
from zone.api.shapes import MOMENT, UUID, array_schema, named, nullable, object_schema, ref
from zone.api.views import ApiView
from zone.feed.log import RETENTION_DAYS, lag
from zone.models import IndustryChain, Park, WorkerBeat

TEXTS, COUNT = array_schema({"type": "string"}), {"type": "integer", "minimum": 0}


@named("Me")
def me_shape() -> dict:
    rows = {"zone": {"type": "boolean"}, "chains": TEXTS, "parks": TEXTS}
    limits = ("requests_a_minute", "page", "usual_page", "body_bytes", "feed_days")
    about = _("Whether what writes uploads and sends webhooks has been silent for a minute.")
    worker = {
        "last_beat_at": nullable(MOMENT),
        "is_silent": {"type": "boolean", "description": about},
    }
    fields = {
        "client": {"type": "string"},
        "account": {**UUID, "description": _("In whose name the histories tell what it did.")},
        "scopes": TEXTS,
        "sources": {**TEXTS, "description": _("Under which it writes references.")},
        "rows": object_schema(rows, rows),
        "key": object_schema(
            {"id": {"type": "string"}, "expires_at": MOMENT}, ("id", "expires_at")
        ),
        "limits": object_schema(dict.fromkeys(limits, COUNT), limits),
        "feed": object_schema({"lag_ms": COUNT}, ("lag_ms",)),
        "worker": object_schema(worker, worker),
    }
    return object_schema(fields, fields)


@named("Dictionaries")
def dictionaries_shape() -> dict:
    coded = [resource for resource in RESOURCES.values() if resource.choices]
    fields = {
        resource.name: object_schema(
            {name: array_schema(ref("Code")) for name, _pairs in resource.choices}
        )
        for resource in coded
    }
    return object_schema(fields, fields)


@named("Code")
def code_shape() -> dict:
    return object_schema(dict.fromkeys(("code", "label"), {"type": "string"}), ("code", "label"))


class MeView(ApiView):
    documented = {
        "GET": Operation(
            name="me",
            about=_("Read what this key may do, its limits, and how far the feed lags"),
            tag="about",
            answers={200: Answer(_("This client."), ref("Me"), ME)},
        )
    }

    def get(self, request):
        client, key = self.caller.client, self.caller.key
        pulse = WorkerBeat.objects.pulse()
        codes = {
            "chains": IndustryChain.objects.filter(pk__in=self.caller.scope.chains),
            "parks": Park.objects.filter(pk__in=self.caller.scope.parks),
        }
        return Response(
            {
                "client": client.name,
                "account": client.account_id,
                "scopes": sorted(client.scopes),
                "sources": sorted(client.sources),
                "rows": {"zone": client.whole_zone}
                | {
                    name: sorted(rows.values_list("code", flat=True))
                    for name, rows in codes.items()
                },
                "key": {"id": key.key_id, "expires_at": key.expires_at},
                "limits": {
                    "requests_a_minute": settings.API_REQUESTS_A_MINUTE,
                    "page": LONGEST,
                    "usual_page": USUAL,
                    "body_bytes": LARGEST,
                    "feed_days": RETENTION_DAYS,
                },
                "feed": {"lag_ms": lag()},
                "worker": {"last_beat_at": pulse.last_beat_at, "is_silent": pulse.is_silent},
            }
        )


class DictionariesView(ApiView):
    """Every code with its label in the language asked for."""

    documented = {
        "GET": Operation(
            name="dictionaries",
            about=_("Read every code with its label, in the language asked for"),
            tag="about",
            answers={200: Answer(_("The codes, by resource and field."), ref("Dictionaries"))},
        )
    }

    def get(self, request):
        return Response(
            {
                resource.name: {
                    name: [{"code": code, "label": str(label)} for code, label in pairs]
                    for name, pairs in resource.choices
                }
                for resource in RESOURCES.values()
                if resource.choices
            }
        )
