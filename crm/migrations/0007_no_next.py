from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0006_amounts"),
        ("projects", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="followup",
            name="no_next",
            field=models.BooleanField(
                default=False,
                help_text="Takes the lead's next date away; leave both empty to keep it.",
                verbose_name="no further follow-up",
            ),
        ),
        migrations.AddConstraint(
            model_name="followup",
            constraint=models.CheckConstraint(
                condition=models.Q(("next_on", None), ("no_next", False), _connector="OR"),
                name="follow_up_next_or_none",
                violation_error_message="Either give a next date or choose “no further follow-up”, not both.",
            ),
        ),
    ]
