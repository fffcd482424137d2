"""What the anatomy of films is worth: Dice, the ratio's error, the alignment, known affines, overlays there and back, the time.

Everything goes the product's way: a file becomes an image, the segmenter reads it, and its map is compared on the film's own
pixels. Only patients whom the network did not learn from are looked at.
"""

import csv
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage

from app.anatomy import HEART, LEFT_LUNG, RIGHT_LUNG, Labels, NoPose, Pose, Ratio, measure
from app.anatomy.ratio import of_labels
from app.classifiers.segmenter import Segmented, Segmenter
from app.domain import Extent, Image, frozen
from app.grey import resample
from app.segmentation import layers
from app.training.anatomy.material import DRAWN, two_lungs
from app.training.films import part_of
from app.training.guarding import film_of

HELD_OUT = ("validation", "test")
GRID = 128


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A film and its true map over all of it; ``lungs_only``: the truth says nothing of the heart."""

    path: Path
    patient: str
    truth: Labels
    lungs_only: bool = False


def drawn(data: Path) -> Iterator[Known]:
    """The films of held-out patients with lungs and heart drawn by radiologists, lungs as they are seen beside the heart."""
    folder = data / "chest" / "covid_masks"
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if not set(DRAWN) <= set(row["masks"].split("|")) or part_of("covid", row["patient"]) not in HELD_OUT:
                continue
            truth = None
            for code, name in zip((RIGHT_LUNG, LEFT_LUNG, HEART), DRAWN, strict=True):
                with Picture.open(folder / "masks" / f"{Path(row['image']).stem}.{name}.png") as picture:
                    mask = np.asarray(picture.convert("L")) > 127
                truth = np.zeros(mask.shape, np.uint8) if truth is None else truth
                truth[mask] = code
            if truth is not None:
                yield Known(folder / "images" / row["image"], row["patient"], frozen(truth))


def pairs(data: Path, most: int = 200) -> Iterator[Known]:
    """NIH films of held-out patients that are whole, with rough masks of their lungs."""
    folder = data / "chest"
    with (folder / "nih_lungs" / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        alone = {row["image"] for row in csv.DictReader(lines)}
    found = 0
    with (folder / "nih_small" / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["image"] not in alone or part_of("nih", row["patient"]) not in HELD_OUT or found >= most:
                continue
            with Picture.open(folder / "nih_lungs" / "images" / row["image"]) as picture:
                truth = two_lungs(np.asarray(picture.convert("L")) > 6)
            if truth is not None:
                found += 1
                yield Known(folder / "nih_small" / "images" / row["image"], row["patient"], frozen(truth), lungs_only=True)


def whole(data: Path) -> Iterator[tuple[Path, str]]:
    """The whole NIH films of held-out patients, with the patient."""
    folder = data / "chest" / "nih"
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if part_of("nih", row["patient"]) in HELD_OUT:
                yield folder / "images" / row["image"], row["patient"]


def on_film(segmented: Segmented, shape: tuple[int, int]) -> Labels:
    """A film's map of labels on a grid over the whole film; ``shape`` is that of the film."""
    return resample(segmented.labels.astype(np.float32), segmented.extent, shape, nearest=True).astype(np.uint8)


def dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """2 |A ∩ B| / (|A| + |B|)."""
    return 2 * float((found & truth).sum()) / max(float(found.sum() + truth.sum()), 1.0)


