"""What a job has to do: which readings of a study are left, and keeping what comes out.

What is there already of the network's and the product's present version is not made again, so that a job that was cut off goes
on where it stopped. Knows the store and how studies are read; the loop knows jobs and leases.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import explainers, reading
from app.classifiers.registry import Registry
from app.domain import Answer, Image, Inspection, Layer, Series, Study
from app.reading import Reading
from app.reading.running import TOP
from app.stacks import Correction
from app.store import AnswerRow, JobRow, StackRow, Transaction

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded

Readings = tuple[Reading[Series, Image], ...]

ANATOMY, MASKS = 8, 2
"""About how many layers the anatomy of a film has: labels, outlines, the aligned film, markers, three gates, regions; and those
of where a finding occurs."""
PARTED = 2
"""The layers that say which part lies where on a stack of an exam."""
READING = "The network reads the image."
EXPLAINING = "Maps are being computed."
EXAMINING = "Maps are being computed: %(plane)s, %(method)s."


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One reading that is left, with the methods that lack maps of a finding ("top": of the most probable one). ``anatomy``: a
    film has none by the present version of the network that tells it; ``masks``: there are some of where findings occur."""

    reading: Reading[Series, Image]
    methods: tuple[str, ...]
    finding: str
    insist: bool
    anatomy: bool = False
    masks: bool = False

    @property
    def maps(self) -> tuple[tuple[str, str], ...]:
        """The plane and the method's title of every map that will come, in that order; no plane for a film."""
        stacks = self.reading.stacks if self.finding == TOP else self.reading.answering(self.finding)
        told = [explainers.describe(method) for method in self.methods]
        return tuple((stack.plane, method.of or method.title) for stack in stacks for method in told)

    @property
    def steps(self) -> int:
        """How many results will come, or would if nothing was refused."""
        outlines = PARTED * len(self.reading.stacks) if self.reading.exam else ANATOMY
        return 1 + len(self.maps) + (outlines if self.anatomy else 0) + (MASKS if self.masks and self.maps else 0)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What a job has to do. ``models`` are the networks that read the study, none where it can only be looked at."""

    models: tuple[str, ...]
    pieces: tuple[Piece, ...]

    @property
    def steps(self) -> int:
        """How many results will come."""
        return sum(piece.steps for piece in self.pieces)


def readings(tx: Transaction, job: JobRow, registry: Registry, study: Study) -> Readings:
    """What the networks of a job read of a study, as readers have corrected it; of one stack where the job is about one.

    NotFound for a network there is not; InputError for one that reads nothing of this study.
    """
    stacks = tx.stacks.of_study(job.study_id)
    found = reading.readings(study, registry, job.model, words(tx, job.study_id, stacks))
    wanted = next((stack.fingerprint for stack in stacks if stack.id == job.stack_id), None)
    return tuple(one for one in found if wanted is None or wanted in {stack.fingerprint for stack in one.stacks})


def words(tx: Transaction, study_id: str, stacks: Sequence[StackRow]) -> reading.Words:
    """What readers say of a study's stacks in place of their headers, as the sorting takes it."""
    corrections = tuple(
        Correction(row.fingerprint, row.correction.plane, row.correction.weighting, row.correction.used) for row in stacks
    )
    return reading.Words(corrections, tx.regroupings.in_force(study_id))


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """What is known of a job's study already: its stacks by fingerprint, its answers; ``present`` are the software's
    versions."""

    tx: Transaction
    job: JobRow
    registry: Registry
    stacks: Mapping[str, StackRow]
    answers: tuple[AnswerRow, ...]
    present: Mapping[str, str]

    @classmethod
    def of(cls, tx: Transaction, job: JobRow, registry: Registry, present: Mapping[str, str]) -> "Ledger":
        """Of a job's study as it is stored."""
        stacks = {row.fingerprint: row for row in tx.stacks.of_study(job.study_id)}
        return cls(tx, job, registry, stacks, tx.answers.of_study(job.study_id), present)

    def holds(self, found: Readings) -> bool:
        """Whether the stacks of these readings are still what their series are."""
        return all(stack.fingerprint in self.stacks for one in found for stack in one.stacks)

    def task(self, found: Readings) -> Task:
        """What is left of these readings."""
        left = (self._left(one) for one in found)
        models = tuple(dict.fromkeys(one.card.name for one in found))
        return Task(models, tuple(piece for piece in left if piece is not None))

    def _left(self, one: Reading[Series, Image]) -> Piece | None:
        """What is left of one reading: the answer by the network's and the software's present version, the maps of the wanted
        finding; nothing where a guard refuses the image."""
        panel = explainers.panel(one.card)
        answer = self._answer(one)
        masks = self.registry.masks(one.card) is not None
        if self.job.kind == "explain":
            finding = self.job.finding or ""
            methods = self._missing(one, finding, self.job.methods or panel)
            # An answer that is there is explained: whoever insisted on it did so before.
            insist = self.job.insist or answer is not None
            return Piece(one, methods, finding, insist, masks=masks) if methods or answer is None else None
        anatomy = self._no_anatomy(one)
        if not self.job.insist and not one.exam and self._refused(one):
            return None
        if answer is None or answer.versions != self.present:
            return Piece(one, panel, TOP, self.job.insist, anatomy, masks)
        finding = answer.top().finding
        # Where the anatomy is new, maps that are there do not say yet where their evidence lies.
        methods = panel if anatomy else self._missing(one, finding, panel, self.present)
        return Piece(one, methods, finding, insist=True, anatomy=anatomy, masks=masks) if methods or anatomy else None

    def _no_anatomy(self, one: Reading[Series, Image]) -> bool:
        """Whether a film, or a stack of an exam, has no map of its parts by the present version of the network that tells them,
        if there is one."""
        card = self.registry.segmentation(one.card)
        if card is None:
            return False
        ids = [self.stacks[stack.fingerprint].id for stack in one.stacks]
        return bool(self.tx.layers.missing(ids, card.sha256, "", (card.name,)))

    def _answer(self, one: Reading[Series, Image]) -> Answer | None:
        """What the network's present version said of just these stacks, read as what they are by now."""
        read = [(stack.fingerprint, stack.plane if one.exam else "") for stack in one.stacks]
        for answer in (row.answer for row in self.answers):
            version = (answer.model, answer.model_sha256) == (one.card.name, one.card.sha256)
            if version and [(part.stack, part.plane) for part in answer.parts] == read:
                return answer
        return None

    def _missing(
        self,
        one: Reading[Series, Image],
        finding: str,
        panel: tuple[str, ...],
        versions: Mapping[str, str] | None = None,
    ) -> tuple[str, ...]:
        """The methods that lack maps of a finding on one of the stacks that answer for it."""
        ids = [self.stacks[stack.fingerprint].id for stack in one.answering(finding)]
        return self.tx.layers.missing(ids, one.card.sha256, finding, panel, versions)

    def _refused(self, one: Reading[Series, Image]) -> bool:
        """Whether the present version of a network's guard has refused a film already."""
        guard = self.registry.guard(one.card)
        image = self.stacks[one.stacks[0].fingerprint].images[0]
        return guard is not None and any(
            row.inspection.stopped and (row.inspection.model, row.inspection.guard_sha256) == (one.card.name, guard.sha256)
            for row in self.tx.inspections.of_image(image)
        )


def results(piece: Piece, loaded: "Loaded") -> Iterator[Inspection | Answer | Layer]:
    """What is left of a reading, computed."""
    return reading.read(
        [piece.reading],
        loaded,
        methods=piece.methods,
        findings=piece.finding,
        insist=piece.insist,
        anatomy=piece.anatomy,
    )


def keep(tx: Transaction, job: JobRow, result: Inspection | Answer | Layer) -> None:
    """Store one result. NotFound where its stack is not what its series is any more."""
    if isinstance(result, Inspection):
        tx.inspections.save(job.study_id, result)
    elif isinstance(result, Answer):
        tx.answers.save(job.study_id, result, headline=job.kind == "analyse" and (job.model is None or job.chosen))
    else:
        tx.layers.save(job.study_id, result)
