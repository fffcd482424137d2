"""`train masks`: where findings occur, from NIH's boxes, as disease-probability masks in the canonical pose of a chest.

Boxes of training patients make the masks, those of validation patients choose how wide each is smoothed; test patients are left
out. A box whose film is here whole is carried by the pose of that film, the others by the mean pose. No film is kept.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from app.anatomy import Pose
from app.anatomy.masks import ANCHORED, Mask, Placed, fit, likelihoods
from app.classifiers.segmenter import Segmented, Segmenter
from app.domain import FINDINGS, Extent, Image
from app.errors import InputError
from app.evaluation.intervals import Mean, mean
from app.training import cards, films
from app.training.guarding import film_of
from app.training.material import WHOLE

BOXED = FINDINGS[:8]
"""The findings that NIH's readers drew boxes of."""
WIDE = 1024
"""The list of boxes is in pixels of films of this side."""
TERMS = "NIH ChestX-ray14, free with credit (Wang et al. 2017)"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A box that a reader drew: on which film, of whom, as shares of the film; ``path``: the film, where it is here whole."""

    film: str
    patient: str
    box: films.Box
    path: Path | None

    @property
    def part(self) -> str:
        """train, validation or test."""
        return films.part_of("nih", self.patient)


@dataclass(frozen=True, slots=True)
class Laid:
    """How a film's chest lies, and the rectangle around its heart in its pixels, None where nobody could tell."""

    pose: Pose
    heart: Extent | None
    width: int
    height: int


def laid(segmenter: Segmenter, image: Image) -> Laid:
    """How the chest lies on a film, by the network that tells its parts; the mean pose where it refuses."""
    return lying(segmenter.read(image), image)


def lying(found: Segmented, image: Image) -> Laid:
    """The same from what the network made of the film."""
    pose = found.pose
    if not isinstance(pose, Pose):
        pose = Pose.mean(found.film)
    return Laid(pose, found.heart if pose.measured else None, image.columns, image.rows)


def boxes(data: Path) -> list[Drawn]:
    """Every box of the list and of the manifests, each once; InputError without a list."""
    table = data / "chest" / "nih_boxes_2017.csv"
    if not table.is_file():
        raise InputError("There is no list of boxes in the data folder; set WHYLIGHT_DATA.")
    here = {film.path.stem: film for film in films.read(data, WHOLE)}
    found: dict[tuple[str, str, int, int], Drawn] = {}
    with table.open(newline="", encoding="utf-8") as lines:
        for row in list(csv.reader(lines))[1:]:
            left, top, across, down = (float(value) / WIDE for value in row[2:6])
            box = films.box(row[1], left, top, across, down)
            _keep(found, Path(row[0]).stem, box, here.get(Path(row[0]).stem))
    for name, film in here.items():
        for box in film.boxes:
            _keep(found, name, box, film)
    return [one for one in found.values() if one.box.finding in BOXED]


def _keep(found: dict[tuple[str, str, int, int], Drawn], name: str, box: films.Box, film: films.Film | None) -> None:
    key = (name, box.finding, round(64 * box.left), round(64 * box.top))
    found.setdefault(key, Drawn(name, str(int(name[:8])), box, film.path if film else None))


def placed(drawn: Sequence[Drawn], lie: Callable[[Path], Laid]) -> list[Placed]:
    """Boxes in the canonical frame, each film looked at once."""
    known: dict[Path, Laid] = {}
    mean = Laid(Pose.mean(Extent(0, 0, WIDE, WIDE)), None, WIDE, WIDE)
    found = []
    for one in drawn:
        if one.path is not None and one.path not in known:
            known[one.path] = lie(one.path)
        how = known[one.path] if one.path is not None else mean
        box = one.box
        shape = Extent(box.left * how.width, box.top * how.height, box.right * how.width, box.bottom * how.height)
        found.append(Placed(box.finding, one.patient, one.part, how.pose.box(shape)))
    return found


def train(segmenter: Segmenter, data: Path, out: Path) -> None:
    """Fit the eight masks and write their folder."""
    drawn = [one for one in boxes(data) if one.part != "test"]

    def lie(path: Path) -> Laid:
        return laid(segmenter, film_of(path))

    found = placed(drawn, lie)
    masks = {finding: fit(finding, found) for finding in BOXED}
    for line in lines(masks.values()):
        print(line, flush=True)
    write(out, masks, heart(segmenter, drawn), drawn, gains(masks, found))


def heart(segmenter: Segmenter, drawn: Sequence[Drawn]) -> Extent:
    """Where the heart lies in the canonical frame on the films that the masks of `ANCHORED` findings stand for: the median over
    those of training patients that are here; ValueError where there are none."""
    paths = {one.path for one in drawn if one.path and one.part == "train" and one.box.finding in ANCHORED}
    found = []
    for path in sorted(paths):
        how = laid(segmenter, film_of(path))
        if how.heart is not None:
            found.append(how.pose.box(how.heart).numbers())
    return Extent.of([float(value) for value in np.median(np.array(found), axis=0)])


