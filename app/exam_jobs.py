"""What a worker's job has to do with an exam of stacks: what is left of it, and keeping what comes out.

Knows the store and how exams are examined; the worker knows jobs and leases. What is there already of the network's and the
product's present version is not made again, so that a job that was cut off goes on with the methods that are missing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app import examining, explainers
from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.domain import Image, Study
from app.errors import InputError
from app.exam import ExamPrediction, Plane, StackExplanation, StackKey
from app.stacks import Correction, Stack
from app.store import JobRow, Transaction

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded

Read = Mapping[Plane, Stack[Image]]


@dataclass(frozen=True, slots=True, eq=False)
class ExamTask:
    """What is left to do: ``finding`` is a name or "top"; ``maps`` is every plane and method that will be explained, in that
    order. ``read``: a network reads the exam, and there may be nothing left all the same (``due`` False)."""

    study: Study
    model: str | None
    finding: str = "top"
    methods: tuple[str, ...] = ()
    corrections: tuple[Correction, ...] = ()
    maps: tuple[tuple[Plane, str], ...] = ()
    read: bool = False
    due: bool = False

    @property
    def steps(self) -> int:
        """How many results will come."""
        return 1 + len(self.maps) if self.due else 0

    def doing(self, step: int) -> Mapping[str, str]:
        """What is computed after so many results: the plane, and the method's title; the last stay until the end."""
        if not self.maps:
            return {"plane": "–", "method": "–"}
        plane, method = self.maps[min(step - 1, len(self.maps) - 1)]
        return {"plane": plane, "method": explainers.describe(method).title}


def task(tx: Transaction, job: JobRow, registry: Registry, study: Study, present: Mapping[str, str]) -> ExamTask:
    """What is left of a job for the exam that a study may be; ``present`` are the software's versions.

    NotFound for a network there is not; InputError for one of exams that reads nothing of this study.
    """
    said = tx.exams.corrections(job.study_id)
    nothing = ExamTask(study, job.model, corrections=said)
    if job.image_id is not None or (job.model is not None and registry.card(job.model).kind != "exam"):
        return nothing  # a job for a film, or by a network of films
    found = examining.exam_stacks(study, registry, job.model, said)
    if found is None:
        if job.model is not None:
            raise InputError("The network “%(name)s” reads no stack of this study.", {"name": job.model})
        return nothing
    card, stacks = found
    finding, methods, due = _left(tx, job, card, stacks, present)
    planes = [plane for plane in stacks if finding == "top" or answers(card, plane, finding)]
    return ExamTask(
        study=study,
        model=card.name,
        finding=finding,
        methods=methods,
        corrections=said,
        maps=tuple((plane, method) for plane in planes for method in methods),
        read=True,
        due=due,
    )


def _left(
    tx: Transaction, job: JobRow, card: Card, stacks: Read, present: Mapping[str, str]
) -> tuple[str, tuple[str, ...], bool]:
    """The finding to explain, the methods that lack maps of it, and whether anything is to be done."""
    panel = explainers.panel()
    said = prediction(tx, job.study_id, card, stacks, present)
    if job.kind == "explain":
        finding = job.finding or ""
        methods = missing(tx, job.study_id, card, stacks, finding)
        return finding, methods, said is None or bool(methods)
    if said is None:
        return "top", panel, True
    finding = said.top().finding
    methods = missing(tx, job.study_id, card, stacks, finding, versions=present)
    return finding, methods, bool(methods)


def prediction(
    tx: Transaction, study_id: str, card: Card, stacks: Read, present: Mapping[str, str] | None = None
) -> ExamPrediction | None:
    """What a network's present version said of just these stacks with all their slices, by these versions of the software where
    they are given; None where it has not."""
    wanted = {plane: (stack.key, len(stack.images)) for plane, stack in stacks.items()}
    for row in tx.exams.predictions(study_id):
        said = row.prediction
        read = {one.plane: (one.stack, max(map(len, one.slice_scores), default=0)) for one in said.planes}
        version = (said.model, said.model_sha256) == (card.name, card.sha256)
        if version and read == wanted and (present is None or said.versions == present):
            return said
    return None


def missing(
    tx: Transaction, study_id: str, card: Card, stacks: Mapping[Plane, Stack[Any]], finding: str, **versions: Any
) -> tuple[str, ...]:
    """The methods of the default panel that lack maps of a finding on one of the stacks that answer for it; ``versions`` as in
    `app.store.exams.Exams.missing`."""
    slices: dict[StackKey, int] = {
        stack.key: len(stack.images) for plane, stack in stacks.items() if answers(card, plane, finding)
    }
    return tx.exams.missing(study_id, card.sha256, finding, explainers.panel(), stacks=slices, **versions)


def answers(card: Card, plane: Plane, finding: str) -> bool:
    """Whether a network answers for a finding from a plane."""
    return any(member.plane == plane and finding in member.findings for member in card.members)


def results(one: ExamTask, loaded: "Loaded") -> Iterator[ExamPrediction | StackExplanation]:
    """What is left, computed."""
    return examining.examine(
        one.study, loaded, model=one.model, methods=one.methods, findings=one.finding, corrections=one.corrections
    )


def keep(tx: Transaction, job: JobRow, result: ExamPrediction | StackExplanation) -> None:
    """Store one result."""
    if isinstance(result, ExamPrediction):
        tx.exams.save_prediction(job.study_id, result, headline=job.kind == "analyse" and job.model is None)
    else:
        tx.exams.save_explanation(job.study_id, result)
