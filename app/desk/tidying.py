"""What interrupted uploads leave behind: folders, blobs that nothing refers to, studies whose analysis nobody asked for.
Studies that are due to go, or older than the settings let them get, go as well.

Safe beside living processes: folders are locked by who uses them, and what is as young as a living process's may be is left.
"""

from datetime import UTC, datetime, timedelta

from app.config import Settings
from app.desk import deletion, folders
from app.desk.intake import analyse
from app.store import Store


def tidy(settings: Settings, store: Store) -> int:
    """Remove what nobody will come back for, and ask for the analyses that are missing; returns how many those are."""
    moment = datetime.now(UTC)
    deletion.finish(store, moment)
    if settings.retention_days:
        deletion.expire(store, settings.retention_days, moment)
    seconds = store.undisturbed()
    used = folders.swept(settings)  # where no upload is on its way, what is behind now waits for nobody
    before = moment - timedelta(seconds=seconds) if used else moment
    store.sweep(seconds)
    with store.view() as tx:
        left = tx.jobs.left(before)
    analyse(store, left)
    return len(left)
