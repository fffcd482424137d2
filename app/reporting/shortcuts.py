"""Shortcuts of a network for chest films, as lines: what its logits tell of how the films of one part were taken, and of whom,
and of a device that is drawn into them.

Our manifests only: other layouts do not say projection, age or sex. Whole films of adults; what is cut to the lungs shows no
heart.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.classifiers.classifier import Classifier
from app.domain import FINDINGS, NO_FINDING
from app.errors import InputError
from app.evaluation.shortcuts import Shortcut, shortcuts
from app.training import films, targets, telling
from app.training.material import WHOLE

OLDER = 60
"""Years; the two age groups are up to this, and above."""
BATCH = 32


def measure(classifier: Classifier, data: Path, part: str) -> list[Shortcut]:
    """Every figure of a network on the whole films of a part. InputError when there are none, or when it answers none of their
    findings."""
    records = [film for film in films.read(data, WHOLE) if film.part == part]
    if not records:
        raise InputError("No film is in the %(part)s part.", {"part": part})
    known = targets.asked(records, FINDINGS)
    answers = [finding for finding in classifier.card.findings if finding in known]
    if not answers:
        raise InputError("“%(name)s” answers none of the films' findings.", {"name": classifier.card.name})
    labels = targets.labels(records, known)[:, [known.index(finding) for finding in answers]]
    logits = telling.said(classifier, records, drawn=False)[:, [classifier.card.findings.index(finding) for finding in answers]]
    patients = np.array([film.patient for film in records])
    found = shortcuts(logits, labels, aspects(records), patients, answers)
    return found + telling.telling(classifier, data, part)


def aspects(records: Sequence[films.Film]) -> dict[str, NDArray[np.float32]]:
    """What the logits should not tell, each (films,): 1, 0, or NaN where it is not known."""
    nan = float("nan")
    heart = FINDINGS.index("Cardiomegaly")
    return {
        "AP": column([{"AP": 1.0, "PA": 0.0}.get(film.view, nan) for film in records]),
        "wide heart": column([film.labels[heart] for film in records]),
        "male": column([{"M": 1.0, "F": 0.0}.get(film.sex, nan) for film in records]),
        f"older than {OLDER}": column([nan if film.age is None else float(film.age > OLDER) for film in records]),
        f"from {WHOLE[0]}": column([float(film.source == WHOLE[0]) for film in records]),
    }


def column(values: Sequence[float]) -> NDArray[np.float32]:
    """Numbers as an array (n,)."""
    return np.array(values, np.float32)


def lines(found: Sequence[Shortcut]) -> Iterator[str]:
    """The figures for people, by aspect; with each aspect the means over the findings that have them."""
    for aspect in dict.fromkeys(one.aspect for one in found):
        rows = [one for one in found if one.aspect == aspect]
        yield f"{aspect}: AUROC, AUROC among films alike in it, and how well the logit tells it among films without the finding"
        for one in rows:
            told = f"{one.told.value:.3f} [{one.told.low:.3f}, {one.told.high:.3f}]"
            yield f"  {one.finding:20} {one.plain:.3f} within {one.within:.3f}  tells {told}"
        counted = [one for one in rows if one.finding != NO_FINDING and not np.isnan(one.plain)]
        whole = [(one.plain, one.within, max(one.told.value, 1 - one.told.value)) for one in counted]
        if whole:
            plain, within, tells = np.mean(whole, 0)
            yield f"  {'mean of findings':20} {plain:.3f} within {within:.3f}  tells {tells:.3f} one way or the other"
