"""The Celery application: a message only says "look", the database holds the work."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tokenops.settings")

app = Celery("tokenops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
