from django.db import migrations, models

from zone.access.client_triggers import count_rights
from zone.feed.triggers import feed, fix
from zone.models import User


class Migration(migrations.Migration):
    dependencies = [("zone", "0018_webhooks")]

    operations = [
        migrations.AddField(
            model_name="apiclient",
            name="rights",
            field=models.BigIntegerField(db_default=0, editable=False),
        ),
        count_rights(),
        # Objects in the feed name others by code and user name, so these never change.
        *feed("zone.IndustryChain", "zone.Park"),
        migrations.RunSQL(fix(User, "username"), "DROP TRIGGER feed_fixed_username ON zone_user"),
    ]
