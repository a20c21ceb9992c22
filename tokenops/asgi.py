"""The listener: routers' policy pulls are answered from memory, everything else by Django.

Django stands behind a bridge to WSGI, which serves its pages faster than its own ASGI.
"""

import os

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

from policy.feed import Listener, Memory, PolicyFeed, connect

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tokenops.settings")

# Django's own stubs and the bridge's spell the same protocol differently.
_django = WSGIMiddleware(get_wsgi_application(), workers=16)  # type: ignore[arg-type]
application = Listener(feed=PolicyFeed(Memory(connect)), django=_django)
