"""The worker: takes jobs from the store, runs the pipeline, stores what comes out, step by step.

Knows the store and the pipeline; no HTTP. Every step is one transaction that first checks the lease, so a job that two workers
hold for a moment has one result, and one that is killed goes on where it stopped. Nothing about a patient is logged: ids only.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app import exam_jobs, explainers, opening, pipeline
from app.answers import APART_SECONDS, Answers
from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Explanation, Image, Inspection, Prediction, Series, Study
from app.errors import AppError, where
from app.evaluation import agreement
from app.store import AgreementKey, ExplanationRow, JobRow, LeaseLost, Store, Transaction

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""How often the store is asked when nobody wakes the worker: jobs of another process, and leases that ran out."""

READING = "The network reads the image."
EXPLAINING = "Maps are being computed."
EXAMINING = "Maps are being computed: %(plane)s, %(method)s."


class Stopped(Exception):
    """The worker is to stop, or the job is no longer its own: leave without another write."""


class Worker:
    """One worker: a thread of a server (`start`), or the whole of a process (`run`)."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._owner = f"worker {secrets.token_hex(8)}"
        self._registry = Registry(settings.models)
        self._networks: Loaded | None = None
        self._loading = threading.Lock()
        self._caught_up = False
        self._stopping = threading.Event()
        self._answers = Answers(store, self._loaded, self._stopping)
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Work in a thread of this process."""
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Stop after the step in hand and give an unfinished job back; waits for at most so long."""
        self._stopping.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(seconds)

    def wake(self) -> None:
        """Look for a job or a question now."""
        self._awake.set()
        self._answers.wake()

    def alive(self) -> bool:
        """Whether the thread works."""
        return self._thread is not None and self._thread.is_alive()

    def run(self) -> None:
        """Take one job after the other until told to stop; questions are answered beside them by a thread of their own."""
        pause = APART_SECONDS if self._thread is None else POLL_SECONDS
        answering = threading.Thread(target=self._answers.run, args=(pause,), name="answers", daemon=True)
        answering.start()
        self._warm()
        while not self._stopping.is_set():
            self._awake.clear()
            try:
                worked = self.work_once()
            except Exception as error:  # noqa: BLE001 - the worker's edge: the database may be away for a while
                log.error("the worker cannot reach its jobs: %s", where(error))
                worked = False
            if not worked:
                self._catch_up()
                self._awake.wait(POLL_SECONDS)

    def _warm(self) -> None:
        """Import torch and the networks' code before the first job needs them: that takes seconds."""
        try:
            self._loaded()
        except Exception as error:  # noqa: BLE001 - the first job says the same to people
            log.error("the networks cannot be loaded: %s", where(error))

    def _catch_up(self) -> None:
        """With nothing else to do: compare the maps of studies that were analysed when nobody compared them."""
        if self._caught_up:
            return
        try:
            self._caught_up = not compare(self._store)
        except Exception as error:  # noqa: BLE001 - the worker's edge: the store may be away for a while
            log.error("the maps cannot be compared: %s", where(error))

    def work_once(self) -> bool:
        """Do the most urgent job there is; False when there is none."""
        return self._claimed(None)

    def run_job(self, job_id: str) -> bool:
        """Do this job; False when it does not wait (any more). A second delivery of a job is harmless."""
        return self._claimed(job_id)

    def _claimed(self, job_id: str | None) -> bool:
        with self._store.view() as tx:
            due = tx.jobs.due()
        if not due:
            return False  # asking takes no writer's lock: an idle worker keeps no writer waiting
        with self._store.begin() as tx:
            job = tx.jobs.claim(self._owner, self._settings.lease_seconds, job_id)
        if job is None:
            return False
        started = time.perf_counter()
        try:
            with self._lease(job) as lost:
                self._do(job, lambda: lost.is_set() or self._stopping.is_set())
            log.info("job %s (%s) done in %.1f s", job.id, job.kind, time.perf_counter() - started)
        except (LeaseLost, Stopped):
            self._caught_up = False
            log.info("job %s (%s) left unfinished", job.id, job.kind)
            with self._store.begin() as tx:
                tx.jobs.release(job.id, self._owner)
        except Exception as error:  # noqa: BLE001 - the worker's edge: whatever happens to one job, the next one is done
            log.error("job %s (%s) failed: %s", job.id, job.kind, where(error))
            self._fail(job, error)
        return True

    @contextmanager
    def _lease(self, job: JobRow) -> Iterator[threading.Event]:
        """Renew a job's lease from a thread of its own, for as long as the block runs; the event is set when it is lost."""
        lost, over = threading.Event(), threading.Event()
        seconds = self._settings.lease_seconds

        def renew() -> None:
            while not over.wait(seconds / 4):
                try:
                    with self._store.begin() as tx:
                        kept = tx.jobs.renew(job.id, self._owner, seconds)
                except AppError:
                    continue  # busy or away for a moment: three more tries before the lease runs out
                if not kept:
                    lost.set()
                    return

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        try:
            yield lost
        finally:
            over.set()
            thread.join()

    def _fail(self, job: JobRow, error: Exception) -> None:
        """Tell people why. Where even that cannot be stored, the lease runs out and the job is tried again."""
        if not isinstance(error, AppError):
            error = AppError(
                "Something went wrong in the analysis (%(kind)s). The log has more under job %(job)s.",
                {"kind": type(error).__name__, "job": job.id},
            )
        with suppress(AppError), self._store.begin() as tx:
            tx.jobs.fail(job.id, self._owner, error.template, error.values)

    def _loaded(self) -> "Loaded":
        """The networks, once loaded. Imports torch."""
        with self._loading:
            if self._networks is None:
                import torch  # noqa: PLC0415 - the server must not wait for it

                from app.classifiers.loading import Loaded  # noqa: PLC0415 - as above

                if self._settings.threads:
                    torch.set_num_threads(self._settings.threads)
                self._networks = Loaded(self._registry, self._settings.device)
            return self._networks

    def _do(self, job: JobRow, leave: Callable[[], bool]) -> None:
        """One job from its study to its end."""
        with self._store.view() as tx:
            study = tx.studies.load(job.study_id)
            task = self._task(tx, job, study)
            exam = exam_jobs.task(tx, job, self._registry, study, self._versions())
        films = task.images * (1 + len(task.methods))
        of = films + exam.steps
        with self._store.begin() as tx:
            tx.jobs.progress(job.id, self._owner, 0, of, READING)
        if task.images:
            results = pipeline.analyse(
                task.study,
                self._loaded(),
                model=job.model,
                methods=task.methods,
                findings=job.finding or "top",
                insist=task.insist,
            )
            step = 0
            for result in results:
                if leave():
                    raise Stopped
                step += not isinstance(result, Inspection)
                self._keep(job, result, step, of)
        if exam.due:
            for step, found in enumerate(exam_jobs.results(exam, self._loaded()), 1):
                if leave():
                    raise Stopped
                with self._store.begin() as tx:
                    tx.jobs.progress(job.id, self._owner, films + step, of, EXAMINING, values=exam.doing(step))
                    exam_jobs.keep(tx, job, found)
        compare(self._store, job.study_id)
        opening.keep(self._store, job.study_id)
        with self._store.begin() as tx:
            tx.jobs.finish(job.id, self._owner, network=task.read or exam.read)

    def _task(self, tx: Transaction, job: JobRow, study: Study) -> "Task":
        """What is left of a job: the images without results of the network's and the product's present version."""
        ids = {(image.sop_instance_uid, image.frame): image.id for image in tx.studies.get(job.study_id).images}

        def id_of(image: Image) -> str:
            return ids[image.sop_instance_uid, image.frame]

        panel, insist = explainers.panel(), job.insist
        if job.image_id is not None:
            study = narrowed(study, lambda _, image: id_of(image) == job.image_id)
        elif job.kind == "explain" or (job.model is not None and self._registry.card(job.model).kind == "exam"):
            return Task(study=study, methods=(), images=0, read=False, insist=insist)  # nothing of it is about films
        reading = pipeline.readers(study, self._registry, job.model)
        cards = {series.series_uid: card for series, card in reading}
        if job.image_id is not None:
            panel = tx.explanations.missing(job.image_id, reading[0][1].sha256, job.finding or "", panel)
            study = study if panel else narrowed(study, lambda *_: False)
            # An answer that is there is explained: whoever insisted on it did so before.
            insist = any(row.prediction.model_sha256 == reading[0][1].sha256 for row in tx.predictions.of_image(job.image_id))
        elif cards:
            present = self._versions()
            study = narrowed(
                study,
                lambda series, image: (
                    series.series_uid in cards
                    and not finished(tx, id_of(image), cards[series.series_uid], panel, present)
                    and (insist or not self._refused(tx, id_of(image), cards[series.series_uid]))
                ),
            )
        images = sum(len(series.images) for series in study.series if series.series_uid in cards)
        return Task(study=study, methods=panel, images=images, read=bool(reading), insist=insist)

    def _refused(self, tx: Transaction, image_id: str, card: Card) -> bool:
        """Whether the present version of a network's guard has refused an image already."""
        guard = self._registry.guard(card)
        return guard is not None and any(
            row.inspection.stopped and (row.inspection.model, row.inspection.guard_sha256) == (card.name, guard.sha256)
            for row in tx.inspections.of_image(image_id)
        )

    def _versions(self) -> dict[str, str]:
        from app.classifiers.classifier import versions  # noqa: PLC0415 - imports torch

        return versions()

    def _keep(self, job: JobRow, result: Inspection | Prediction | Explanation, step: int, of: int) -> None:
        """Store one result, if the job is still ours."""
        with self._store.begin() as tx:
            tx.jobs.progress(job.id, self._owner, step, of, EXPLAINING)
            if isinstance(result, Inspection):
                tx.inspections.save(job.study_id, result)
            elif isinstance(result, Prediction):
                tx.predictions.save(job.study_id, result, headline=job.kind == "analyse" and job.model is None)
            else:
                tx.explanations.save(job.study_id, result)


