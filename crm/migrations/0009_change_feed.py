from django.db import migrations

from zone.feed.triggers import feed


class Migration(migrations.Migration):
    dependencies = [("crm", "0008_texts"), ("zone", "0014_change_feed")]

    operations = feed("crm.Enterprise", "crm.Contact", "crm.Lead", "crm.FollowUp")
