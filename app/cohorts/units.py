"""What the rows of a table can be about: the films and exams of studies, whether those lie in files or in the store."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from app.cohorts.matching import Unit
from app.domain.stacks import fingerprint
from app.stacks import STACKED


class Pictured(Protocol):
    """An image as `app.domain.Image` and `app.store.ImageRow` have it."""

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID (0008,0018)."""

    @property
    def frame(self) -> int:
        """Its frame, from 1."""


class Listed(Protocol):
    """A series as `app.domain.Series` and `app.store.SeriesRow` have it."""

    @property
    def modality(self) -> str:
        """Modality (0008,0060)."""

    @property
    def images(self) -> Sequence[Pictured]:
        """Its images."""


class Visited(Protocol):
    """A study as `app.domain.Study` and `app.store.StudyRow` have it."""

    @property
    def study_uid(self) -> str:
        """Study Instance UID (0020,000D)."""

    @property
    def accession(self) -> str:
        """Accession Number (0008,0050)."""

    @property
    def series(self) -> Sequence[Listed]:
        """Its series."""


def units(study: Visited, files: Mapping[str, Sequence[str]], *, exams: bool) -> Iterator[Unit]:
    """What of a study a row can be about: with ``exams`` the study, if it has stacks, else each of its films (of a file with
    several frames the first). ``files`` are the names by SOP Instance UID."""
    stacked = [image for series in study.series if series.modality in STACKED for image in series.images]
    films = [image for series in study.series if series.modality not in STACKED for image in series.images]
    if exams:
        if stacked:
            names = _names(stacked, files)
            uids = tuple(dict.fromkeys(image.sop_instance_uid for image in stacked))
            yield Unit(study.study_uid, names, uids, study.study_uid, study.accession, exam=True)
        return
    for image in films:
        if image.frame == 1:
            key = fingerprint([(image.sop_instance_uid, 1)])
            yield Unit(key, _names([image], files), (image.sop_instance_uid,), study.study_uid, study.accession)


def _names(images: Iterable[Pictured], files: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    uids = dict.fromkeys(image.sop_instance_uid for image in images)
    return tuple(dict.fromkeys(name for uid in uids for name in files.get(uid, ())))
