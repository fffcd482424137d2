"""One study's way through its networks: what comes of it for ``result.json`` and the screen, and the files that are written.

A visit belongs to one thread at a time. Knows the readings; what goes wrong with one study is told of that study alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from app.analysis import entries
from app.analysis.entries import Entry, Numbers
from app.analysis.files import Files, Film
from app.analysis.request import Request
from app.classifiers.card import Card
from app.classifiers.loading import Loaded
from app.desk import drawn
from app.domain import Answer, Image, Inspection, Layer, Series, Study
from app.domain.stacks import fingerprint
from app.errors import InputError, ModelError, NotFound
from app.reading import Reading, Result, read, readings
from app.render import Known
from app.stacks import Stack

Due = tuple[Reading[Series, Image], ...]


@dataclass(frozen=True, slots=True)
class Means:
    """With what studies are visited: the same for all threads."""

    request: Request
    loaded: Loaded
    files: Files

    def due(self, study: Study | None) -> Due:
        """Which networks read which stacks of a study. InputError, NotFound."""
        return readings(study, self.loaded.registry, self.request.model) if study is not None else ()

    def results(self, due: Iterable[Reading[Series, Image]]) -> Iterator[Result]:
        """What comes of readings, as it was asked for."""
        asked = self.request
        maps = asked.methods is None or bool(asked.methods)
        return read(due, self.loaded, methods=asked.methods, findings=asked.finding, insist=asked.insist, anatomy=maps)


@dataclass(slots=True, eq=False)
class Visit:
    """A file's films, a study's stacks, or what could not be read at all (``study`` None).

    ``images`` are the entries of its images in ``result.json`` by their numbers, and filled in here; ``numbers`` says which is
    whose. ``upto`` is how many entries there are with these and all before; ``exam`` the number that its first exam gets;
    ``files`` how many of those that were counted are done with it; ``said`` the last answer about each stack. ``lines`` go to
    the screen; ``clean`` is False where something could not be done.
    """

    name: str
    study: Study | None
    numbers: Numbers
    images: Mapping[int, Entry]
    upto: int
    exam: int = 0
    files: int = 0
    lines: list[str] = field(default_factory=list)
    exams: list[Entry] = field(default_factory=list)
    cards: dict[str, Card] = field(default_factory=dict)
    said: dict[str, Answer] = field(default_factory=dict)
    clean: bool = True
    _film: Film | None = None

    def fault(self, reason: str) -> None:
        """One line for what could not be done."""
        self.clean = False
        self.lines.append(f"{self.name}: {reason}")

    def failed(self, reason: str) -> None:
        """The same, and the reason of every image that has none of its own."""
        self.fault(reason)
        for entry in self.images.values():
            entry["reason"] = entry["reason"] or reason

    def take(self, result: Result, one: Reading[Series, Image], stack: Stack[Image], files: Files) -> None:
        """Write down one result of a stack, and write the files of a layer. OSError of the disk."""
        if isinstance(result, Inspection):
            self._inspected(self.images[self._number(stack)], result)
        elif isinstance(result, Answer):
            self._answered(result, one)
        elif one.exam:
            number = self.exam + len(self.exams) - 1
            row = files.stack(result, stack, number, known=self._known(result, one))
            self.exams[-1]["explanations"].append(row)
        else:
            entry = self.images[number := self._number(stack)]
            row = files.film(result, self._shown(stack), entry, number, known=self._known(result, one))
            entry["explanations"].append(row)
            if result.kind == "labels":
                entry["anatomy"] = entries.of_anatomy(result)

    def _known(self, layer: Layer, one: Reading[Series, Image]) -> Known:
        """What is known of a map beside its values, so that its picture is the page's."""
        answer = self.said[layer.stack]
        part = answer.part(layer.stack)
        return drawn.known(layer, layer.values.shape[-1], one.card, answer, part.plane if part else "")

    def _number(self, stack: Stack[Image]) -> int:
        return entries.of_stack(stack, self.numbers)[0]

    def _shown(self, stack: Stack[Image]) -> Film:
        """A film under its layers, which come one after the other."""
        if self._film is None or self._film.image is not stack.images[0]:
            self._film = Film(stack.images[0])
        return self._film

    def _inspected(self, entry: Entry, inspection: Inspection) -> None:
        """What the guard says of one image: in its entry, and in one line unless all is well."""
        entry["inspection"] = entries.of_inspection(inspection)
        reasons = " ".join(inspection.reasons)
        if inspection.stopped:
            entry["status"], entry["reason"] = "refused", reasons
            self.fault(f"refused: {reasons} --insist analyses it all the same.")
        elif inspection.verdict != "ok":
            self.lines.append(f"{self.name}: caution: {reasons}")
        if inspection.remarks and not inspection.stopped:
            self.lines.append(f"{self.name}: remark: {' '.join(inspection.remarks)}")

    def _answered(self, answer: Answer, one: Reading[Series, Image]) -> None:
        """An answer: in the entry of its film, or in an entry of its exam; every image that was read says by which network."""
        self.cards[one.card.name] = one.card
        self.said |= dict.fromkeys(answer.stacks, answer)
        by = entries.network(answer, one.card)
        for stack in one.stacks:
            for number in entries.of_stack(stack, self.numbers):
                self.images[number].update(by if one.exam else by | {"findings": entries.findings(answer, one.card)})
        if one.exam:
            stacks = {stack.fingerprint: stack for stack in one.stacks}
            self.exams.append(entries.of_exam(answer, one.card, stacks, self.numbers))


def carry_out(visits: Sequence[Visit], means: Means) -> Sequence[Visit]:
    """Visit studies: films of several together where only answers are asked for, unless one is in the others' way.

    OSError of the disk, when nothing more can be written. What else goes wrong is one line and each image's reason.
    """
    due = [visit for visit in visits if visit.study is not None]
    if len(due) < 2 or means.request.methods != () or not _together(due, means):
        for visit in due:
            _alone(visit, means)
    for visit in due:
        visit.study = visit._film = None  # their pixels are needed no more
    return visits


def _alone(visit: Visit, means: Means) -> None:
    try:
        due = means.due(visit.study)
        of = {stack.fingerprint: (one, stack) for one in due for stack in one.stacks}
        for result in means.results(due):
            visit.take(result, *of[_stack(result)], means.files)
    except (InputError, NotFound, ModelError) as error:
        visit.failed(error.sentence)
    except OSError:
        raise  # the disk, not the file: nothing more can be written
    except Exception as error:  # noqa: BLE001 - one study's fault must not keep the others from being analysed
        visit.failed(f"Something went wrong in the analysis ({type(error).__name__}).")


def _together(visits: Sequence[Visit], means: Means) -> bool:
    """Whether all of them could be read at once; if not, nothing was taken down."""
    try:
        found = [(visit, means.due(visit.study)) for visit in visits]
        whose = [(stack.fingerprint, (visit, one, stack)) for visit, due in found for one in due for stack in one.stacks]
        of = dict(whose)
        if len(of) < len(whose):
            return False  # one film twice: what comes of it could not be told apart
        results = list(means.results(chain.from_iterable(due for _, due in found)))
    except Exception:  # noqa: BLE001 - whose fault it is will be seen when each is read alone
        return False
    for result in results:
        visit, one, stack = of[_stack(result)]
        visit.take(result, one, stack, means.files)
    return True


def _stack(result: Result) -> str:
    """The stack that a result is about: of an exam's answer the first."""
    if isinstance(result, Inspection):
        return fingerprint([(result.sop_instance_uid, result.frame)])
    return result.stack if isinstance(result, Layer) else result.stacks[0]
