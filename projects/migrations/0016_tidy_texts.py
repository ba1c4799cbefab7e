from django.db import migrations

from zone import stored_texts


class Migration(migrations.Migration):
    dependencies = [("projects", "0015_one_line_texts")]

    operations = [stored_texts.tidy("projects")]
