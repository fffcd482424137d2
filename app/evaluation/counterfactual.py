"""What a counterfactual is worth: whether answers flip, for whom else they move, whether it is still a film, and no stamp.

Answers are told in *gaps*: how far a network's calibrated log-odds (or logits) move, by that network's own median distance
between called and normal films. Definitions: `docs/reference/counterfactuals.md`. Knows numbers only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.evaluation import localisation
from app.evaluation.agreement import iou, top_area
from app.evaluation.predictions import Interval, auroc_interval
from app.evaluation.ranks import ranked

CHANGED = 0.02
"""A pixel counts as changed by more than this share of the range."""
ALONE, OTHER = 0.5, 1.5
"""Referees' gaps by the explained network's: below, only that network was fooled; above, something else was changed."""
STILL = 0.05
"""Gaps; of an explained network whose answer moves less, nobody can be said to follow it or not."""
FOOLED, ELSEWHERE, AGREED = "fools only this network", "changes something else", "referees agree"
HEALTHIER = {"No Finding": 1}
"""Of which findings more is healthier; of all others less is."""
WIDE = ("Pneumonia", "Consolidation", "Infiltration", "Edema", "No Finding")
"""Findings that may cover much of the lungs of people, so that much may change."""
MOST, WIDE_MOST = 0.15, 0.4
"""Shares of a film's pixels: where more changed, too much did."""
CORNERS = 32
"""Films are compared with one another on a grid of at most so many cells."""

Planes = NDArray[np.floating]
Values = NDArray[np.floating]


def flipped(after: Values, point: float, spread: float, direction: int = -1) -> NDArray[np.bool_]:
    """Which answers (n,) lie half a spread beyond the operating point, below it (−1) or above (+1); before, none did."""
    return np.asarray(direction * (after - (point + 0.5 * direction * spread)) >= 0, bool)


def gap(answers: Values, called: NDArray[np.bool_], normal: NDArray[np.bool_]) -> float:
    """A network's distance between the medians of called and of normal films, all (n,). NaN when there are none of a kind."""
    if not called.any() or not normal.any():
        return float("nan")
    return float(np.median(answers[called]) - np.median(answers[normal]))


def gap_ratio(referee: Values, explained: Values) -> float:
    """How far a referee moves, beside the explained network, both in gaps (n,): the ratio of their medians. NaN where the
    explained network does not move at all."""
    own = float(np.median(explained)) if len(explained) else 0.0
    return float(np.median(referee)) / own if abs(own) > 1e-9 else float("nan")


def badge(ratio: float) -> str:
    """What a ratio of gaps says, in words; "" for NaN."""
    if np.isnan(ratio):
        return ""
    return FOOLED if ratio < ALONE else ELSEWHERE if ratio > OTHER else AGREED


def pixels_changed(before: Planes, after: Planes, least: float = CHANGED) -> NDArray[np.float64]:
    """Of films (n, h, w) in [0, 1] the share of pixels that changed by more than ``least``, (n,)."""
    return np.asarray((np.abs(after - before) > least).mean((1, 2), dtype=np.float64), np.float64)


def most_pixels(finding: str, *, phantom: bool) -> float:
    """The share of a film's pixels that may change for a finding."""
    return WIDE_MOST if finding in WIDE and not phantom else MOST


