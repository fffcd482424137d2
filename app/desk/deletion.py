"""Deleting a study with everything about it."""

from app.store import Store


def delete(store: Store, study_id: str) -> None:
    """Remove a study: images, files, answers, layers, verdicts, rulers, what-ifs, and the blobs that nothing else refers to. A
    job that is at work on it notices at its next step. NotFound."""
    with store.begin(study_id) as tx:
        tx.studies.remove(study_id)
