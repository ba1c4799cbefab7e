"""The application that gunicorn serves: gunicorn --config zone/gunicorn.py zone.wsgi"""

import gc
import os

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from zone.access.row_access import SCOPE_CHECK
from zone.database import checkout

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zone.settings")

application = get_wsgi_application()
# A server runs no system checks by itself; this one must not start with a door open.
call_command("check", tags=[SCOPE_CHECK])
checkout.mark_production(os.environ)
# What is loaded by now stays until the end: the collector need not walk through it over and over.
# A batch of 500 rows took half as long again with it; and a twentieth longer when the collector
# came after every 700 new objects.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(50_000)
