"""Studies, series, images and the files they came in."""

from dataclasses import dataclass

from app.domain import Image, Study
from app.store.records import Added, ImageRow, StudyRow


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """One file whose blobs are written and which no row refers to yet."""


class Studies:
    """The studies of a transaction."""

    def add(self, staged: Staged) -> Added:
        """Store one staged file; a study, a series it adds to grows.

        The same file again is "already here". Conflict, and nothing is stored, when a different file is stored under the same
        SOP Instance UID (0008,0018), or when the study is stored under another patient ID (0010,0020).
        """
        raise NotImplementedError

    def get(self, study_id: str) -> StudyRow:
        """A study's rows, without pixels; NotFound."""
        raise NotImplementedError

    def image(self, image_id: str) -> ImageRow:
        """One image's row, without pixels; NotFound. Its pixels: ``store.blobs.path(row.pixels_sha256)``."""
        raise NotImplementedError

    def load(self, study_id: str) -> Study:
        """The study as the domain knows it; pixels are mapped from disk and read when used. NotFound."""
        raise NotImplementedError

    def load_image(self, image_id: str) -> Image:
        """One image as the domain knows it. NotFound."""
        raise NotImplementedError

    def count(self) -> int:
        """How many studies there are."""
        raise NotImplementedError

    def remove(self, study_id: str) -> None:
        """Remove a study with everything about it; blobs that nothing else refers to go after the commit. NotFound."""
        raise NotImplementedError
