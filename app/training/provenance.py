"""What a card says of a network that was trained on other data than ours: only what was read there, and what is not known.

Our own sources are described in `chest.card`.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from app.classifiers.card import NAME
from app.errors import InputError
from app.training.collection import Collection, never_seen

FEW = 10
"""Fewer test films with a finding than that make a figure that says little."""
NIH_LIMITS = ("NIH's labels were read from reports by a program and are wrong in about one of ten cases.",)
LIMITS = (
    "It knows films like those it was trained on; a lateral film, another body part or a photo gets a number without meaning.",
    "Figures are of patients of the same sources; how good it is elsewhere was not measured.",
    "Probabilities are calibrated to the validation part's prevalence; another hospital has another one.",
    "Tubes, lines, side markers and borders can sway the answer: that is what the maps are for.",
)


def named(out: Path) -> str:
    """The network's name, its folder's; InputError when a card may not have it."""
    if not NAME.fullmatch(out.name):
        raise InputError(
            "A network's folder is named in lower-case letters, digits and hyphens; “%(name)s” is not. Choose another --out.",
            {"name": out.name},
        )
    return out.name


def rows(collection: Collection) -> list[dict[str, Any]]:
    """The card's data rows: images and patients of the training part per source, its terms, and what its images show."""
    images: Counter[str] = Counter()
    patients: dict[str, set[str]] = {}
    for film in collection.films:
        if film.part == "train":
            images[film.source] += 1
            patients.setdefault(film.source, set()).add(film.patient)
    return [
        {"name": source, "images": images[source], "patients": len(patients[source]), "terms": collection.terms[source]}
        | ({"shows": collection.shows[source]} if source in collection.shows else {})
        for source in sorted(images)
    ]


def entries(collection: Collection) -> dict[str, Any]:
    """The card's entries that depend on the data, for layouts that are not ours; the network is chosen by name only."""
    nih = collection.layout == "nih"
    sources = sorted({film.source for film in collection.films})
    title = "Chest network trained on NIH ChestX-ray14" if nih else f"Chest network trained on {', '.join(sources)}"
    train = [film for film in collection.films if film.part == "train"]
    patients = len({film.patient for film in train})
    limits = [*(NIH_LIMITS if nih else ()), *collection.limits, *told_of(collection), *LIMITS]
    return {
        "title": title,
        "summary": f"Trained here on {len(train)} films of {patients} patients, read from {collection.found}.",
        "findings": list(collection.findings),
        "default": False,
        "terms": "Weights: see the data's own terms.",
        "limits": limits,
    }


def told_of(collection: Collection) -> list[str]:
    """Sentences about findings that were never shown, or hardly: nothing was learned of them, or nothing can be measured."""
    told = never_seen(collection.films, collection.findings)
    tested = [film for film in collection.films if film.part == "test"]
    few = [finding for f, finding in enumerate(collection.findings) if sum(film.labels[f] == 1 for film in tested) < FEW]
    if few:
        told.append(f"Fewer than {FEW} test films show these; their figures say little or are missing: {', '.join(few)}.")
    return told
