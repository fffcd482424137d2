"""One run of the `analyse` command: files are read ahead, visited side by side, and told of in their order.

The caller's thread gives every image its number and takes down what came of it; the lanes in between know nothing of order.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch

from app.analysis import entries
from app.analysis.entries import Entry
from app.analysis.files import Files
from app.analysis.joining import whole
from app.analysis.lanes import Lanes, Piece
from app.analysis.request import Outcome, Progress, Request
from app.analysis.sources import Found, Opened, Passed, Refused, Sources, reason
from app.analysis.visiting import Means, Visit, carry_out
from app.classifiers.card import Card
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Study
from app.errors import Unavailable
from app.reading import STACKED
from app.reading.running import BATCH

NO_NETWORK = "No network is registered for this kind of image."
NO_IMAGE = "There is nothing in it that could be an image."
STOPPED = "The analysis was stopped before this exam was read."

LANES = 8
"""Most films side by side; threads beyond that work within the networks."""
TOGETHER = 64
"""Most files that one lane is given at once, those that cannot be read counted."""
SAVE_EVERY, SAVE_SHARE = 10.0, 20
"""What there is so far is written after so many seconds, and at most for one in so many seconds."""


def run(
    request: Request,
    settings: Settings,
    complain: Callable[[str], None],
    follow: Callable[[Progress], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Analyse every source and write the results; ``complain`` takes one line per thing that could not be used, ``follow`` how
    far it is. Once ``stopped`` says so, what has begun is finished and the results so far are kept.

    AppError, and nothing is done, when the request itself is wrong: a network, method or finding there is not, a folder that
    cannot be written, a device that is away.
    """
    registry = Registry(settings.models)
    request.check(registry)
    sources = Sources(request.sources, settings, request.out)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    loaded = Loaded(registry, settings.device)
    files = Files(request.out, request.film_size, request.overlays)
    analysis = _Analysis(Means(request, loaded, files), sources, complain, follow, stopped)
    try:
        request.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=request.out, prefix=".unpacked-") as workdir:
            analysis.films(Path(workdir))
            analysis.join()
        analysis.save()
    except BaseException as error:
        analysis.complete = False
        if analysis.finished:
            with suppress(OSError):
                analysis.save()
        if not isinstance(error, OSError):
            raise
        raise Unavailable(
            "The folder “%(folder)s” cannot be written: %(reason)s.", {"folder": str(request.out), "reason": reason(error)}
        ) from error
    return analysis.outcome()


