from django.db import migrations

from zone.feed.tables import CREATE, DROP
from zone.feed.triggers import feed
from zone.row_triggers import let_touch


class Migration(migrations.Migration):
    dependencies = [("zone", "0013_external_refs")]

    operations = [
        let_touch(),
        migrations.RunSQL(CREATE, DROP),
        *feed(
            "zone.IndustryChain",
            "zone.ChainSegment",
            "zone.Park",
            "zone.Building",
            "zone.Space",
            "zone.Target",
        ),
    ]
