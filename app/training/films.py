"""The films to train and test on: one record per film, whatever layout it was read from; and our manifests as records.

Knows the layout of the data folder; see its README for terms. Pixels are another module's business (`decoding`).
"""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as Picture

from app.domain import FINDINGS
from app.errors import InputError

SOURCES = ("nih", "nih_small", "nih_lungs", "paediatric")
TERMS = {
    "nih": "NIH ChestX-ray14, free with credit (Wang et al. 2017)",
    "nih_small": "NIH ChestX-ray14, free with credit (Wang et al. 2017)",
    "nih_lungs": "NIH ChestX-ray14, free with credit (Wang et al. 2017); lung areas only",
    "paediatric": "Kermany et al. 2018, CC BY 4.0",
}
SHOWS = {
    "nih": "Whole frontal films of adults, 512 × 512 pixels.",
    "nih_small": "More films of the same collection, whole but small: 64 or 128 pixels wide.",
    "nih_lungs": "More films of that collection, 256 pixels wide, cut to the lungs: heart, borders and all else are black.",
    "paediatric": "Whole frontal films of small children, 224 × 224 pixels: pneumonia or none.",
}
"""What a source's images are; the first three are parts of one collection."""
CUT_AWAY = ("Cardiomegaly", "Effusion")
"""Findings whose evidence the lung-only films have lost: their labels are not used there."""
RENAMED = {"Infiltrate": "Infiltration"}
"""NIH's list of boxes calls one finding by another name than its list of labels."""
UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class Box:
    """Where a finding is said to lie: shares of the film's width (left, right) and height (top, bottom), in [0, 1]."""

    finding: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Film:
    """One film: where it lies, whose it is, its part (train, validation, test), and a label per finding of its collection.

    ``labels`` are 1, 0, or NaN where the source does not say. ``soft``: a published network's probabilities, in the order of
    the labels, or empty. ``boxes`` are for masks of training films and for measuring the others. ``age`` in years, ``sex``
    "M" or "F", ``view`` such as "PA"; None and "" where the source does not say. ``nothing`` answers for "no finding" as a
    label does. ``opacity``: RSNA's readers found a lung opacity (1), or checked that all is normal (0); for evaluation only.
    """

    path: Path
    source: str
    patient: str
    part: str
    labels: tuple[float, ...]
    soft: tuple[float, ...] = ()
    boxes: tuple[Box, ...] = ()
    age: float | None = None
    sex: str = ""
    view: str = ""
    nothing: float = UNKNOWN
    opacity: float = UNKNOWN


def part_of(source: str, patient: str) -> str:
    """train, validation or test, by patient: NIH by the number's last digit (1 test, 2 validation), others by a hash's."""
    digit = int(patient) % 10 if source.startswith("nih") else int(hashlib.sha256(patient.encode()).hexdigest(), 16) % 10
    return {1: "test", 2: "validation"}.get(digit, "train")


def read(data: Path, sources: tuple[str, ...] = SOURCES) -> list[Film]:
    """Every film of the sources under ``data``/chest; InputError when a manifest is missing."""
    films = []
    for source in sources:
        manifest = data / "chest" / source / "manifest.csv"
        if not manifest.is_file():
            raise InputError("There is no manifest for “%(source)s” in the data folder; set WHYLIGHT_DATA.", {"source": source})
        with manifest.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                path = manifest.parent / "images" / row["image"]
                films.append(
                    Film(
                        path,
                        source,
                        row["patient"],
                        part_of(source, row["patient"]),
                        labels_of(source, row),
                        soft_of(row),
                        tuple(boxes_of(row, path)),
                        age_of(row.get("age", "")),
                        row.get("sex", ""),
                        row.get("view", ""),
                        nothing_of(row),
                        {"Lung Opacity": 1.0, "Normal": 0.0}.get(row.get("rsna_class", ""), UNKNOWN),
                    )
                )
    return films


def labels_of(source: str, row: dict[str, str]) -> tuple[float, ...]:
    """The 14 labels of a manifest row, NaN where this source does not know."""
    if source == "paediatric":
        return tuple(float(row["pneumonia"]) if finding == "Pneumonia" else UNKNOWN for finding in FINDINGS)
    return tuple(UNKNOWN if source == "nih_lungs" and finding in CUT_AWAY else float(row[finding]) for finding in FINDINGS)


def nothing_of(row: dict[str, str]) -> float:
    """Whether nothing was found on the film of a manifest row: none of the fourteen, or on a child's film no pneumonia."""
    asked = ["pneumonia"] if "pneumonia" in row else FINDINGS
    return float(not any(float(row[finding]) for finding in asked))


def soft_of(row: dict[str, str]) -> tuple[float, ...]:
    """The published network's 14 probabilities of a manifest row; empty where it did not see the film."""
    told = [row.get(f"published_densenet121_{finding}", "") for finding in FINDINGS]
    return tuple(float(value) for value in told) if all(told) else ()


def boxes_of(row: dict[str, str], path: Path) -> Iterator[Box]:
    """NIH's boxes of a manifest row, which stand there in the file's own pixels. RSNA's are for evaluation only."""
    boxes = json.loads(row.get("nih_boxes", "") or "[]")
    if not boxes or not path.is_file():
        return
    with Picture.open(path) as picture:
        width, height = picture.size
    for finding, (left, top, across, down) in boxes:
        yield box(finding, left / width, top / height, across / width, down / height)


def box(finding: str, left: float, top: float, across: float, down: float) -> Box:
    """A box from its corner and extent, as shares of the film; what reaches over the edge is cut off."""
    right, bottom = min(left + across, 1.0), min(top + down, 1.0)
    return Box(RENAMED.get(finding, finding), max(left, 0.0), max(top, 0.0), right, bottom)


def age_of(told: str) -> float | None:
    """Years from "57" or, as NIH's first list writes, "058Y"; None when it is empty or no age (NIH has a few of 400)."""
    scale = {"Y": 1.0, "M": 1 / 12, "W": 1 / 52, "D": 1 / 365}.get(told[-1:].upper())
    number = told if scale is None else told[:-1]
    try:
        years = float(number) * (scale or 1.0)
    except ValueError:
        return None
    return years if 0 <= years <= 120 else None
