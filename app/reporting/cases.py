"""Cases with a known place: drawn phantoms, and real films with boxes. Each is one image, one finding, one truth region.

Knows where truth comes from; which network and which method are asked is not its business. RSNA's boxes are for evaluation
only (see the data's terms): nothing here trains.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from app.domain import Image, Series, Window, frozen
from app.errors import InputError
from app.evaluation.localisation import box_mask
from app.phantoms import chest
from app.training.films import part_of

FIRST_SEED = 9_000_000
"""Seeds of evaluation phantoms; no training run draws from here."""

COLLECTIONS = {"nih": "", "nih_small": " of small films", "nih_lungs": " of lungs alone"}
"""Collections of films with boxes, and what the source of their cases adds to its name."""

Box = tuple[float, float, float, float]
"""Left, top, width, height in the image's own pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """``truth`` is bool on the image's grid; ``owner`` the patient, or a phantom's seed; ``source`` where the case is from."""

    source: str
    owner: str
    series: Series
    finding: str
    truth: NDArray[np.bool_]

    @property
    def name(self) -> str:
        """Which case this is, of all that are measured together."""
        return f"{self.source}: {self.series.series_uid}, {self.finding}"


def phantoms(findings: tuple[str, ...], count: int, size: int = 256) -> Iterator[Case]:
    """``count`` phantoms per finding, each showing that finding alone, with its exact mask."""
    for position, finding in enumerate(findings):
        if finding not in chest.FINDINGS:
            continue
        for index in range(count):
            seed = FIRST_SEED + position * 100_000 + index
            drawn = chest.draw(seed, [finding], size=size)
            if drawn.masks[finding].any():
                yield Case("phantoms", str(seed), phantom_series(drawn), finding, drawn.masks[finding])


def phantom_series(drawn: chest.ChestPhantom) -> Series:
    """A drawn film as a series of one image."""
    image = Image(f"2.25.{drawn.seed}", 0, drawn.pixels, windows=(Window(2048, 4096, "LINEAR"),))
    return Series(f"2.25.{drawn.seed}", "DX", (image,), "CHEST", "PA")


def boxed(data: Path, count: int, *, parted: bool = True) -> Iterator[Case]:
    """Real films with boxes: NIH's own per finding, RSNA's opacities as Pneumonia; ``count`` at most per source.

    The labels of training patients were trained on: their films are a source apart, unless nobody here knows what the network
    learned from (``parted`` is False). So are those of the collections of small
    films and of films that were cut to their lungs, where these are there; of them NIH's boxes only.
    """
    if not (data / "chest" / "nih" / "manifest.csv").is_file():
        raise InputError("There are no films with boxes in the data folder; give one with --data.")
    given: dict[str, int] = {}
    for collection, told in COLLECTIONS.items():
        manifest = data / "chest" / collection / "manifest.csv"
        if not manifest.is_file():
            continue
        with manifest.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        for row in rows:
            seen = "trained patients" if part_of("nih", row["patient"]) == "train" else "unseen patients"
            seen = seen if parted else "patients whose part is unknown"
            for name, finding, boxes in truths(row if not told else {"nih_boxes": row.get("nih_boxes", "")}):
                source = f"{name}{told}, {seen}"
                given[source] = given.get(source, 0) + 1
                if given[source] <= count:
                    yield real(manifest.parent / "images" / row["image"], row["patient"], source, finding, boxes)


def truths(row: dict[str, str]) -> Iterator[tuple[str, str, list[Box]]]:
    """(source, finding, boxes) of a manifest row; NIH writes "Infiltrate" for Infiltration in its box list."""
    per_finding: dict[str, list[Box]] = {}
    for finding, box in json.loads(row["nih_boxes"] or "[]"):
        per_finding.setdefault("Infiltration" if finding == "Infiltrate" else finding, []).append(tuple(box))
    for finding, boxes in per_finding.items():
        yield "NIH boxes", finding, boxes
    opacities = [tuple(box) for box in json.loads(row.get("rsna_opacity_boxes", "") or "[]")]
    if opacities:
        yield "RSNA opacity boxes", "Pneumonia", opacities


def real(path: Path, patient: str, source: str, finding: str, boxes: list[Box]) -> Case:
    """One real film as a case; the file name stands for the UID, nothing of it is stored."""
    with Picture.open(path) as picture:
        stored = frozen(np.asarray(picture.convert("L"), np.uint16))
    image = Image(path.name, 0, stored, windows=(Window(128, 256, "LINEAR"),))
    series = Series(path.name, "", (image,), source="film image")
    return Case(source, patient, series, finding, box_mask(stored.shape, boxes))
