"""Tokenops is the wiring: settings, urls, servers and workers; nothing imports it."""

from tokenops.celery import app as celery_app

__all__ = ["celery_app"]
