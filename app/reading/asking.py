"""What one network says of many studies, without what it goes by: films in batches, and a fault is one study's alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.cohorts.cases import NOT_READ, Said
from app.domain import Answer, Inspection, Layer, Localisation, Region, Study
from app.domain.stacks import fingerprint
from app.errors import AppError, InputError, ModelError, NotFound
from app.evaluation import truth
from app.reading.plan import NOTHING, Reading, Words, readings
from app.reading.running import read

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a network said of a study: its answers, what its guard said of films, or why there is nothing."""

    answers: tuple[Answer, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    error: AppError | None = None

    def said(self, film: str = "") -> Said:
        """As a cohort has it: of a film by its fingerprint, of an exam without one."""
        answer = next((one for one in self.answers if one.stacks == (film,) or not film), None)
        if answer is not None:
            return Said({score.finding: score.probability for score in answer.scores})
        inspection = next((one for one in self.inspections if _seen(one) == film), None)
        if inspection is not None and inspection.stopped:
            return Said(None, inspection.reasons, refused=True)
        return Said(None, (self.error.sentence,)) if self.error is not None else NOT_READ


def heard(
    studies: Sequence[Study],
    loaded: "Loaded",
    model: str,
    *,
    insist: bool = False,
    words: Mapping[str, Words] = MappingProxyType({}),
) -> tuple[Heard, ...]:
    """What ``model`` says of each study, in their order. A study that it does not read, or that fails, has an error. ``words``
    are what readers said of their stacks, by Study Instance UID.

    ModelError when the network or its guard is not there or cannot be loaded; ValueError for the same film twice.
    """
    due: list[tuple[Reading, ...]] = []  # type: ignore[type-arg]  # of whatever the studies hold
    errors: dict[int, AppError] = {}
    for place, study in enumerate(studies):
        try:
            due.append(readings(study, loaded.registry, model, words.get(study.study_uid, NOTHING)))
        except (InputError, NotFound) as error:
            errors[place] = error
            due.append(())
    whose = {stack.fingerprint: place for place, own in enumerate(due) for one in own for stack in one.stacks}
    if len(whose) < sum(len(one.stacks) for own in due for one in own):
        raise ValueError("the same film twice: what comes of it could not be told apart")
    try:
        results = list(read(chain.from_iterable(due), loaded, methods=(), insist=insist))
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001 - one study's fault must not keep the others from being read
        if len(studies) > 1:
            each = (heard([study], loaded, model, insist=insist, words=words) for study in studies)
            return tuple(chain.from_iterable(each))
        if isinstance(error, AppError):
            return (Heard(error=error),)
        fault = AppError("Something went wrong in the analysis (%(kind)s).", {"kind": type(error).__name__})
        return (Heard(error=fault),)
    found: list[tuple[list[Answer], list[Inspection]]] = [([], []) for _ in studies]
    for result in results:
        if isinstance(result, Answer):
            found[whose[result.stacks[0]]][0].append(result)
        elif isinstance(result, Inspection):
            found[whose[_seen(result)]][1].append(result)
    return tuple(Heard(tuple(said), tuple(seen), errors.get(at)) for at, (said, seen) in enumerate(found))


def maps(
    study: Study, loaded: "Loaded", model: str, film: str, regions: Mapping[str, Region]
) -> dict[str, dict[str, Localisation]]:
    """How the maps of one film of a study, by its fingerprint, lie to the true regions: per finding that ``model`` answers for,
    by the methods that it opens with. Empty where it does not read the film. Errors as of `app.reading.read`."""
    due = [one for one in readings(study, loaded.registry, model) if [s.fingerprint for s in one.stacks] == [film]]
    wanted = tuple(finding for finding in regions if due and finding in due[0].card.findings)
    if not wanted:
        return {}
    image = due[0].stacks[0].images[0]
    size = (image.rows, image.columns)
    found: dict[str, dict[str, Localisation]] = {finding: {} for finding in wanted}
    for result in read(due, loaded, findings=wanted, insist=True):
        if isinstance(result, Layer):
            lies = truth.localise(result.values, result.extent, {0: regions[result.finding]}, size)
            found[result.finding][result.method] = lies
    return found


def _seen(inspection: Inspection) -> str:
    return fingerprint([(inspection.sop_instance_uid, inspection.frame)])
