from datetime import date, timedelta

from crm.models import Contact, Enterprise
from crm.models.tags import EnterpriseTag, TagKind
from projects.demo.data import DemoData
from zone.models import ChainSegment

YEARS = timedelta(days=3 * 365)  # a certificate is valid for three


def build(data: DemoData):
    """Add tags, places in the chain, some groups of companies, and where contacts stand."""
    kinds = list(TagKind.objects.filter(is_active=True)[:7])
    segments = {}
    for segment in data.rows[ChainSegment]:
        segments.setdefault(segment.chain_id, []).append(segment)
    enterprises = data.rows[Enterprise]
    for place, enterprise in enumerate(enterprises):
        if place % 3 == 0 and enterprise.chain_id in segments:
            enterprise.segment = data.rng.choice(segments[enterprise.chain_id])
        if place % 12 in (1, 2):  # below the one before them, of the same chain
            above = enterprises[place - place % 12]
            enterprise.parent = above if above.chain_id == enterprise.chain_id else None
        for kind in data.rng.sample(kinds, min(len(kinds), place % 4)):
            _tag(data, enterprise, kind)
    for contact in data.rows[Contact]:
        contact.stance = data.rng.choice(("SUPPORTS", "SUPPORTS", "NEUTRAL", "OPPOSES", ""))


def _tag(data: DemoData, enterprise: Enterprise, kind: TagKind):
    since = data.day_between(date(2021, 6, 1), date(2025, 10, 31))
    until = since + YEARS if data.rng.random() < 0.8 else None
    data.add(
        EnterpriseTag,
        since,
        enterprise=enterprise,
        kind=kind,
        valid_from=since,
        valid_until=until,
    )
