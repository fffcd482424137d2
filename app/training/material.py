"""What a chest network learns from and is measured on: the films of a collection as arrays, and a lesson per stage.

Knows films, targets and where lungs lie; neither networks nor cards.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from app.classifiers.preprocessing import Field
from app.classifiers.segmenter import Segmenter
from app.training import aligning, lung_masks, segmentation, targets
from app.training.collection import Collection
from app.training.decoding import content, pixels
from app.training.fitting import Lesson, Stage, shrink

WHOLE = ("nih", "nih_small")
"""Of our sources those whose films are whole: what a hospital sends; NIH's figures and calibration come from these."""


@dataclass(frozen=True)
class Material:
    """Everything read: pixels uint8 (n, size, size), labels float32 (n, answers) with NaN, and part, source and patient per
    film. The pixels are mapped from a file, and each part is a slice of them: a big collection need not fit the memory.
    ``lungs`` is the share of lung per pixel, uint8 (n, 64, 64) with 255 for all; None where no film's lungs are known."""

    collection: Collection
    answers: tuple[str, ...]
    pixels: NDArray[np.uint8]
    lungs: NDArray[np.uint8] | None
    labels: NDArray[np.float32]
    parts: NDArray[np.str_]
    sources: NDArray[np.str_]
    patients: NDArray[np.str_]

    @classmethod
    def read(
        cls,
        collection: Collection,
        size: int,
        folder: Path,
        masks: Path | None,
        *,
        field: Field = "film",
        segmenter: Segmenter | None = None,
    ) -> "Material":
        """The films of a collection at ``size``, without those that cannot be read; decoded ones are kept in ``folder``.

        ``field``: whole films, or the exposed field of each. ``masks`` is the data folder with films whose lungs are known;
        None asks for no lungs. ``segmenter``: films are laid into the canonical pose by what it says of them."""
        decoded = pixels(collection.films, size, folder, field)
        collection = collection.without(decoded.unread)
        if decoded.unread:
            print(f"note: {collection.notes[-1]}", flush=True)
        records = collection.films
        answers = targets.asked(records, collection.findings)
        films = decoded.pixels
        if segmenter is not None:
            films, measured = aligning.aligned(films, segmenter, folder, content(records, size, field))
            print(f"in the canonical pose: {measured.mean():.1%} of the films by their own, the others by the mean", flush=True)
        return cls(
            collection,
            answers,
            films,
            lungs_of(decoded.pixels, masks, folder / f"lungs-{len(records)}{'' if field == 'film' else f'-{field}'}.npy")
            if masks
            else None,
            targets.labels(records, answers),
            np.array([film.part for film in records]),
            np.array([film.source for film in records]),
            np.array([film.patient for film in records]),
        )

    def groups(self) -> list[tuple[str, ...]]:
        """Sources whose figures and calibration weigh the same: adults' whole films and children; elsewhere each source."""
        if self.collection.layout == "ours":
            return [group for group in (WHOLE, ("paediatric",)) if np.isin(self.sources, group).any()]
        return [(source,) for source in sorted(set(self.sources.tolist()))]

    def where(self, part: str, *sources: str) -> NDArray[np.intp]:
        """Indices of the films of a part, of the sources named (all when none is)."""
        chosen = self.parts == part
        return np.flatnonzero(chosen & np.isin(self.sources, sources) if sources else chosen)

    def lesson(self, stage: Stage, recipe: targets.Recipe) -> Lesson:
        """The training films of a stage's sources, at its size."""
        index = self.where("train", *stage.sources)
        whole = len(index) and index[-1] - index[0] == len(index) - 1
        films = self.pixels[index[0] : index[-1] + 1] if whole else self.pixels[index]  # a slice is a view, a choice a copy
        chosen = [self.collection.films[i] for i in index]
        wanted, weights = targets.targets(chosen, self.answers, recipe)
        lungs = None if self.lungs is None else torch.from_numpy(self.lungs[index])
        projection = targets.helpers(chosen)[:, targets.HELPERS.index("anteroposterior")]
        groups = np.unique(self.sources[index], return_inverse=True)[1].astype(np.int64)
        return Lesson(
            shrink(films, stage.size),
            torch.from_numpy(wanted),
            torch.from_numpy(weights),
            self.answers,
            lungs,
            torch.from_numpy(projection.copy()),
            torch.from_numpy(groups),
        )


def lungs_of(films: NDArray[np.uint8], data: Path, kept: Path) -> NDArray[np.uint8] | None:
    """Where the lungs of films uint8 (n, S, S) lie, as a network says that was fitted to the films whose lungs are known.

    Kept in a file, for a run that goes on. None where the data folder knows of no lungs."""
    if kept.is_file():
        found: NDArray[np.uint8] = np.load(kept, mmap_mode="r")
        return found
    known = lung_masks.read(data)
    learned = np.flatnonzero(np.isin(known.parts, ("train", "drawn")))
    if not len(learned):
        return None
    shown, masks = (torch.from_numpy(array)[:, None] for array in (known.films, known.masks))
    few = np.flatnonzero(known.parts == "drawn")
    often = np.concatenate([learned, *[few] * lung_masks.REPEATED])
    print(f"lungs: a network that says where they lie is fitted first, to {len(learned)} films; it is kept", flush=True)

    def told(done: int, of: int) -> None:
        if done == of or done % max(1, of // 10) == 0:
            print(f"lungs: epoch {done} of {of}", flush=True)

    network = segmentation.fit(shown[often], masks[often], told=told)
    for part in ("validation", "drawn validation"):
        rows = np.flatnonzero(known.parts == part)
        if len(rows):
            dice = segmentation.dice(network, shown[rows], masks[rows])
            print(f"lungs: Dice {dice:.3f} on {len(rows)} films ({part}), learned from {len(learned)}", flush=True)
    found = segmentation.lungs(network, films)
    partial = kept.with_suffix(".partial")
    with partial.open("wb") as file:
        np.save(file, found)
    partial.replace(kept)
    return found
