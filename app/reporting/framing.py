"""What it is worth that a network reads the exposed field of a film alone: how many films are cut, and what frames do without.

Every test film is read as it is and in a drawn frame, whole and its exposed field alone. A frame is black, white or grey, a
twentieth to a third of the film wide on each side that has one, with lines as of text on it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from app.classifiers import exposed
from app.classifiers.classifier import Classifier
from app.classifiers.guard import Guard
from app.classifiers.preprocessing import Field
from app.domain import FINDINGS, NO_FINDING, Image, Series, frozen
from app.evaluation.predictions import auroc
from app.training import films, targets
from app.training.guarding import SOURCES, elsewhere, film_of

BATCH = 32
FEWEST = 15
"""Findings with fewer positives are left out of the macro."""
FIELDS: tuple[Field, ...] = ("film", "exposed")


@dataclass(frozen=True, slots=True)
class Cut:
    """How many of a source's films are cut, and to what shares of themselves, the smallest first, with the films' names."""

    source: str
    films: int
    shares: tuple[tuple[float, str], ...]

    def line(self) -> str:
        """In words."""
        told = ", ".join(f"{name} {share:.2f}" for share, name in self.shares[:8])
        return f"{self.source:12} {len(self.shares)} of {self.films} films have a frame" + (f": {told}" if told else "")


def cuts(data: Path, parts: Sequence[str] = ("train", "validation", "test")) -> Iterator[Cut]:
    """How many films of each source are cut, those of the other hospital last."""
    for source in (*SOURCES, "nih_lungs"):
        yield cut(source, [film.path for film in films.read(data, (source,)) if film.part in parts])
    yield cut("covid_masks", elsewhere(data))


def cut(source: str, paths: Sequence[Path]) -> Cut:
    """How many of some films are cut."""
    told = ((exposed.share(film_of(path)), path.name) for path in paths)
    return Cut(source, len(paths), tuple(sorted(one for one in told if one[0] < 1)))


def framed(image: Image, seed: int) -> Image:
    """An 8-bit film in a frame that no film of this size has."""
    random = np.random.default_rng([seed, 14])
    sides = random.uniform(0.05, 0.34, 4) * (random.random(4) < 0.8)
    sides[int(random.integers(4))] = random.uniform(0.1, 0.34)
    top, bottom, left, right = (
        int(share * length) for share, length in zip(sides, np.repeat(image.stored.shape, 2), strict=True)
    )
    tone = int(random.choice([0, 0, 255, 255, 30, 200]))
    stored = np.pad(image.stored, ((top, bottom), (left, right)), constant_values=tone)
    if top > 12:
        stored[top // 3 : top // 2, left + 4 : left + 4 + stored.shape[1] // 6 : 3] = 255 - tone
    return replace(image, stored=frozen(stored.astype(np.uint16)))


def measure(classifier: Classifier, guard: Guard, data: Path, part: str) -> Iterator[str]:
    """Lines: macro AUROC per source and what the guard refuses, of plain and of framed films, read whole and as fields."""
    how = {field: replace(classifier.card.preprocessing, field=field) for field in FIELDS}
    readers = {field: replace(classifier, card=replace(classifier.card, preprocessing=one)) for field, one in how.items()}
    guards = {field: replace(guard, card=replace(guard.card, preprocessing=one)) for field, one in how.items()}
    for source in SOURCES:
        records = [film for film in films.read(data, (source,)) if film.part == part]
        known = targets.asked(records, FINDINGS)
        answers = [name for name in classifier.card.findings if name in known and name != NO_FINDING]
        labels = targets.labels(records, known)[:, [known.index(name) for name in answers]]
        columns = [classifier.card.findings.index(name) for name in answers]
        for frame in (False, True):
            said = np.zeros((len(records), len(classifier.card.findings)), np.float32)
            for field in FIELDS:
                shown = [_film(film.path, index, frame) for index, film in enumerate(records)]
                other = [at for at, one in enumerate(shown) if field == "film" or exposed.share(one) < 1]
                if other:  # a film without a frame is read alike either way
                    said[other] = logits(readers[field], [shown[at] for at in other])
                value, counted = macro(said[:, columns], labels)
                refused = sum(guards[field].inspect(one, Series("", "", (one,)), "").stopped for one in shown)
                told = f"{source:12} {'framed' if frame else 'plain':7} read: {field:8} macro AUROC {value:.4f}"
                yield f"{told} ({counted} findings), refused {refused} of {len(shown)}"


def _film(path: Path, index: int, frame: bool) -> Image:
    return framed(film_of(path), index) if frame else film_of(path)


def logits(classifier: Classifier, shown: Sequence[Image]) -> NDArray[np.float32]:
    """Logits (films, findings) as the product would have them."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(shown), BATCH):
            planes = torch.cat([classifier.planes(Series("", "", (one,))) for one in shown[start : start + BATCH]])
            parts.append(classifier.network(classifier.channels(planes)).float().cpu().numpy())
    return np.concatenate(parts)


def macro(said: NDArray[np.float32], labels: NDArray[np.float32]) -> tuple[float, int]:
    """The mean AUROC over the findings with enough films on either side, and how many those are."""
    values = []
    for column in range(labels.shape[1]):
        known = ~np.isnan(labels[:, column])
        truth = labels[known, column] == 1
        if min(truth.sum(), (~truth).sum()) >= FEWEST:
            values.append(auroc(said[known, column], truth))
    return float(np.mean(values)) if values else float("nan"), len(values)
