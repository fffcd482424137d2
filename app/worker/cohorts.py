"""A cohort's job: the networks read what has not been read yet, a few studies at a time, and its figures are kept.

What was read stays, so that a job that was cut off goes on where it stopped. Knows the store and how studies are read; the loop
knows jobs and leases.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.classifiers.card import Card
from app.cohorts import boxes, figures, localising, report
from app.cohorts.cases import Said
from app.desk import cohorts
from app.domain import Region, Study
from app.errors import NotFound
from app.reading import Heard, Words, heard, maps
from app.reading.running import BATCH
from app.store import CohortCaseRow, CohortRow, JobRow, Store, Transaction
from app.worker.cohort_maps import Mapping
from app.worker.task import words

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded

COHORT_READ = "The networks read the cohort."
COHORT_MEASURED = "Figures are being computed."
COHORT_MAPS = "Maps are compared with the boxes."
GONE = Said(None, ("Its study was removed.",))

Write = Callable[[Callable[[Transaction], None]], None]
"""Carries out one step of the job in a transaction."""


@dataclass(frozen=True, slots=True, eq=False)
class Measuring:
    """One cohort while it is read. ``leave`` says that nothing more is to be done, ``write`` keeps a step."""

    store: Store
    job: JobRow
    owner: str
    loaded: "Loaded"
    write: Write
    leave: Callable[[], bool]

    def carry_out(self) -> bool:
        """Read what is left and keep the figures; False when it was left unfinished."""
        with self.store.view() as tx:
            row = tx.cohorts.get(self.job.cohort_id)
            cases = tx.cohorts.cases(row.id)
        cards = [self.loaded.registry.card(name) for name in row.models]
        left = [case for case in cases if case.said is None]
        done = len(cases) - len(left)
        self.write(lambda tx: tx.jobs.progress(self.job.id, self.owner, done, len(cases), COHORT_READ))
        for some in _batches(left):
            if self.leave():
                return False
            self._read(cards, some, done + len(some), len(cases))
            done += len(some)
        if not self._whole(row, cards) and not self._measured(row, cards):
            return False
        with self.store.view() as tx:
            row = tx.cohorts.get(row.id)
        return Mapping(self.store, self.job, self.owner, self.loaded, self.write, self.leave).carry_out(row)

    def _whole(self, row: CohortRow, cards: Sequence[Card]) -> bool:
        """Whether the figures are there already, those of maps on boxes too: then maps alone were asked for."""
        return row.report is not None and bool(row.report.get("localised") or not cohorts.boxed(self.store, row, cards))

    def _measured(self, row: CohortRow, cards: Sequence[Card]) -> bool:
        """Keep the figures; False when it was left unfinished."""
        with self.store.view() as tx:
            cases = tx.cohorts.cases(row.id)
        table = report.Table.of(row.matched)
        networks = cohorts.called_from(row, cards)
        known = [cohorts.case_of(case, len(cards)) for case in cases]
        made = figures.measured(row.name, table, known, networks, tell=self._figured)
        self.write(lambda tx: tx.cohorts.keep(row.id, made.plain()))  # maps take much longer: nobody waits for them
        lying = tuple(self._localised(row, cards, cases))
        if self.leave():
            return False
        whole = replace(made, localised=lying)
        self.write(lambda tx: tx.cohorts.keep(row.id, whole.plain()))
        return True

    def _localised(self, row: CohortRow, cards: Sequence[Card], cases: Sequence[CohortCaseRow]) -> Iterator[report.Localised]:
        """How the maps lie on the films that have boxes, or regions that a reader drew: those of findings without a box."""
        known = self._regions(row, cards, cases)
        due = [case for case in cases if case.name in known and case.study_id and case.image_id]
        for place, card in enumerate(cards):
            marked: list[localising.Marked] = []
            for done, case in enumerate(due):
                if self.leave():
                    return
                self._compared(place * len(due) + done, len(cards) * len(due))
                marked += self._marked(card, case, known[case.name]) if case.said and case.said[place][0] else ()
            yield from localising.localised(card.name, marked)
        if due:
            self._compared(len(cards) * len(due), len(cards) * len(due))

    def _regions(self, row: CohortRow, cards: Sequence[Card], cases: Sequence[CohortCaseRow]) -> dict[str, dict[str, Region]]:
        """Where findings lie, by the names of cases."""
        lying = cohorts.boxed(self.store, row, cards)
        found = {
            name: {finding: boxes.region(some) for finding, some in boxes.by_finding(own).items()}
            for name, own in lying.items()
        }
        answered = cohorts.findings(cards)
        for case in cases:
            with self.store.view() as tx:
                drawn = {finding: region for finding, region in cohorts.drawn(tx, case).items() if finding in answered}
            if drawn:
                found[case.name] = drawn | found.get(case.name, {})
        return found

    def _figured(self, step: int, of: int) -> None:
        self.write(lambda tx: tx.jobs.progress(self.job.id, self.owner, step, of, COHORT_MEASURED))

    def _compared(self, step: int, of: int) -> None:
        self.write(lambda tx: tx.jobs.progress(self.job.id, self.owner, step, of, COHORT_MAPS))

    def _marked(self, card: Card, case: CohortCaseRow, regions: dict[str, Region]) -> Iterator[localising.Marked]:
        """A film's findings with its maps of them."""
        with suppress(NotFound):
            with self.store.view() as tx:
                study = tx.studies.load(case.study_id or "")
            image = next(image for image in study.images if image.stack == case.key)
            for finding, lies in maps(study, self.loaded, card.name, case.key, regions).items():
                yield localising.Marked(case.patient, finding, (image.rows, image.columns), regions[finding], lies)

    def _read(self, cards: Sequence[Card], some: Sequence[CohortCaseRow], step: int, of: int) -> None:
        """What the networks say of some cases, kept with the cohort and with their studies."""
        ids = list(dict.fromkeys(case.study_id for case in some if case.study_id))
        studies: dict[str, Study] = {}
        said: dict[str, Words] = {}
        with self.store.view() as tx:
            for study_id in ids:
                with suppress(NotFound):
                    studies[study_id] = study = tx.studies.load(study_id)
                    said[study.study_uid] = words(tx, study_id, tx.stacks.of_study(study_id))
        every = tuple(studies.values())
        told = [dict(zip(studies, heard(every, self.loaded, card.name, words=said), strict=True)) for card in cards]

        def keep(tx: Transaction) -> None:
            tx.jobs.progress(self.job.id, self.owner, step, of, COHORT_READ)
            for said in told:
                for study_id, one in said.items():
                    _keep_answers(tx, study_id, one)
            for case in some:
                film = "" if cards[0].kind == "exam" else case.key
                said_of = [by[case.study_id].said(film) if case.study_id in by else GONE for by in told]
                tx.cohorts.said(self.job.cohort_id, case.number, [(s.probabilities, s.why, s.refused) for s in said_of])

        self.write(keep)


def _keep_answers(tx: Transaction, study_id: str, one: Heard) -> None:
    """With their study too, where it is still what was read."""
    for inspection in one.inspections:
        with suppress(NotFound):
            tx.inspections.save(study_id, inspection)
    for answer in one.answers:
        with suppress(NotFound):
            tx.answers.save(study_id, answer, headline=False)


def _batches(cases: Sequence[CohortCaseRow]) -> Iterator[list[CohortCaseRow]]:
    """Cases whose studies are read together; those of one study never part."""
    some: list[CohortCaseRow] = []
    for case in sorted(cases, key=lambda case: (case.study_id or "", case.number)):
        if len(some) >= BATCH and case.study_id != some[-1].study_id:
            yield some
            some = []
        some.append(case)
    if some:
        yield some