def gains(masks: Mapping[str, Mask], found: Sequence[Placed]) -> dict[str, Mean]:
    """How much likelier each finding's own boxes of validation patients are under its mask than under no knowledge, nats."""
    told = {}
    for finding, mask in masks.items():
        kept = [one for one in found if one.part == "validation" and one.finding == finding]
        each = likelihoods(mask.covered, [one.box for one in kept])
        told[finding] = mean(each, np.array([one.patient for one in kept]))
    return told


def write(out: Path, masks: Mapping[str, Mask], lies: Extent, drawn: Sequence[Drawn], gained: Mapping[str, Mean]) -> None:
    """The folder: masks as safetensors, and a card. Its licence is written by hand."""
    planes: dict[str, NDArray[Any]] = {}
    for finding, mask in masks.items():
        planes |= {f"{finding}.{name}": getattr(mask, name).astype(np.float16) for name in ("covered", "low", "high")}
    data = save({name: np.ascontiguousarray(plane) for name, plane in planes.items()})
    trained = [one for one in drawn if one.part == "train"]
    told = {
        finding: {
            key: value if not isinstance(value, float) else round(value, 4)
            for key, value in asdict(mask).items()
            if key not in ("finding", "covered", "low", "high")
        }
        for finding, mask in masks.items()
    }
    entries = card(out.name, masks) | {"sha256": hashlib.sha256(data).hexdigest()}
    parameters = {"masks": told, "heart": [round(value, 2) for value in lies.numbers()]}
    text = "".join(f"{key} = {cards.toml(value)}\n" for key, value in entries.items())
    text += "\n[parameters]\n" + "".join(f"{key} = {cards.toml(value)}\n" for key, value in parameters.items())
    source = {
        "name": "nih boxes",
        "images": len({one.film for one in trained}),
        "patients": len({one.patient for one in trained}),
        "terms": TERMS,
        "shows": f"{len(trained)} boxes that readers drew of eight findings; of films that are here also how the chest lies.",
    }
    text += "\n[[data]]\n" + "".join(f"{key} = {cards.toml(value)}\n" for key, value in source.items())
    for finding in masks:
        row = {
            "source": "NIH boxes of validation patients",
            "finding": finding,
            "metric": "nats gained over no knowledge",
            **{name: round(getattr(gained[finding], name), 4) for name in ("value", "low", "high")},
            "positives": gained[finding].count,
            "negatives": 0,
        }
        text += "\n[[figures]]\n" + "".join(f"{key} = {cards.toml(value)}\n" for key, value in row.items())
    out.mkdir(parents=True, exist_ok=True)
    (out / "weights.safetensors").write_bytes(data)
    (out / "card.toml").write_text(text, encoding="utf-8")


def card(name: str, masks: Mapping[str, Mask]) -> dict[str, Any]:
    """The plain entries of the card."""
    return {
        "name": name,
        "kind": "masks",
        "title": "Chest masks",
        "summary": "Says where each of eight findings occurs on chest films, before anybody has looked at one.",
        "architecture": "masks",
        "findings": list(masks),
        "modalities": [],
        "body_parts": ["CHEST", "THORAX", "LUNG"],
        "phantom": False,
        "default": True,
        "input_size": 128,
        "explained_layer": "",
        "intended_use": "Research: what a map says beside where a finding occurs anyway. Not for clinical use.",
        "banner": "",
        "terms": "Masks: research, with credit to Wang et al. 2017 (NIH ChestX-ray14).",
        "limits": [
            "A mask knows nothing of the film that it lies on but how its chest lies.",
            "Most boxes were drawn on films that are not here, and were carried by the mean pose: borders are soft.",
            "Of nodules and masses there are so few boxes that they share one mask.",
            "Boxes say where one hospital's readers marked a finding first, not where it may occur.",
        ],
    }


def lines(masks: Any) -> Iterator[str]:
    """What became of each finding, for people."""
    for mask in masks:
        top = np.unravel_index(int(np.argmax(mask.covered)), mask.covered.shape)
        interval = f"{mask.covered[top]:.2f} [{mask.low[top]:.2f}, {mask.high[top]:.2f}]"
        shared = f", shared with {mask.shared}" if mask.shared else ""
        yield (
            f"{mask.finding:14} {mask.boxes:4} boxes of {mask.patients:4} patients{shared}; "
            f"bandwidth {mask.bandwidth:g} cells; "
            f"validation boxes {mask.gain:+.2f} nats; at its peak {interval} of the boxes"
        )
