"""Upload reports: what became of each file of an upload."""

from collections.abc import Sequence

from app.store.records import FileOutcome, UploadRow


class Uploads:
    """The upload reports of a transaction."""

    def add(self, files: Sequence[FileOutcome]) -> str:
        """Keep a report; returns its id."""
        raise NotImplementedError

    def get(self, upload_id: str) -> UploadRow:
        """A report; NotFound."""
        raise NotImplementedError

    def of_study(self, study_id: str) -> tuple[UploadRow, ...]:
        """The reports that name a study, newest first; each holds all files of its upload."""
        raise NotImplementedError