def dices(segmenter: Segmenter, known: Sequence[Known]) -> dict[str, list[float]]:
    """Dice per film of both lungs, and of the heart where it is known; and the ratio's error where both have one."""
    out: dict[str, list[float]] = {"lungs": [], "heart": [], "ratio": [], "true ratio": [], "covered": []}
    for one in known:
        image = film_of(one.path)
        segmented = segmenter.read(image)
        shape = one.truth.shape
        over = Extent(0, 0, image.columns, image.rows)
        mine = on_film(segmented, image.stored.shape)
        if mine.shape != shape:
            mine = np.asarray(Picture.fromarray(mine).resize(shape[::-1], Picture.Resampling.NEAREST))
        lungs = (RIGHT_LUNG, LEFT_LUNG)
        out["lungs"].append(dice(np.isin(mine, lungs), np.isin(one.truth, lungs)))
        if one.lungs_only:
            continue
        out["heart"].append(dice(mine == HEART, one.truth == HEART))
        ratio, true = segmented.ratio, measure(of_labels(one.truth), over)
        if isinstance(ratio, Ratio) and isinstance(true, Ratio):
            out["ratio"].append(ratio.value)
            out["true ratio"].append(true.value)
            out["covered"].append(float(ratio.low <= true.value <= ratio.high))
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Maps of films on a common grid as they came and once aligned, (n, 128, 128), and how many poses were refused."""

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    refused: dict[str, int]


def align(segmenter: Segmenter, paths: Sequence[Path]) -> Aligned:
    """The maps of films, before and after."""
    before, after = [], []
    refused: dict[str, int] = {}
    for path in paths:
        segmented = segmenter.read(film_of(path))
        pose = segmented.pose
        if isinstance(pose, NoPose):
            refused[pose.reason] = refused.get(pose.reason, 0) + 1
            continue
        step = len(segmented.labels) // GRID
        before.append(segmented.labels[step // 2 :: step, step // 2 :: step])
        after.append(pose.warp(segmented.labels, segmented.extent, nearest=True).astype(np.uint8))
    return Aligned(np.array(before), np.array(after), refused)


def overlap(maps: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Per film, the intersection over union of its lungs with the mean lung mask of all, at one half."""
    lungs = (maps == RIGHT_LUNG) | (maps == LEFT_LUNG)
    mean = lungs.mean(0) > 0.5
    return np.asarray((lungs & mean).sum((1, 2)) / (lungs | mean).sum((1, 2)), np.float64)


def heart_spread(maps: NDArray[np.uint8]) -> float:
    """The root of the summed variances of the heart's centre, in cells of the grid."""
    centres = np.array([ndimage.center_of_mass(one == HEART) for one in maps if (one == HEART).any()])
    return float(np.sqrt(centres.var(0).sum()))


def affine(image: Image, angle: float, across: float, down: float) -> Image:
    """A film turned clockwise by ``angle`` degrees about its middle after it was stretched, on a canvas half as large again."""
    canvas = int(1.5 * max(image.stored.shape))
    rotation = np.array(
        [[np.cos(np.radians(angle)), -np.sin(np.radians(angle))], [np.sin(np.radians(angle)), np.cos(np.radians(angle))]]
    )
    back = np.linalg.inv(rotation @ np.diag([across, down]))
    y, x = np.mgrid[0:canvas, 0:canvas] + 0.5 - canvas / 2
    there = np.stack([x, y], -1) @ back.T + (image.columns / 2, image.rows / 2)
    moved = ndimage.map_coordinates(image.stored.astype(np.float32), [there[..., 1] - 0.5, there[..., 0] - 0.5], order=1)
    return replace(image, stored=frozen(moved.astype(np.uint16)), field=None)


def affines(segmenter: Segmenter, paths: Sequence[Path], seed: int = 0) -> NDArray[np.float64]:
    """How far known affines within ±15° and ±15 % are missed, (n, 2): degrees, and the worse of both scales as a share."""
    random = np.random.default_rng([seed, 22])
    rows = []
    for path in paths:
        image = film_of(path)
        still = affine(image, 0, 1, 1)
        angle, across, down = random.uniform(-15, 15), *random.uniform(0.85, 1.15, 2)
        before, after = segmenter.read(still).pose, segmenter.read(affine(image, angle, across, down)).pose
        if isinstance(before, NoPose) or isinstance(after, NoPose):
            rows.append((90.0, 1.0))
            continue
        moved = after.matrix @ np.linalg.inv(before.matrix)
        turn = np.degrees(np.arctan2(moved[1, 0] - moved[0, 1], moved[0, 0] + moved[1, 1]))
        scales = after.across / before.across / across, after.down / before.down / down
        rows.append((abs(turn - angle), max(abs(scale - 1) for scale in scales)))
    return np.array(rows)


