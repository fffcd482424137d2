"""Taking files in: each is read, stored or told of with the reason why not, and the studies they belong to are analysed.

An upload goes in batch by batch, so that many that come at once take turns, and writers never wait long for one of them. What
a batch stored stays: an upload that breaks off is analysed as far as it came, and sent again it finds those files here already.
Files are read outside of any transaction; nothing of an upload is in memory but the file in hand.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from app import ingest
from app.config import Settings
from app.desk import disc
from app.desk.folders import disk
from app.errors import AppError, Conflict, InputError, NotFound, TooLarge, Unavailable
from app.ingest import Accepted
from app.store import RENAMED, FileOutcome, Staged, Staging, Store, Transaction, UploadRow

MEGABYTE = 1024 * 1024
BATCH_FILES = 64
"""Most files that are read before they are stored."""
BATCH_OCTETS = 64 * MEGABYTE
"""Most octets of them."""
BATCH_SECONDS = 0.3
"""Longest that reading them may take; the file in hand is read to its end."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One file: the name its sender gave it (for the report, never for a path or a log), and where it lies under a name of
    ours; ``error`` says why it was not kept."""

    name: str
    path: Path
    error: InputError | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an upload that comes in several, so that a lost connection loses one of them at most: the upload's id, chosen
    by who sends it, and whether more will follow. Analyses are asked for with the last, when the studies are whole."""

    upload_id: str
    more: bool


@dataclass(frozen=True, slots=True)
class _Read:
    """One file after reading: staged in the blobs, or the reason why not."""

    name: str
    staged: Staged | None = None
    error: AppError | None = None
    warnings: tuple[str, ...] = ()


