from django.db import migrations

from zone.feed.triggers import feed


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0008_texts"),
        ("crm", "0009_change_feed"),
        ("zone", "0014_change_feed"),
    ]

    operations = feed(
        "projects.Project",
        "projects.Agreement",
        "projects.CapitalArrival",
        "projects.Occupancy",
    )
