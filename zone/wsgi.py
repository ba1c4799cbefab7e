"""The application that gunicorn serves: gunicorn --config zone/gunicorn.py zone.wsgi"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zone.settings")

application = get_wsgi_application()
