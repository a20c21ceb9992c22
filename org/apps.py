"""Django's registration of the org app."""

from django.apps import AppConfig


class OrgConfig(AppConfig):
    name = "org"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the token known to the OpenAPI document."""
        # Not before: the API's framework reads settings and imports models.
        import org.openapi  # noqa: F401, PLC0415 — registers itself when imported
