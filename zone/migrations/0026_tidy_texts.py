from django.db import migrations

from zone import stored_texts


class Migration(migrations.Migration):
    dependencies = [("zone", "0025_one_line_texts")]

    operations = [
        # The database keeps these as they were written first.
        stored_texts.tidy("zone", industrychain=("code",), park=("code",), user=("username",))
    ]