def compare(store: Store, study_id: str = "") -> bool:
    """Keep how far methods agree on every finding whose maps are newer than that, of one study or of some of all.

    False when nothing was left to do. Methods with a standing caution do not count: that they differ says something about them,
    not about the film.
    """
    with store.view() as tx:
        keys = tx.agreements.missing(study_id)
    for key in keys:
        with store.view() as tx:
            image = next(image for image in tx.studies.get(key.study_id).images if image.id == key.image_id)
            rows = tx.explanations.of_image(key.image_id, model_sha256=key.model_sha256, finding=key.finding)
            maps = {row.method: agreement.Heat(tx.explanations.values(row.id), row.extent) for row in counting(key, rows)}
        found = agreement.compared(maps, (image.rows, image.columns))
        with store.begin() as tx:
            tx.agreements.save(key, found.methods, found.rank, found.overlap, found.disagreement)
    return bool(keys)


def counting(key: AgreementKey, rows: Sequence[ExplanationRow]) -> list[ExplanationRow]:
    """The maps that are compared: those of the default panel's methods without a caution, in the order of the panes."""
    panel = [name for name in explainers.panel() if not explainers.describe(name).caution]
    there = {row.method: row for row in rows if row.model == key.model and row.state == "ok"}
    return [there[name] for name in panel if name in there]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What a job has to do: the study with the images that are left, the methods, whether any network reads it at all, and
    whether it reads what a guard refuses."""

    study: Study
    methods: tuple[str, ...]
    images: int
    read: bool
    insist: bool


def narrowed(study: Study, wanted: Callable[[Series, Image], bool]) -> Study:
    """The study with only the images wanted; series that are left without images go."""
    parts = (replace(part, images=tuple(image for image in part.images if wanted(part, image))) for part in study.series)
    return replace(study, series=tuple(part for part in parts if part.images))


def finished(tx: Transaction, image_id: str, card: Card, methods: tuple[str, ...], present: dict[str, str]) -> bool:
    """Whether an image has its prediction and its top finding's maps, all of these versions."""
    said = [row.prediction for row in tx.predictions.of_image(image_id)]
    found = next((one for one in said if (one.model, one.model_sha256) == (card.name, card.sha256)), None)
    if found is None or found.versions != present:
        return False
    maps = tx.explanations.of_image(image_id, model_sha256=card.sha256, finding=found.top().finding)
    return set(methods) <= {row.method for row in maps if row.versions == present}