def between_films(changes: Planes) -> float:
    """How alike the changes of films are: the mean Pearson correlation of |x′ − x| (n, h, w) over all pairs of films. Near 1
    for a stamp. NaN with fewer than two films that changed."""
    step = max(1, -(-changes.shape[1] // CORNERS))
    rows = np.array(
        [ndimage.uniform_filter(np.abs(one), step)[step // 2 :: step, step // 2 :: step].ravel() for one in changes]
    )
    rows = rows.reshape(len(changes), -1).astype(np.float64)
    rows = rows - rows.mean(1, keepdims=True) if rows.size else rows
    lengths = np.linalg.norm(rows, axis=1)
    rows = rows[lengths > 1e-9] / lengths[lengths > 1e-9, None]
    if len(rows) < 2:
        return float("nan")
    table = rows @ rows.T
    return float((table.sum() - np.trace(table)) / (len(rows) * (len(rows) - 1)))


def share_inside(change: Planes, region: Planes) -> float:
    """The share of |x′ − x| (h, w) that lies in a region, bool or a soft plane in [0, 1]. NaN where nothing changed."""
    size = np.abs(change.astype(np.float64))
    total = float(size.sum())
    return float((size * region).sum()) / total if total > 0 else float("nan")


def along_slices(change: Planes, rng: np.random.Generator) -> float:
    """Whether neighbouring slices of a stack (slices, h, w) are changed alike: the mean absolute difference of the change from
    slice to slice, as a share of that between the same slices in a random order (the mean of ten); 1 is by chance. Of the
    slices that are changed at all; NaN with fewer than three, and where all are changed the same."""
    mine = np.asarray(change, np.float64)[np.abs(change).any((1, 2))]
    if len(mine) < 3:
        return float("nan")
    shuffled = [np.abs(np.diff(mine[rng.permutation(len(mine))], axis=0)).mean() for _ in range(10)]
    by_chance = float(np.mean(shuffled))
    return float(np.abs(np.diff(mine, axis=0)).mean()) / by_chance if by_chance > 0 else float("nan")


def moved(before: Values, after: Values, own_gap: float) -> float:
    """How far the answers of films that were to stay move, in gaps: the mean of |Δ| / gap."""
    return float(np.abs(after - before).mean() / own_gap)


def ssim(one: Planes, other: Planes, window: int = 7) -> NDArray[np.float64]:
    """Structural similarity (Wang 2004) of two films (h, w) in [0, 1] at each pixel, under a square window; 1 where they are
    the same. c₁ = 0.01², c₂ = 0.03²."""
    a, b = one.astype(np.float64), other.astype(np.float64)

    def local(plane: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(ndimage.uniform_filter(plane, window, mode="reflect"), np.float64)

    mean_a, mean_b = local(a), local(b)
    var_a, var_b = local(a * a) - mean_a**2, local(b * b) - mean_b**2
    both = local(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    return np.asarray(
        (2 * mean_a * mean_b + c1) * (2 * both + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)), np.float64
    )


def ssim_outside(before: Planes, after: Planes, region: NDArray[np.bool_]) -> float:
    """The mean similarity of a film and its counterfactual where the finding is not. NaN where it is everywhere."""
    return float(ssim(before, after)[~region].mean()) if not region.all() else float("nan")


def nearer(before: Planes, after: Planes, twin: Planes) -> float:
    """How far a counterfactual lies from the film's healthy twin, as a share of how far the film did; below 1 is nearer. NaN
    where film and twin are the same."""
    away = float(np.abs(before - twin).sum(dtype=np.float64))
    return float(np.abs(after - twin).sum(dtype=np.float64)) / away if away > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class Overlap:
    """How a map lies on the truth: whether its highest point is in it, the overlap of its hottest cells, as many as the truth
    has, with it (intersection over union), and the share of its mass inside. All NaN without a truth."""

    pointing: float
    iou: float
    mass: float


def overlap(heat: NDArray[np.float32], truth: NDArray[np.bool_]) -> Overlap:
    """Of |x′ − x| (h, w), or of a map that knows nothing, with the truth."""
    if not truth.any():
        return Overlap(float("nan"), float("nan"), float("nan"))
    hottest = top_area(heat.ravel(), float(truth.mean()))
    return Overlap(localisation.pointing(heat, truth), iou(hottest, truth.ravel()), localisation.mass(heat, truth))


def beside(
    shape: tuple[int, int], rng: np.random.Generator, known: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[np.float32]]:
    """Maps that know nothing of the film, for the same truth: random, the centre, and what is ``known`` of the finding alone
    (the mean box of other patients, its mask)."""
    return {"random": localisation.random_map(shape, rng), "centre": localisation.centre_prior(shape), **known}


Judge = Callable[[Planes, NDArray[np.bool_], Planes], Values]
"""(films, which are edited, others) → how edited the others look. Fitted anew on what it is given, nothing else."""


def fresh_critic(
    suspects: Planes, healthy: Planes, suspect_patients: NDArray[np.str_], healthy_patients: NDArray[np.str_], judge: Judge
) -> Interval:
    """How well a critic that is fitted anew tells suspects from healthy films (both (n, h, w)): the AUROC on patients that it
    was not fitted on. Patients are parted in two; each half is judged by the critic of the other. For edited films the
    figure is to be near that of the unedited ill ones, which is the floor: more than that, and it saw the edit."""
    films = np.concatenate([suspects, healthy])
    truth = np.concatenate([np.ones(len(suspects), bool), np.zeros(len(healthy), bool)])
    patients = np.concatenate([suspect_patients, healthy_patients])
    names = np.unique(patients)
    first = np.isin(patients, np.random.default_rng(0).permutation(names)[: len(names) // 2])
    scores = np.zeros(len(films))
    for seen in (first, ~first):
        told = np.asarray(judge(films[seen], truth[seen], films[~seen]), np.float64)
        scores[~seen] = ranked(told) / max(1, len(told))  # two critics have two scales: what counts is the order under each
    return auroc_interval(scores, truth, patients)
