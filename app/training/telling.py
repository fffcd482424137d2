"""How well the logits of a network for chest films tell that a device is drawn into a film, among films without the finding.

Each film is read as it is and once more with a device laid over it: a network that looks at the disease says the same of both.
What was measured so, and of how films were taken and of whom, is written onto the network's card.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.measured import DRAWN_DEVICE
from app.domain import FINDINGS, Image, Series, frozen
from app.errors import InputError
from app.evaluation.shortcuts import Shortcut, shortcuts
from app.phantoms import laid
from app.training import cards, films, targets
from app.training.guarding import film_of
from app.training.material import WHOLE
from app.training.rewriting import rewrite, without

FILMS = 400
"""So many films of a part, spread evenly over it, unless told otherwise."""
BATCH = 32
SEEDS = 9_800_000
"""Of the devices' places; no network learned from these."""


def telling(classifier: Classifier, data: Path, part: str, most: int = FILMS) -> list[Shortcut]:
    """One figure per finding that a network answers. InputError when there are no films, or none of their findings is
    answered."""
    records = [film for film in films.read(data, WHOLE) if film.part == part]
    if not records:
        raise InputError("No film is in the %(part)s part.", {"part": part})
    records = records[:: max(1, -(-len(records) // most))]
    known = targets.asked(records, FINDINGS)
    answers = [finding for finding in classifier.card.findings if finding in known]
    if not answers:
        raise InputError("“%(name)s” answers none of the films' findings.", {"name": classifier.card.name})
    labels = targets.labels(records, known)[:, [known.index(finding) for finding in answers]]
    columns = [classifier.card.findings.index(finding) for finding in answers]
    plain, marked = (said(classifier, records, drawn=drawn)[:, columns] for drawn in (False, True))
    patients = np.array([film.patient for film in records])
    side = np.repeat(np.array([0.0, 1.0], np.float32), len(records))
    whole = np.concatenate([plain, marked])
    return shortcuts(
        whole, np.concatenate([labels, labels]), {DRAWN_DEVICE: side}, np.concatenate([patients, patients]), answers
    )


def said(classifier: Classifier, records: Sequence[films.Film], *, drawn: bool) -> NDArray[np.float32]:
    """Logits (films, findings) as the product would have them, with a device in each film or without."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(records), BATCH):
            planes = [classifier.planes(Series("", "", (image,))) for image in _images(records, start, drawn)]
            parts.append(classifier.network(classifier.channels(torch.cat(planes))).float().cpu().numpy())
    return np.concatenate(parts)


def _images(records: Sequence[films.Film], start: int, drawn: bool) -> Iterator[Image]:
    for number, film in enumerate(records[start : start + BATCH], start):
        image = film_of(film.path)
        yield over(image, SEEDS + number, laid.KINDS[number % len(laid.KINDS)]) if drawn else image


def over(image: Image, seed: int, kind: str) -> Image:
    """A film with a device laid over it, as bright as the film's brightest."""
    rows, columns = image.stored.shape
    side = max(rows, columns)
    top, left = (side - rows) // 2, (side - columns) // 2
    share = laid.plate(seed, side, kind)[top : top + rows, left : left + columns]
    dark, light = (float(each) for each in np.percentile(image.stored, (0.5, 99.5)))
    white = dark if image.photometric == "MONOCHROME1" else light
    plain = image.stored.astype(np.float32)
    changed = np.rint(plain + share * (white - plain)).astype(image.stored.dtype)
    return replace(image, stored=frozen(cast("NDArray[Any]", changed)))


def rows(found: Sequence[Shortcut], part: str) -> list[dict[str, Any]]:
    """What was measured as a card has it; ``part`` is that of the films. What could not be measured is left out."""
    each = []
    for one in found:
        if np.isnan(one.told.value):
            continue
        told = {name: round(float(getattr(one.told, name)), 4) for name in ("value", "low", "high")}
        ranks = {"plain": one.plain, "within": one.within}
        known = {name: round(float(value), 4) for name, value in ranks.items() if not np.isnan(value)}
        about = {"source": part, "aspect": one.aspect, "finding": one.finding}
        each.append({**about, **told, "films": one.told.positives, **known})
    return each


def write(card: Card, told: Sequence[dict[str, Any]]) -> None:
    """Put the rows onto the card in place of earlier ones of the same part and aspect; nothing else in it changes. ModelError
    where it cannot be written."""
    measured = {(row["source"], row["aspect"]) for row in told}

    def change(text: str) -> str:
        others = [row for row in tomllib.loads(text).get("told", []) if (row["source"], row["aspect"]) not in measured]
        tables = ("\n[[told]]\n" + "".join(f"{k} = {cards.toml(v)}\n" for k, v in row.items()) for row in (*others, *told))
        return without(text, "told") + "".join(tables)

    rewrite(card, change)
