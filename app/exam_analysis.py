"""What the `analyse` command makes of exams of stacks: their files together, an entry of ``result.json``, maps of stacks.

Knows how exams are examined, and the renderer. Files come one by one; an exam is what has one Study Instance UID (0020,000D).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app import examining, render
from app.classifiers.loading import Loaded
from app.domain import Image, Score, Series, Study
from app.exam import ExamPrediction, StackExplanation
from app.stacks import Stack

Entry = dict[str, Any]
Numbers = Mapping[tuple[str, int], int]
"""Which entry of ``images`` an image is, by SOP Instance UID and frame."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done to every exam: as in `app.analysis.Request`."""

    out: Path
    model: str | None
    methods: tuple[str, ...]
    finding: str


def whole(parts: Iterable[Study]) -> tuple[Study, ...]:
    """Studies of what came in pieces: series by their UID, each with all its images; the same image once."""
    studies: dict[str, Study] = {}
    series: dict[str, dict[str, Series]] = {}
    images: dict[tuple[str, str], dict[tuple[str, int], Image]] = {}
    for part in parts:
        studies.setdefault(part.study_uid, part)
        for one in part.series:
            series.setdefault(part.study_uid, {}).setdefault(one.series_uid, one)
            mine = images.setdefault((part.study_uid, one.series_uid), {})
            for image in one.images:
                mine.setdefault((image.sop_instance_uid, image.frame), image)
    return tuple(
        replace(
            study,
            series=tuple(
                replace(one, images=tuple(images[study_uid, one.series_uid].values())) for one in series[study_uid].values()
            ),
        )
        for study_uid, study in studies.items()
    )


def examined(study: Study, loaded: Loaded, asked: Asked, numbers: Numbers, number: int) -> Entry | None:
    """One exam's entry, its maps written beside; None where no network reads the study as an exam.

    Errors are those of `app.examining.examine`; OSError of the disk.
    """
    read = examining.exam_stacks(study, loaded.registry, asked.model)
    if read is None:
        return None
    _card, stacks = read
    by_key = {stack.key: stack for stack in stacks.values()}
    entry: Entry = {}
    said: ExamPrediction | None = None
    found = examining.examine(study, loaded, model=asked.model, methods=asked.methods, findings=asked.finding)
    for result in found:
        if isinstance(result, ExamPrediction):
            said = result
            entry = _prediction(result, by_key, numbers)
        elif said is not None:
            entry["explanations"].append(_written(result, said, by_key[result.stack], asked.out, number))
    return entry


def _prediction(said: ExamPrediction, stacks: Mapping[Any, Stack[Image]], numbers: Numbers) -> Entry:
    planes = [
        {
            "plane": one.plane,
            "weighting": stacks[one.stack].weighting,
            "images": [numbers[image.sop_instance_uid, image.frame] for image in stacks[one.stack].images],
            "oddities": [oddity.sentence for oddity in stacks[one.stack].oddities],
            "findings": {
                score.finding: {**_score(score), "contribution": contribution, "slice_scores": list(scores)}
                for score, contribution, scores in zip(one.scores, one.contributions, one.slice_scores, strict=True)
            },
        }
        for one in said.planes
    ]
    return {
        "model": said.model,
        "model_sha256": said.model_sha256,
        "device": said.device,
        "findings": {score.finding: _score(score) for score in said.scores},
        "planes": planes,
        "missing": list(said.missing),
        "explanations": [],
    }


def _score(score: Score) -> Entry:
    return {"probability": score.probability, "logit": score.logit}


def _written(maps: StackExplanation, said: ExamPrediction, stack: Stack[Image], out: Path, number: int) -> Entry:
    """One method's two files: the raw maps of all slices on their own grid, and the overlay of the slice they weigh most in."""
    mass = maps.mass()
    place = int(np.argmax(mass))
    stem = "-".join(["exam", f"{number:04d}", maps.plane, maps.method, re.sub(r"[^A-Za-z0-9_]+", "-", maps.finding)])
    np.save(out / f"{stem}.npy", maps.values, allow_pickle=False)
    image = stack.images[place]
    probability = next(score.probability for score in said.scores if score.finding == maps.finding)
    one = maps.of_slice(place, image.sop_instance_uid, image.frame)
    picture = render.overlay_png(image, one, probability=probability, span=render.ends(maps))
    (out / f"{stem}.png").write_bytes(picture)
    return {
        "method": maps.method,
        "finding": maps.finding,
        "plane": maps.plane,
        "file": f"{stem}.npy",
        "png": f"{stem}.png",
        "png_slice": place + 1,
        "shape": list(maps.values.shape),
        "extent": [maps.extent.left, maps.extent.top, maps.extent.right, maps.extent.bottom],
        "min": float(maps.values.min()),
        "max": float(maps.values.max()),
        "mass": list(mass),
        "state": maps.state,
    }
