"""One run of the `analyse` command, file by file and exam by exam: what is read, what is written, what is said of it."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from app import ingest
from app.analysis import entries
from app.analysis.entries import Entry, Numbers
from app.analysis.joining import whole
from app.analysis.request import Outcome, Request
from app.classifiers.card import Card
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.desk import drawn
from app.domain import Answer, Image, Inspection, Layer, Series, Study
from app.errors import InputError, ModelError, NotFound, Unavailable
from app.reading import STACKED, Reading, read, readings

NO_NETWORK = "No network is registered for this kind of image."
LONGEST_NAME = 200
"""A longer path is named by its last part; ingest keeps names to one readable line."""

Complain = Callable[[str], None]


def run(request: Request, settings: Settings, complain: Complain) -> Outcome:
    """Analyse every source and write the results; ``complain`` takes one line per thing that could not be used.

    AppError, and nothing is done, when the request itself is wrong: a network, method or finding there is not, a folder that
    cannot be written, a device that is away.
    """
    registry = Registry(settings.models)
    request.check(registry)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    analysis = _Analysis(request, settings, Loaded(registry, settings.device), complain)
    try:
        request.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=request.out, prefix=".unpacked-") as workdir:
            for source in request.sources:
                analysis.source(source, Path(workdir))
        analysis.join()
        entries.write(request.out / "result.json", analysis.images, analysis.exams)
    except OSError as error:
        raise Unavailable(
            "The folder “%(folder)s” cannot be written: %(reason)s.", {"folder": str(request.out), "reason": _reason(error)}
        ) from error
    images = [entry for entry in analysis.images if entry["status"] == "ok"]
    return Outcome(
        images=len(images),
        analysed=sum(entry["model"] is not None for entry in images),
        clean=analysis.clean,
        refused=sum(entry["status"] == "refused" for entry in analysis.images),
        warned=sum(bool(entry["inspection"]) and entry["inspection"]["verdict"] != "ok" for entry in images),
        banners=tuple(f"{card.name}: {card.banner}" for card in analysis.cards.values() if card.banner),
    )


@dataclass(slots=True)
class _Analysis:
    """One run of the command. ``images`` and ``exams`` are the entries of ``result.json``; ``parts`` are the studies of stacks
    that came so far, in pieces, and ``numbers`` their images' entries; ``said`` is the last answer about each stack."""

    request: Request
    settings: Settings
    loaded: Loaded
    complain: Complain
    images: list[Entry] = field(default_factory=list)
    exams: list[Entry] = field(default_factory=list)
    cards: dict[str, Card] = field(default_factory=dict)
    said: dict[str, Answer] = field(default_factory=dict)
    parts: list[Study] = field(default_factory=list)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    clean: bool = True

    def source(self, name: str, workdir: Path) -> None:
        """One file, folder or zip file of the command line."""
        before = len(self.images)
        try:
            for path in _files(Path(name)):
                self.file(path, workdir)
        except Unreadable as error:
            self.reject(name, error.sentence)
        if len(self.images) == before:
            self.reject(name, "There is nothing in it that could be an image.")

    def file(self, path: Path, workdir: Path) -> None:
        """One file, or each member of an archive."""
        name = str(path) if len(str(path)) <= LONGEST_NAME else path.name
        try:
            path.open("rb").close()
        except OSError as error:
            self.reject(name, f"It cannot be read: {_reason(error)}.")
            return
        for one in ingest.read(path, name, self.settings, workdir):
            if isinstance(one, ingest.Rejected):
                self.reject(one.name, one.error.sentence)
            else:
                self.study(one.name, one.study, one.warnings)
                if one.path != path:
                    one.path.unlink(missing_ok=True)  # an archive's member: its octets are no longer needed

    def reject(self, name: str, reason: str) -> None:
        """One line and one entry for what could not be read."""
        self.images.append(entries.of_image(name, "rejected", reason=reason))
        self.fault(name, reason)

    def fault(self, name: str, reason: str) -> None:
        """One line for what could not be done."""
        self.clean = False
        self.complain(f"{name}: {reason}")

    def study(self, name: str, study: Study, warnings: Sequence[str]) -> None:
        """One readable file: an entry per image. Films are read at once, stacks when all of their files are there."""
        numbers = {(image.sop_instance_uid, image.frame): at for at, image in enumerate(study.images, len(self.images))}
        self.images += [entries.of_image(name, "ok", frame=image.frame, warnings=list(warnings)) for image in study.images]
        stacked = tuple(series for series in study.series if series.modality in STACKED)
        if stacked:
            self.parts.append(replace(study, series=stacked))
            self.numbers = numbers | self.numbers
        if films := tuple(series for series in study.series if series.modality not in STACKED):
            self.read(name, replace(study, series=films), numbers)

    def join(self) -> None:
        """What came of the files that make stacks, file by file, is read study by study."""
        for study in whole(self.parts):
            image = study.images[0]
            name = self.images[self.numbers[image.sop_instance_uid, image.frame]]["file"]
            self.read(name, study, self.numbers)
        for entry in self.images:
            if entry["status"] == "ok" and entry["model"] is None:
                entry["reason"] = entry["reason"] or NO_NETWORK

    def read(self, name: str, study: Study, numbers: Numbers) -> None:
        """Every reading of a study, films' and exams' alike; what goes wrong is one line and each image's reason."""
        reason = ""
        try:
            self.results(name, readings(study, self.loaded.registry, self.request.model), numbers)
        except (InputError, NotFound, ModelError) as error:
            reason = error.sentence
        except OSError:
            raise  # the disk, not the file: nothing more can be written
        except Exception as error:  # noqa: BLE001 - one study's fault must not keep the others from being analysed
            reason = f"Something went wrong in the analysis ({type(error).__name__})."
        if reason:
            self.fault(name, reason)
        for image in study.images:
            entry = self.images[numbers[image.sop_instance_uid, image.frame]]
            entry["reason"] = entry["reason"] or reason

    def results(self, name: str, due: Sequence[Reading[Series, Image]], numbers: Numbers) -> None:
        """Read, and write what comes."""
        asked = self.request
        of = {stack.fingerprint: (one, stack) for one in due for stack in one.stacks}
        for result in read(due, self.loaded, methods=asked.methods, findings=asked.finding, insist=asked.insist):
            if isinstance(result, Inspection):
                self.inspected(name, self.images[numbers[result.sop_instance_uid, result.frame]], result)
            elif isinstance(result, Answer):
                self.answered(result, of[result.stacks[0]][0], numbers)
            else:
                one, stack = of[result.stack]
                (number, *_) = entries.of_stack(stack, numbers)
                self.layer(result, one, number)

    def inspected(self, name: str, entry: Entry, inspection: Inspection) -> None:
        """What the guard says of one image: in its entry, and in one line unless all is well."""
        entry["inspection"] = entries.of_inspection(inspection)
        reasons = " ".join(inspection.reasons)
        if inspection.stopped:
            entry["status"], entry["reason"] = "refused", reasons
            self.fault(name, f"refused: {reasons} --insist analyses it all the same.")
        elif inspection.verdict != "ok":
            self.complain(f"{name}: caution: {reasons}")

    def answered(self, answer: Answer, one: Reading[Series, Image], numbers: Numbers) -> None:
        """An answer: in the entry of its film, or in an entry of its exam; every image that was read says by which network."""
        self.cards[one.card.name] = one.card
        self.said |= dict.fromkeys(answer.stacks, answer)
        by = entries.network(answer, one.card)
        for stack in one.stacks:
            for number in entries.of_stack(stack, numbers):
                self.images[number] |= by if one.exam else by | {"findings": entries.findings(answer)}
        if one.exam:
            stacks = {stack.fingerprint: stack for stack in one.stacks}
            self.exams.append(entries.of_exam(answer, one.card, stacks, numbers))

    def layer(self, layer: Layer, one: Reading[Series, Image], number: int) -> None:
        """A layer's files, and what is said of them in the entry of the film ``number``, or of the last exam."""
        stack = next(stack for stack in one.stacks if stack.fingerprint == layer.stack)
        said = self.said[layer.stack]
        part = said.part(layer.stack)
        known = drawn.known(layer, layer.values.shape[-1], one.card, said, part.plane if part else "")
        if one.exam:
            entry = self.exams[-1]
            row = entries.of_stack_layer(layer, stack, len(self.exams) - 1, self.request.out, known=known)
        else:
            entry = self.images[number]
            row = entries.of_film_layer(layer, stack.images[0], entry, number, self.request.out, known=known)
        entry["explanations"].append(row)


class Unreadable(InputError):
    """A path of the command line that leads nowhere."""


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or every file below a folder, sorted; links to folders are not followed. Unreadable."""
    if path.is_file():
        yield path
    elif path.is_dir():
        for folder, folders, files in os.walk(path):
            folders.sort()
            yield from (Path(folder) / file for file in sorted(files))
    else:
        raise Unreadable("There is no such file or folder.")


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