class Intake:
    """One upload, from its files to its report. Not thread-safe: one `step` after the other, in whatever thread. ``copies``: a
    file whose SOP Instance UID another file has is stored under a new one, for whoever sends it said so."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        files: Sequence[Arrived],
        workdir: Path,
        *,
        model: str | None = None,
        copies: bool = False,
        part: Part | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._files = self._limited(files, workdir)
        self._model = model
        self._copies = copies
        self._part = part
        self._outcomes: list[FileOutcome] = []
        self.instances: list[tuple[str, str]] = []
        """The name and the SOP Instance UID of every file that is stored now, whether by this upload or before; with the last
        part of an upload those of all its parts."""
        self.report: UploadRow | None = None
        """What became of every file, once all are taken in; of a part that others follow, of its own files."""

    def step(self) -> bool:
        """Take in the next files; False when they were the last: then there is a report, and the analyses are asked for.

        Unavailable when the disk is full, or the database or the decoder is away; what earlier steps stored stays, and its
        analyses are asked for.
        """
        try:
            return self._step()
        except BaseException as error:
            self.break_off()
            if isinstance(error, Unavailable) and (kept := sum(file.state == "accepted" for file in self._outcomes)):
                raise Unavailable(
                    "The upload broke off because the disk is full or the database is away: %(kept)s of its files are stored, "
                    "the others are not. Send it again later; what is here already is not stored twice.",
                    {"kept": kept},
                ) from error
            raise

    def break_off(self) -> None:
        """Nothing more comes: have what was stored so far analysed. What cannot be asked for now, the next sweep asks for."""
        if self.report is None and self._outcomes:
            with suppress(AppError):
                analyse(self._store, self._grown(), self._model)

    def _step(self) -> bool:
        with self._store.staging() as staging:
            with disk():
                read, more = self._batch(staging)
                staging.settle()
            with self._store.begin() as tx:
                outcomes = [_stored(tx, file, anew=self._copies) for file in read]
            self._outcomes += outcomes
            self.instances += [
                (file.name, file.staged.sop_instance_uid)
                for file, outcome in zip(read, outcomes, strict=True)
                if file.staged is not None and outcome.study_id
            ]
        if not more:
            self.report = self._reported()
        return more

    def _reported(self) -> UploadRow:
        """What became of the files, kept; the studies are analysed unless more files follow."""
        part = self._part
        if part is None:
            analyse(self._store, self._grown(), self._model)
            with self._store.begin() as tx:
                upload_id = tx.uploads.add(disc.gathered(self._outcomes))
            with self._store.view() as tx:
                return tx.uploads.get(upload_id)
        with self._store.begin() as tx:
            tx.uploads.append(part.upload_id, self._outcomes)
        with self._store.view() as tx:
            whole = tx.uploads.get(part.upload_id)
            studies = dict.fromkeys(file.study_id for file in whole.files if file.study_id)
            grown = [study_id for study_id in studies if tx.jobs.behind(study_id)]
        if part.more:
            return replace(whole, files=tuple(self._outcomes))
        self.instances = [(file.name, file.sop_instance_uid) for file in whole.files if file.study_id and file.sop_instance_uid]
        analyse(self._store, grown, self._model)
        return whole

    def _batch(self, staging: Staging) -> tuple[list[_Read], bool]:
        """The next files, read and staged, and whether more follow."""
        read: list[_Read] = []
        octets, until = 0, time.monotonic() + BATCH_SECONDS
        for found in self._files:
            if isinstance(found, Accepted):
                octets += found.path.stat().st_size
                staged = staging.add(found.study, found.name, found.path)
                found.path.unlink()  # its octets are in the blobs; many archives would fill the disk with what they unpack
                read.append(_Read(found.name, staged, warnings=found.warnings))
            else:
                read.append(found)
            if len(read) >= BATCH_FILES or octets >= BATCH_OCTETS or time.monotonic() >= until:
                return read, True
        return read, False

    def _limited(self, files: Sequence[Arrived], workdir: Path) -> Iterator[Accepted | _Read]:
        """Every file, and every member of an archive, up to the limits of one upload; the first one beyond says so and ends
        it. One after the other: only one is in memory at a time."""
        tally = _Tally(self._settings)
        for found in self._read(files, workdir):
            if (error := tally.count(found)) is not None:
                yield _Read(found.name, error=error)
                return
            yield found

    def _read(self, files: Sequence[Arrived], workdir: Path) -> Iterator[Accepted | _Read]:
        for file in files:
            if file.error is not None:
                yield _Read(file.name, error=file.error)
                continue
            for found in ingest.read(file.path, file.name, self._settings, workdir):
                yield found if isinstance(found, Accepted) else _Read(found.name, error=found.error)

    def _grown(self) -> tuple[str, ...]:
        """Every study that grew, by this upload or by one that broke off before."""
        studies: dict[str, bool] = {}
        for outcome in self._outcomes:
            if outcome.study_id:
                studies[outcome.study_id] = studies.get(outcome.study_id, False) or outcome.state == "accepted"
        with self._store.view() as tx:
            return tuple(study_id for study_id, grown in studies.items() if grown or tx.jobs.behind(study_id))


class _Tally:
    """What the files of one upload come to so far, those in archives counted: how many, their octets, their pixels' octets."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._files = self._octets = self._decoded = 0

    def count(self, file: "Accepted | _Read") -> TooLarge | None:
        """Count one more; the refusal when that is too much."""
        settings = self._settings
        self._files += 1
        if isinstance(file, Accepted):
            self._octets += file.path.stat().st_size
            self._decoded += file.decoded
        if self._files > settings.max_files:
            return TooLarge(
                "One upload may have %(limit)s files; this one and those after were not read.", {"limit": settings.max_files}
            )
        if self._octets > settings.max_upload_mb * MEGABYTE:
            return TooLarge(
                "One upload may unpack to %(limit)s MB; this file and those after were not read.",
                {"limit": settings.max_upload_mb},
            )
        if self._decoded > settings.max_decoded_mb * MEGABYTE:
            return TooLarge(
                "The pixels of one upload may decode to %(limit)s MB; this file and those after were not read.",
                {"limit": settings.max_decoded_mb},
            )
        return None


def analyse(store: Store, studies: Iterable[str], model: str | None = None) -> None:
    """Arrange what studies hold into stacks, and ask for their analyses; one that went meanwhile is no error."""
    for study_id in studies:
        with suppress(NotFound):
            store.arrange(study_id)
            with store.begin(study_id) as tx:
                tx.jobs.analyse(study_id, model=model)


def take(store: Store, settings: Settings, files: Sequence[Arrived], workdir: Path, *, model: str | None = None) -> UploadRow:
    """Take files in at once, without turns; ``model`` names the network that is to read them. Errors as of `Intake.step`."""
    intake = Intake(store, settings, files, workdir, model=model)
    while intake.step():
        pass
    assert intake.report is not None  # noqa: S101 - the last step leaves it
    return intake.report


def _stored(tx: Transaction, file: _Read, *, anew: bool = False) -> FileOutcome:
    """The outcome of one file, stored if it can be."""
    error = file.error
    if file.staged is not None:
        try:
            added = tx.studies.add(file.staged, anew=anew)
        except Conflict as conflict:
            error = conflict
        else:
            told = (*file.warnings, RENAMED) if added.renamed else file.warnings
            uid = file.staged.sop_instance_uid if added.study_id else ""
            return FileOutcome(file.name, added.state, added.study_id, warnings=told, sop_instance_uid=uid)
    if error is None:
        raise ValueError("a file is either staged or has a reason")
    return FileOutcome(file.name, "rejected", template=error.template, values=error.values)
