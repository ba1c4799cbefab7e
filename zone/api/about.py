"""``me`` and ``dictionaries``: what this key may do, and what every code means."""

from django.conf import settings
from rest_framework.response import Response

from zone.api.paging import LONGEST, USUAL
from zone.api.parsing import LARGEST
from zone.api.resources import RESOURCES
from zone.api.views import ApiView
from zone.feed.log import RETENTION_DAYS, lag
from zone.models import IndustryChain, Park


class MeView(ApiView):
    def get(self, request):
        client, key = self.caller.client, self.caller.key
        codes = {
            "chains": IndustryChain.objects.filter(pk__in=self.caller.scope.chains),
            "parks": Park.objects.filter(pk__in=self.caller.scope.parks),
        }
        return Response(
            {
                "client": client.name,
                "account": client.account_id,
                "scopes": sorted(client.scopes),
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
            }
        )


class DictionariesView(ApiView):
    """Every code with its label in the language asked for."""

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
