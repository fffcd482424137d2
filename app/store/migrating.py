"""Bringing a database to the newest schema, by the steps in ``migrations/``."""

from app.config import Settings


def migrate(settings: Settings) -> None:
    """Create or upgrade the database of these settings. Unavailable when it cannot be opened."""
    raise NotImplementedError
