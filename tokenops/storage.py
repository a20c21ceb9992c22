"""Where static files get their names."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


# The base class carries no types.
class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names for what was collected; the plain name for what was not.

    A file that was added after the last collectstatic must not take a whole page down.
    """

    def stored_name(self, name: str) -> str:
        stored = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return str(stored or name)
