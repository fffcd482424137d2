"""One half of the training patients, for networks that are to judge others: two of them share no patient with one another.

The half goes by the patient's number without its last digit, so that it has nothing to do with the split, which goes by that
digit. Knows patients' names, no pixels.
"""

import hashlib
import re
from dataclasses import replace

import numpy as np

from app.errors import InputError
from app.training.material import Material

HALVES = ("even", "odd")
APART = "other half"
"""The part that the other half's training films get: nothing learns from it, nothing is measured on it."""


def half_of(patient: str) -> str:
    """ "even" or "odd": the number in a patient's name // 10; of a name without one, its SHA-256."""
    digits = "".join(re.findall(r"\d+", patient))
    number = int(digits) // 10 if digits else int(hashlib.sha256(patient.encode()).hexdigest(), 16)
    return HALVES[number % 2]


def halved(material: Material, half: str) -> Material:
    """The same with the other half's training films in a part of their own; as it is for "". InputError for an unknown half."""
    if not half:
        return material
    if half not in HALVES:
        raise InputError("“%(half)s” is no half of the patients; use even or odd.", {"half": half})
    films = tuple(
        replace(film, part=APART) if film.part == "train" and half_of(film.patient) != half else film
        for film in material.collection.films
    )
    return replace(
        material,
        collection=replace(material.collection, films=films),
        parts=np.array([film.part for film in films]),
    )
