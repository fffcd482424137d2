"""The loop: takes jobs from the store, has studies read, stores what comes out, step by step.

Knows the store and how studies are read; no HTTP. Every step is one transaction that first checks the lease, so a job that two
workers hold for a moment has one result, and one that is killed goes on where it stopped. Nothing about a patient is logged:
ids only.
"""

import gc
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from app.classifiers.registry import Registry
from app.config import Settings
from app.desk import opening, weighing
from app.domain import Answer, Inspection, Layer
from app.errors import AppError, NotFound, Unavailable, where
from app.store import JobRow, LeaseLost, Store, Transaction, patiently, waiting_for
from app.store.patience import FIRST, LONGEST
from app.worker import task
from app.worker.cohorts import Measuring
from app.worker.comparing import compare
from app.worker.replies import APART_SECONDS, Replies

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded

log = logging.getLogger(__name__)

Found = TypeVar("Found")

POLL_SECONDS = 1.0
"""How often the store is asked when nobody wakes the worker: jobs of another process, and leases that ran out."""


class Stopped(Exception):
    """The worker is to stop, or the job is no longer its own: leave without another write."""


class Outdated(Stopped):
    """The study grew or went while it was read: what was computed belongs to no stack that is there. The job begins anew."""


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
        self._unsure = False
        self._in_hand: list[str] = []
        self._stopping = threading.Event()
        self._replies = Replies(store, self._loaded, self._stopping)
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
        self._replies.wake()

    def alive(self) -> bool:
        """Whether the thread works."""
        return self._thread is not None and self._thread.is_alive()

    def run(self) -> None:
        """Take one job after the other until told to stop; questions are answered beside them by a thread of their own."""
        pause = APART_SECONDS if self._thread is None else POLL_SECONDS
        answering = threading.Thread(target=self._replies.run, args=(pause,), name="answers", daemon=True)
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
            gc.collect()
            gc.freeze()  # torch stays; looking through it again and again would stop the pages of this process each time
        except Exception as error:  # noqa: BLE001 - the first job says the same to people
            log.error("the networks cannot be loaded: %s", where(error))

    def _catch_up(self) -> None:
        """With nothing else to do: compare the maps of studies that were analysed when nobody compared them."""
        if self._caught_up:
            return
        try:
            self._caught_up = not compare(self._store, self._registry)
        except Exception as error:  # noqa: BLE001 - the worker's edge: the store may be away for a while
            log.error("the maps cannot be compared: %s", where(error))

    def work_once(self) -> bool:
        """Do the most urgent job there is; False when there is none."""
        return self._claimed(None)

    def run_job(self, job_id: str) -> bool:
        """Do this job; False when it does not wait (any more). A second delivery of a job is harmless."""
        return self._claimed(job_id)

    def _claimed(self, job_id: str | None, above: int | None = None) -> bool:
        job = self._next(job_id, above)
        if job is None:
            return False
        started = time.perf_counter()
        self._in_hand.append(job.id)
        try:
            with self._lease(job) as lost:
                self._do(job, lambda: lost.is_set() or self._stopping.is_set())
            log.info("job %s (%s) done in %.1f s", job.id, job.kind, time.perf_counter() - started)
        except (LeaseLost, Stopped):
            self._caught_up = False
            log.info("job %s (%s) left unfinished", job.id, job.kind)
            self._tell(job, lambda tx: tx.jobs.release(job.id, self._owner))
        except Exception as error:  # noqa: BLE001 - the worker's edge: whatever happens to one job, the next one is done
            self._came_to_nothing(job, error)
        finally:
            self._in_hand.remove(job.id)
        return True

    def _next(self, job_id: str | None, above: int | None = None) -> JobRow | None:
        """The job to do, claimed, of those ``above`` a priority; the one that was claimed before when the database broke off
        while it answered."""
        if not self._unsure:
            with self._store.view() as tx:
                due = tx.jobs.due()
            if not due:
                return None  # asking takes no writer's lock: an idle worker keeps no writer waiting
        unsure, self._unsure = self._unsure, True
        with self._store.begin() as tx:
            job = tx.jobs.regain(self._owner, self._settings.lease_seconds, self._in_hand) if unsure else None
            job = job or tx.jobs.claim(self._owner, self._settings.lease_seconds, job_id, above=above)
        self._unsure = False
        return job

    def _tell(self, job: JobRow, write: Callable[[Transaction], object]) -> None:
        """Keep what became of a job, however long the store is away; a worker that is to stop does not wait, and the lease runs
        out."""
        pause = FIRST
        while True:
            try:
                with self._store.begin(job.study_id or None) as tx:
                    write(tx)
            except LeaseLost:
                return
            except Unavailable as error:
                log.warning("what became of job %s cannot be kept yet: %s", job.id, where(error))
                if self._stopping.wait(pause):
                    return
                pause = min(2 * pause, LONGEST)
            else:
                return

    def _came_to_nothing(self, job: JobRow, error: Exception) -> None:
        """Try a job again that something else kept from its end; else tell people why it failed."""
        if (what := waiting_for(error)) is not None:
            log.warning("job %s (%s) waits: %s", job.id, job.kind, where(error))
            self._caught_up = False
            self._tell(job, lambda tx: tx.jobs.postpone(job.id, self._owner, what))
            return
        log.error("job %s (%s) failed: %s", job.id, job.kind, where(error))
        if not isinstance(error, AppError):
            error = AppError(
                "Something went wrong in the analysis (%(kind)s). The log has more under job %(job)s.",
                {"kind": type(error).__name__, "job": job.id},
            )
        template, values = error.template, error.values
        self._tell(job, lambda tx: tx.jobs.fail(job.id, self._owner, template, values))

    @contextmanager
    def _lease(self, job: JobRow) -> Iterator[threading.Event]:
        """Renew a job's lease from a thread of its own, for as long as the block runs; the event is set when it is lost."""
        lost, over = threading.Event(), threading.Event()
        seconds = self._settings.lease_seconds

        def renew() -> None:
            while not over.wait(seconds / 4):
                try:
                    with self._store.begin(job.study_id or None) as tx:
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
        """One job from its study, or its cohort, to its end."""
        if job.kind == "cohort":
            self._measure(job, leave)
            return
        found = self._patiently(lambda: self._readings(job))
        models = list(dict.fromkeys(one.card.name for one in found))
        if job.model is None and models:
            job = self._write(job, lambda tx: tx.jobs.assign(job.id, self._owner, models))
        due = self._patiently(lambda: self._due(job, found))
        self._write(job, lambda tx: tx.jobs.progress(job.id, self._owner, 0, due.steps, task.READING))
        step = 0
        for piece in due.pieces:
            step = self._piece(job, piece, step, due.steps, leave)
        self._patiently(lambda: compare(self._store, self._registry, job.study_id))
        self._patiently(lambda: weighing.weigh(self._store, self._registry, job.study_id))
        self._patiently(lambda: opening.keep(self._store, job.study_id))
        self._write(job, lambda tx: tx.jobs.finish(job.id, self._owner, network=bool(models)))

    def _measure(self, job: JobRow, leave: Callable[[], bool]) -> None:
        """A cohort's job. What somebody waits for at a case is done in between: a cohort takes minutes."""

        def between() -> bool:
            if not leave():
                self._urgent(job.priority)
            return leave()

        measuring = Measuring(self._store, job, self._owner, self._loaded(), lambda step: self._write(job, step), between)
        if not measuring.carry_out():
            raise Stopped
        self._write(job, lambda tx: tx.jobs.finish(job.id, self._owner))

    def _urgent(self, than: int) -> None:
        """Do the jobs that go before those of a priority, as long as there are any."""

        def waits() -> bool:
            with self._store.view() as tx:
                return tx.jobs.more_urgent(than)

        while not self._stopping.is_set() and self._patiently(waits) and self._claimed(None, than):
            pass

    def _readings(self, job: JobRow) -> task.Readings:
        """What networks read of a job's study, its stacks made first."""
        self._store.arrange(job.study_id)
        with self._store.view() as tx:
            if tx.stacks.unsorted(job.study_id):
                raise Outdated
            return task.readings(tx, job, self._registry, tx.studies.load(job.study_id))

    def _due(self, job: JobRow, found: task.Readings) -> task.Task:
        """What is left of a job by its network."""
        mine = tuple(one for one in found if one.card.name == (job.model or one.card.name))
        with self._store.view() as tx:
            ledger = task.Ledger.of(tx, job, self._registry, self._versions())
            if not ledger.holds(mine):
                raise Outdated
            return ledger.task(mine)

    def _patiently(self, work: Callable[[], Found]) -> Found:
        """Work that may be done twice, for as long as the lease lasts."""
        return patiently(work, self._settings.lease_seconds, self._stopping)

    def _write(self, job: JobRow, write: Callable[[Transaction], Found]) -> Found:
        """One step of a job, once the store takes it. Every step says first whose the job is, and replaces what it wrote."""

        def once() -> Found:
            with self._store.begin(job.study_id or None) as tx:
                return write(tx)

        return self._patiently(once)

    def _piece(self, job: JobRow, piece: task.Piece, step: int, of: int, leave: Callable[[], bool]) -> int:
        """One reading, stored result by result, if the job is still ours; the steps that are done then."""
        maps = piece.maps
        for result in task.results(piece, self._loaded()):
            if leave():
                raise Stopped
            step += not isinstance(result, Inspection)
            plane, method = maps[min(step, len(maps)) - 1] if maps else ("", "")
            self._write(job, partial(self._keep, job, result, (step, of), (plane, method)))
        return step

    def _keep(
        self,
        job: JobRow,
        result: Inspection | Answer | Layer,
        done: tuple[int, int],
        doing: tuple[str, str],
        tx: Transaction,
    ) -> None:
        """Store one result, if the job is still ours."""
        (step, of), (plane, method) = done, doing
        values = {"plane": plane, "method": method} if plane else {}
        tx.jobs.progress(job.id, self._owner, step, of, task.EXAMINING if plane else task.EXPLAINING, values=values)
        try:
            task.keep(tx, job, result)
        except NotFound as error:
            raise Outdated from error

    def _versions(self) -> dict[str, str]:
        from app.classifiers.classifier import versions  # noqa: PLC0415 - imports torch

        return versions()
