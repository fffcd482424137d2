"""The entries of ``result.json``: images, exams, and the files beside them. Knows the domain and the renderer."""

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from app import __version__, render
from app.classifiers.card import Card
from app.domain import Answer, Image, Inspection, Layer, Score
from app.grey import resample
from app.stacks import Stack

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
        "model": None,
        "model_sha256": None,
        "device": None,
        "banner": "",
        "inspection": None,
        "findings": {},
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
                score.finding: {**_score(score), "contribution": contribution, "slice_scores": list(scores)}
                for score, contribution, scores in zip(part.scores, part.contributions, part.slice_scores, strict=True)
            },
        }
        for part in answer.parts
    ]
    return {
        **network(answer, card),
        "findings": findings(answer),
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


def findings(answer: Answer) -> Entry:
    """The scores of an answer by finding."""
    return {score.finding: _score(score) for score in answer.scores}


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
    }


def of_film_layer(layer: Layer, image: Image, entry: Entry, number: int, out: Path, *, known: render.Known) -> Entry:
    """A film's layer as two files beside: the raw values on the image's grid, and the overlay. OSError of the disk."""
    grid = resample(layer.values[0], layer.extent, image.stored.shape)
    stem = f"{number:04d}-{_plain(PurePath(entry['file']).stem)[:40] or 'image'}-{layer.method}-{_plain(layer.finding)}"
    np.save(out / f"{stem}.npy", grid, allow_pickle=False)
    (out / f"{stem}.png").write_bytes(render.overlay_png(image, layer, known=known))
    return {
        "method": layer.method,
        "finding": layer.finding,
        "file": f"{stem}.npy",
        "png": f"{stem}.png",
        "shape": list(grid.shape),
        "min": float(grid.min()),
        "max": float(grid.max()),
        "padding": layer.padding,
        "state": layer.state,
    }


def of_stack_layer(layer: Layer, stack: Stack[Image], number: int, out: Path, *, known: render.Known) -> Entry:
    """A stack's layer as two files beside: the raw values of all slices on their own grid, and the overlay of the slice where
    they weigh most. OSError of the disk."""
    mass = layer.mass()
    place = int(np.argmax(mass))
    stem = f"exam-{number:04d}-{stack.plane}-{layer.method}-{_plain(layer.finding)}"
    np.save(out / f"{stem}.npy", layer.values, allow_pickle=False)
    (out / f"{stem}.png").write_bytes(render.overlay_png(stack.images[place], layer, place, known=known))
    return {
        "method": layer.method,
        "finding": layer.finding,
        "plane": stack.plane,
        "file": f"{stem}.npy",
        "png": f"{stem}.png",
        "png_slice": place + 1,
        "shape": list(layer.values.shape),
        "extent": layer.extent.numbers()[:4],
        "min": float(layer.values.min()),
        "max": float(layer.values.max()),
        "mass": list(mass),
        "padding": layer.padding,
        "state": layer.state,
    }


def write(path: Path, images: list[Entry], exams: list[Entry]) -> None:
    """Write result.json aside and rename it: nobody reads half of one. OSError of the disk."""
    text = json.dumps(
        {"version": __version__, "notice": "Research use only — not for clinical use", "images": images, "exams": exams},
        ensure_ascii=False,
        indent=1,
        allow_nan=False,
    )
    aside = path.with_suffix(".json.part")
    aside.write_text(text + "\n", encoding="utf-8")
    aside.replace(path)


def _score(score: Score) -> Entry:
    return {"probability": score.probability, "logit": score.logit}


def _plain(text: str) -> str:
    """A part of a file's name, in characters that every file system takes."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")
