"""The entries of ``result.json``: images and exams. Knows the domain."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app import __version__
from app.classifiers.card import Card
from app.domain import NO_FINDING, Answer, Evidence, Image, Inspection, Layer, OperatingPoint, Score
from app.stacks import Stack

FORMAT = 2
"""Of ``result.json``: 1 (which did not say so) had the maps of films on the films' own grids; since 2 they are on the methods'
own, as those of stacks always were, and say what they cover."""

Entry = dict[str, Any]
Numbers = Mapping[tuple[str, int], int]
"""Which entry of ``images`` an image is, by SOP Instance UID and frame."""


def of_image(file: str, status: str, **more: Any) -> Entry:
    """An image's entry, without results."""
    plain = file.encode("utf-8", "replace").decode("utf-8")
    return {
        "file": plain,
        "status": status,
        "reason": "",
        "rows": None,
        "columns": None,
        "model": None,
        "model_sha256": None,
        "device": None,
        "banner": "",
        "inspection": None,
        "findings": {},
        "anatomy": None,
        "explanations": [],
        **more,
    }


def of_exam(answer: Answer, card: Card, stacks: Mapping[str, Stack[Image]], numbers: Numbers) -> Entry:
    """An exam's entry, without layers; ``stacks`` are those that were read, by fingerprint."""
    planes = [
        {
            "plane": part.plane,
            "weighting": stacks[part.stack].weighting,
            "images": of_stack(stacks[part.stack], numbers),
            "oddities": [oddity.sentence for oddity in stacks[part.stack].oddities],
            "findings": {
                score.finding: {
                    **_alone(score),
                    "contribution": contribution,
                    "slice_scores": list(part.of_slices(score.finding)),
                    "slice_weights": list(part.weights_of(score.finding)),
                }
                for score, contribution in zip(part.scores, part.contributions, strict=True)
            },
        }
        for part in answer.parts
    ]
    return {
        **network(answer, card),
        "findings": findings(answer, card),
        "planes": planes,
        "missing": list(answer.missing),
        "explanations": [],
    }


def of_stack(stack: Stack[Image], numbers: Numbers) -> list[int]:
    """The entries of a stack's images, in its order."""
    return [numbers[image.sop_instance_uid, image.frame] for image in stack.images]


def network(answer: Answer, card: Card) -> Entry:
    """What answered, and what its answer is worth by its card."""
    return {"model": answer.model, "model_sha256": answer.model_sha256, "device": answer.device, "banner": card.banner}


def findings(answer: Answer, card: Card) -> Entry:
    """The scores of an answer by finding, each with whether it is called: the probability reaches the ``point``, which is the
    ``card_point``, or 0.5 where the card has none."""
    points = {score.finding: card.operating_point(score.finding, answer.model_sha256) for score in answer.scores}
    return {score.finding: {**_alone(score), **_called(score, points[score.finding])} for score in answer.scores}


def called(entry: Entry, finding: str) -> bool:
    """Whether the network calls a finding, by what an image's entry says."""
    said = entry["findings"].get(finding)
    return bool(said and said["called"]) and finding != NO_FINDING


def of_inspection(inspection: Inspection) -> Entry:
    """What a guard's inspection says in its image's entry."""
    return {
        "verdict": inspection.verdict,
        "reasons": list(inspection.reasons),
        "film": inspection.film,
        "distance": inspection.distance,
        "guard": inspection.guard,
        "guard_sha256": inspection.guard_sha256,
        "insisted": inspection.insisted,
        "remarks": list(inspection.remarks),
        "field": list(inspection.field) if inspection.field else None,
    }


def of_anatomy(labels: Layer) -> Entry:
    """What was measured on a film's map of labels, in pixels of the image and degrees, by the names of `app.anatomy.figures`;
    ``reasons``: why the rest could not be."""
    return {
        "model": labels.model,
        "model_sha256": labels.model_sha256,
        "names": {str(code): name for code, name in labels.names.items()},
        "figures": dict(labels.figures),
        "reasons": list(labels.notes),
    }


def of_evidence(told: Evidence | None, *, called: bool) -> Entry | None:
    """Where a map's evidence lies: by region its share, that of the area, and the one by the other (null on no area); ``odd``
    names the region in which so much lies that a reader should know, "" where none does, or where the map's finding is not
    ``called``. None where nobody told."""
    if told is None:
        return None
    rows = {
        row.region: {"share": row.share, "area": row.area, "ratio": row.ratio if math.isfinite(row.ratio) else None}
        for row in told.shares
    }
    return {"regions": rows, "odd": told.told(called=called).odd}


def write(path: Path, images: Sequence[Entry], exams: Sequence[Entry], *, complete: bool) -> None:
    """Write result.json aside and rename it: nobody reads half of one. ``complete``: everything that was asked for is in it.
    OSError of the disk."""
    whole = {
        "format": FORMAT,
        "version": __version__,
        "notice": "Research use only — not for clinical use",
        "complete": complete,
        "images": list(images),
        "exams": list(exams),
    }
    aside = path.with_suffix(".json.part")
    aside.write_text(json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    aside.replace(path)


def _alone(score: Score) -> Entry:
    return {"probability": score.probability, "logit": score.logit}


def _called(score: Score, point: OperatingPoint) -> Entry:
    return {"called": point.calls(score.probability), "point": point.at, "card_point": point.card}
