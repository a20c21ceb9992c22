"""Django alone, for a WSGI server behind a proxy that sends the rest to `tokenops.asgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tokenops.settings")

application = get_wsgi_application()