def there_and_back(segmenter: Segmenter, paths: Sequence[Path], side: int = 512) -> NDArray[np.float64]:
    """How far spots on films come back from the canonical frame, pixels at ``side``, one per film."""
    missed = []
    film = Extent(0, 0, side, side)
    y, x = np.mgrid[0:side, 0:side] + 0.5
    for path in paths:
        image = film_of(path)
        segmented = segmenter.read(image)
        pose = segmented.pose
        if isinstance(pose, NoPose):
            continue
        scale = side / max(image.stored.shape)
        pose = Pose.of(tuple(value * (1 if place == 2 else scale) for place, value in enumerate(pose.numbers())))
        spot = np.exp(-((y - pose.y - 40) ** 2 + (x - pose.x + 60) ** 2) / (2 * 12**2)).astype(np.float32)
        back = pose.carry_back(pose.warp(spot, film), film, (side, side))
        centre = np.array([(back * y).sum(), (back * x).sum()]) / back.sum()
        missed.append(float(np.hypot(*(centre - (pose.y + 40, pose.x - 60)))))
    return np.array(missed)


def lines(segmenter: Segmenter, data: Path, films: int = 150) -> Iterator[str]:
    """Everything, one line a figure."""
    known = list(drawn(data))
    found = dices(segmenter, known)
    yield f"covid_masks, {len(known)} films of {len({one.patient for one in known})} held-out patients"
    for name in ("lungs", "heart"):
        yield f"  Dice, {name}: {spread(found[name])}"
    yield from ratio_lines(found)
    rough = list(pairs(data))
    yield f"NIH, {len(rough)} films of held-out patients, rough masks"
    yield f"  Dice, lungs: {spread(dices(segmenter, rough)['lungs'])}"
    paths = [path for path, _ in whole(data)][:films]
    moved = align(segmenter, paths)
    yield f"alignment, {len(moved.after)} whole films of held-out patients; refused: {moved.refused or 'none'}"
    yield f"  IoU with the mean lung mask: {overlap(moved.before).mean():.3f} before, {overlap(moved.after).mean():.3f} after"
    spreads = f"{heart_spread(moved.before):.2f} before, {heart_spread(moved.after):.2f} after"
    yield f"  SD of the heart's centre, cells of 128: {spreads}"
    few = paths[:60]
    errors = affines(segmenter, few)
    yield f"known affines on {len(few)} films: {quantiles(errors[:, 0], 2)}° and {quantiles(100 * errors[:, 1], 1)} % off"
    yield f"overlays there and back at 512 px: {quantiles(there_and_back(segmenter, few), 2)} px off"
    yield f"time: {seconds(segmenter, few):.3f} s of the processor a film with all its layers, median"


def ratio_lines(found: dict[str, list[float]]) -> Iterator[str]:
    """How true the ratio is."""
    mine, true = np.array(found["ratio"]), np.array(found["true ratio"])
    if len(mine) < 3:
        return
    r, error = float(np.corrcoef(mine, true)[0, 1]), np.abs(mine - true)
    worst = np.quantile(error, 0.9)
    yield f"  cardiothoracic ratio on {len(mine)} films: r {r:.3f}, mean error {error.mean():.4f}, p90 {worst:.4f}"
    yield f"  its interval holds the drawn one's in {np.mean(found['covered']):.0%}"


def seconds(segmenter: Segmenter, paths: Sequence[Path]) -> float:
    """The median of the processor's time for one film with all its layers: other work on the machine does not count."""
    took = []
    for path in paths[:20]:
        image = film_of(path)
        started = time.process_time()
        for _ in layers(segmenter, image):
            pass
        took.append(time.process_time() - started)
    return float(np.median(took)) if took else float("nan")


def mean_of(values: Sequence[float]) -> tuple[float, float, float]:
    """A mean with its 95 % interval by the bootstrap over films."""
    plain = np.array(values)
    random = np.random.default_rng(0)
    low, high = np.quantile(plain[random.integers(0, len(plain), (2000, len(plain)))].mean(1), (0.025, 0.975))
    return float(plain.mean()), float(low), float(high)


def spread(values: Sequence[float]) -> str:
    """A mean with its interval, and the worst tenth."""
    mean, low, high = mean_of(values)
    return f"{mean:.4f} [{low:.4f}, {high:.4f}], p10 {np.quantile(values, 0.1):.3f}, of {len(values)}"


def quantiles(values: NDArray[np.float64], digits: int) -> str:
    """The median and the 90th percentile."""
    return f"median {np.median(values):.{digits}f}, p90 {np.quantile(values, 0.9):.{digits}f}"
