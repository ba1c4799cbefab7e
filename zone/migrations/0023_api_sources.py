import django.contrib.postgres.fields
from django.db import migrations

import zone.fields
import zone.identifiers
from zone.access.client_triggers import bind_sources


class Migration(migrations.Migration):
    dependencies = [("zone", "0022_login_throttles")]

    operations = [
        migrations.AddField(
            model_name="apiclient",
            name="sources",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=zone.fields.SourceField(max_length=50),
                blank=True,
                default=list,
                help_text=(
                    "The names under which the other system gives its own ids, such as oa; with commas. "
                    "Only this client writes references under them, so none belongs to another client. "
                    "Empty: it writes rows without references."
                ),
                size=None,
                verbose_name="sources",
            ),
        ),
        migrations.AlterField(
            model_name="apiupload",
            name="source",
            field=zone.fields.SourceField(
                max_length=50, validators=[zone.identifiers.no_personal_number]
            ),
        ),
        migrations.AlterField(
            model_name="externalref",
            name="source",
            field=zone.fields.SourceField(max_length=50, verbose_name="source"),
        ),
        bind_sources(),
    ]
