"""Pairs of drawn phantoms: one film with a finding and the same one without it, and the truth between them."""

import hashlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from app.anatomy import HEART, LEFT_LUNG, RIGHT_LUNG, Labels
from app.anatomy.limits import limits
from app.phantoms import chest

RECIPE = 2
"""Counts up when pairs are drawn otherwise: kept ones are not used then."""
OTHERS = 0.3
"""How often another finding lies on both films of a pair."""

Job = tuple[int, int, tuple[str, ...], bool]


@dataclass(frozen=True, eq=False)
class DrawnPairs:
    """``ill`` and ``well`` uint8 (n, S, S), both by the ill film's black and white; ``masks`` bool (n, S, S) of the finding;
    ``limits`` uint8 (2, n, 5, 64, 64) of both; ``finding`` int64 (n,); ``healthy`` bool (n,): nothing else lies on them."""

    ill: NDArray[np.uint8]
    well: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    limits: NDArray[np.uint8]
    finding: NDArray[np.int64]
    healthy: NDArray[np.bool_]


def pairs(
    first: int, count: int, size: int, findings: tuple[str, ...], kept: Path, *, processes: int = 2, drains: bool = False
) -> DrawnPairs:
    """Pairs of the seeds ``first`` … ``first + count − 1``, the findings in turn; kept in a file in a folder. ``drains``: with
    a chest drain and without, in place of the finding."""
    about = f"{RECIPE} {first} {count} {size} {findings}{' drains' if drains else ''}"
    told = hashlib.sha256(about.encode()).hexdigest()[:24]
    path = kept / f"pairs-{told}.npz"
    if not path.is_file():
        jobs = [(seed, size, findings, drains) for seed in range(first, first + count)]
        if processes > 1:
            with ProcessPoolExecutor(processes) as pool:
                rows = list(pool.map(_pair, jobs, chunksize=16))
        else:
            rows = [_pair(job) for job in jobs]
        ill, well, masks, ill_limits, well_limits, finding, healthy = (np.stack(part) for part in zip(*rows, strict=True))
        kept.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".partial")
        with aside.open("wb") as file:
            both = np.stack([ill_limits, well_limits])
            np.savez(file, ill=ill, well=well, masks=masks, limits=both, finding=finding, healthy=healthy)
        aside.replace(path)
    with np.load(path) as found:
        return DrawnPairs(**{name: found[name] for name in DrawnPairs.__dataclass_fields__})


def _pair(job: Job) -> tuple[NDArray[np.generic], ...]:
    """One pair."""
    seed, size, findings, drains = job
    number = seed % len(findings)
    rng = np.random.default_rng([seed, 83])
    others = [name for name in chest.FINDINGS if name != findings[number]]
    beside = [str(rng.choice(others))] if rng.random() < OTHERS else []
    tube = bool(rng.random() < 0.25)
    if drains:
        ill, well = (chest.draw(seed, beside, with_drain, size) for with_drain in (True, False))
        mask = np.zeros(ill.pixels.shape, bool) if ill.tube_mask is None else ill.tube_mask
    else:
        ill, well = (chest.draw(seed, found, tube, size) for found in ([*beside, findings[number]], beside))
        mask = ill.masks[findings[number]]
    low, high = (float(end) for end in np.percentile(ill.pixels, (1, 99)))
    planes = [(np.clip((one.pixels - low) / max(high - low, 1e-6), 0, 1) * 255).round().astype(np.uint8) for one in (ill, well)]
    bounds = [(limits(labels(one)) * 255).round().astype(np.uint8) for one in (ill, well)]
    return (
        *planes,
        np.asarray(mask),
        *bounds,
        np.asarray(number, np.int64),
        np.asarray(not beside),
    )


def labels(phantom: chest.ChestPhantom) -> Labels:
    """A phantom's anatomy as a map of labels; the patient's right lung lies at the left of the film."""
    out = np.zeros(phantom.lungs.shape, np.uint8)
    columns = np.arange(phantom.lungs.shape[-1])
    middle = float(np.nonzero(phantom.heart)[1].mean()) if phantom.heart.any() else columns.mean()
    out[phantom.lungs] = LEFT_LUNG
    out[phantom.lungs & (columns < middle)[None]] = RIGHT_LUNG
    out[phantom.heart] = HEART
    return cast(Labels, out)
