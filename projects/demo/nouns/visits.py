from crm.models import Lead
from crm.models.visits import Visit
from projects.demo.data import DemoData, words


def build(data: DemoData):
    """Add a visit to every ninth lead."""
    for lead in data.rows[Lead][::9]:
        day, number = data.day_after(lead.created_at.date(), 1, 20), data.rng.randint(2, 8)
        kind, told = data.rng.choice((("VISITED", "VISIT_OUT"), ("RECEIVED", "VISIT_IN")))
        said = {"summary": data.rng.choice(words()["follow_ups"][told]), "visitors": number}
        data.add(Visit, day, lead=lead, kind=kind, happened_on=day, **said)