@dataclass(slots=True, eq=False)
class _Analysis:
    """One run of the command. ``images`` and ``exams`` are the entries of ``result.json``, the first ``finished`` images
    whole; ``parts`` are the studies of stacks that came so far, in pieces, and ``numbers`` their images' entries."""

    means: Means
    sources: Sources
    complain: Callable[[str], None]
    follow: Callable[[Progress], None]
    stopped: Callable[[], bool]
    images: list[Entry] = field(default_factory=list)
    exams: list[Entry] = field(default_factory=list)
    cards: dict[str, Card] = field(default_factory=dict)
    parts: list[Study] = field(default_factory=list)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    finished: int = 0
    done: int = 0
    clean: bool = True
    complete: bool = True
    began: float = field(default_factory=time.monotonic)
    save_at: float = field(default_factory=lambda: time.monotonic() + SAVE_EVERY)

    def films(self, workdir: Path) -> None:
        """Read every file, and what is in them that is read image by image. OSError of the disk."""
        count, threads = lanes(self.means.loaded.device, self.sources.files)
        found = self.sources.read(workdir, max(1, count // 2), self.stopped)
        work = Lanes[Visit](count, count + 1, TOGETHER, partial(torch.set_num_threads, threads), finish=True)
        most = min(BATCH, -(-self.sources.files // count)) if self.means.request.methods == () else 1
        try:
            for visit in work.results(self._pieces(found, most), self.stopped):
                self._told(visit)
        finally:
            torch.set_num_threads(torch.get_num_threads())  # what threads that are yet to come begin with
        if self.stopped():
            self.complete = False
            del self.images[self.finished :]
            for number in self.numbers.values():
                if number < self.finished:
                    self.images[number]["reason"] = STOPPED
            self.parts.clear()

    def _pieces(self, found: Iterator[Found], most: int) -> Iterator[Piece[Visit]]:
        """What one lane does at once: ``most`` studies, and the files between them that are none."""
        waiting: list[Visit] = []
        for visit in self._visits(found):
            waiting.append(visit)
            if sum(one.study is not None for one in waiting) >= most or len(waiting) >= TOGETHER:
                yield partial(carry_out, tuple(waiting), self.means)
                waiting.clear()
        if waiting:
            yield partial(carry_out, tuple(waiting), self.means)

    def _visits(self, found: Iterator[Found]) -> Iterator[Visit]:
        """Every file's visit, with the entries of its images."""
        files, source = 0, len(self.images)
        for one in found:
            if isinstance(one, Passed):
                if one.source and len(self.images) == source:
                    yield self._rejected(one.source, NO_IMAGE, 0)
                yield Visit("", None, {}, {}, len(self.images), files=max(0, one.files - files))
                files, source = 0, len(self.images) if one.source else source
                continue
            files += 1
            yield self._rejected(one.name, one.reason, 1) if isinstance(one, Refused) else self._opened(one)

    def _rejected(self, name: str, why: str, files: int) -> Visit:
        """One line and one entry for what could not be read."""
        self.images.append(entries.of_image(name, "rejected", reason=why))
        visit = Visit(name, None, {}, {}, len(self.images), files=files)
        visit.fault(why)
        return visit

    def _opened(self, one: Opened) -> Visit:
        """One readable file: an entry per image. Films are visited at once, stacks when all of their files are there."""
        study = one.study
        images = study.images
        numbers = {(image.sop_instance_uid, image.frame): at for at, image in enumerate(images, len(self.images))}
        self.images += [
            entries.of_image(
                one.name, "ok", rows=image.rows, columns=image.columns, frame=image.frame, warnings=list(one.warnings)
            )
            for image in images
        ]
        if stacked := tuple(series for series in study.series if series.modality in STACKED):
            self.parts.append(replace(study, series=stacked))
            self.numbers = numbers | self.numbers
        films = tuple(series for series in study.series if series.modality not in STACKED)
        own = replace(study, series=films) if films else None
        return Visit(one.name, own, numbers, self._of(own, numbers), len(self.images), files=1)

    def _of(self, study: Study | None, numbers: dict[tuple[str, int], int]) -> dict[int, Entry]:
        """The entries of a study's images by their numbers."""
        places = [numbers[image.sop_instance_uid, image.frame] for image in (study.images if study is not None else ())]
        return {number: self.images[number] for number in places}

    def _told(self, visit: Visit) -> None:
        """Take down what came of a visit; those before it have been."""
        for line in visit.lines:
            self.complain(line)
        self.clean = self.clean and visit.clean
        self.cards |= visit.cards
        self.exams += visit.exams
        self.finished = max(self.finished, visit.upto)
        self.done += visit.files
        self.follow(Progress(min(self.done, self.sources.files), self.sources.files, time.monotonic() - self.began))
        if time.monotonic() > self.save_at:
            self.save(so_far=True)

    def join(self) -> None:
        """What came of the files that make stacks, file by file, is visited study by study. OSError of the disk."""
        for study in whole(self.parts):
            image = study.images[0]
            name = self.images[self.numbers[image.sop_instance_uid, image.frame]]["file"]
            images = self._of(study, self.numbers)
            if self.stopped():
                self.complete = False
                for entry in images.values():
                    entry["reason"] = STOPPED
                continue
            visit = Visit(name, study, self.numbers, images, len(self.images), exam=len(self.exams))
            carry_out([visit], self.means)
            self._told(visit)
        for entry in self.images:
            if entry["status"] == "ok" and entry["model"] is None:
                entry["reason"] = entry["reason"] or NO_NETWORK

    def save(self, *, so_far: bool = False) -> None:
        """Write result.json as far as it is; ``so_far``: there is more to come. OSError of the disk."""
        begun = time.monotonic()
        path = self.means.request.out / "result.json"
        entries.write(path, self.images[: self.finished], self.exams, complete=self.complete and not so_far)
        ended = time.monotonic()
        self.save_at = ended + max(SAVE_EVERY, SAVE_SHARE * (ended - begun))

    def outcome(self) -> Outcome:
        """How it went."""
        images = [entry for entry in self.images if entry["status"] == "ok"]
        return Outcome(
            images=len(images),
            analysed=sum(entry["model"] is not None for entry in images),
            clean=self.clean,
            refused=sum(entry["status"] == "refused" for entry in self.images),
            warned=sum(bool(entry["inspection"]) and entry["inspection"]["verdict"] != "ok" for entry in images),
            banners=tuple(f"{card.name}: {card.banner}" for card in self.cards.values() if card.banner),
            complete=self.complete,
        )


def lanes(device: torch.device, files: int) -> tuple[int, int]:
    """How many films are visited side by side, and how many threads the network of each has: on a CPU one film to a thread, as
    a film has too little in it for two. It follows from the request alone, so that the same request gives the same numbers."""
    threads = torch.get_num_threads()
    if device.type != "cpu":
        return 2, threads  # one is written while the other is on the device
    count = max(1, min(threads, LANES, files))
    return count, max(1, threads // count)
