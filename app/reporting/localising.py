"""What a network adds to where a finding occurs anyway: maps, masks, and both together, against boxes that readers drew.

Every map of a film stands beside what needs no network (a random map, the middle, the mean box, the mask alone) and beside the
map of another film under the same mask: what that one reaches too is not of this film. Masks leave the film's own patient out.
Boxes of validation patients choose λ and are in no figure; RSNA's are for evaluation only and choose nothing.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app import explainers
from app.anatomy import Pose
from app.anatomy.masks import ANCHORED, SHARED, Masks, Placed, anchored, covered, likelihoods, weighted
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.classifiers.loading import Loaded
from app.classifiers.segmenter import Segmenter
from app.domain import Extent, Image, Series
from app.errors import InputError
from app.evaluation import localisation
from app.evaluation.intervals import Mean, mean
from app.explainers.trace import Trace
from app.grey import resample
from app.reading.lying import Lie
from app.training import films, masks
from app.training.guarding import film_of

GRID = 128
"""Cells along both sides of the grid over a film that figures are taken on."""
SWAPS = 5
"""So many other films lend their map to each."""
WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)
"""λ that are tried."""
OTHER = "another film's CAM, "
MAPS = ("random map", "middle", "mean box", "mask alone", "CAM", "ReLU(CAM) × mask", "prior-weighted CAM")
SWAPPED = {name: OTHER + name for name in ("CAM", "ReLU(CAM) × mask", "prior-weighted CAM")}
MEASURES = ("pointing", "IoU")
NIH, RSNA = "NIH boxes", "RSNA opacity boxes"

Plane = NDArray[np.float32]
Boxed = tuple[Path, str, list[tuple[str, str, list[films.Box]]]]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One finding on one film with its boxes: the truth on the film's grid, how the chest lies, and the network's CAM on the
    grid and in the canonical frame. ``placed`` are the boxes in that frame; ``odd``: the region at which CAM looks too much;
    ``called``: the network calls the finding, and only of these that is told."""

    source: str
    finding: str
    patient: str
    part: str
    truth: NDArray[np.bool_]
    film: Extent
    pose: Pose
    heart: Extent | None
    cam: Plane
    aligned: Plane
    placed: tuple[Extent, ...]
    odd: str = ""
    called: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """One figure of one map on one case."""

    source: str
    finding: str
    patient: str
    map: str
    measure: str
    value: float


def cases(loaded: Loaded, card: Card, known: Iterable[Boxed], say: Callable[[str], None]) -> list[Case]:
    """Every film with boxes, of findings that a network answers for; InputError without any."""
    found: list[Case] = []
    for path, patient, drawn in known:
        wanted = [(source, finding, boxes) for source, finding, boxes in drawn if finding in card.findings]
        image = film_of(path)
        lie = Lie.of(loaded, card, image) if wanted else None
        if lie is None:
            continue
        how = masks.lying(lie.segmented, image)
        series = Series(path.name, "", (image,), source="film image")
        classifier = loaded.get(card)
        trace = explainers.record(classifier, series)
        (answer,) = classifier.predictions(trace.logits, series, 0.0)
        heats = cams(classifier, trace, image, tuple(dict.fromkeys(finding for _, finding, _ in wanted)))
        about = _About(patient, image, how)
        for source, finding, boxes in wanted:
            sign = lie.told_of(finding, heats[finding], Extent(0, 0, image.columns, image.rows)).odd
            score = answer.score(finding)
            called = score is not None and score.probability >= card.point(finding)
            found.append(replace(_case(about, source, finding, boxes, heats[finding]), odd=sign, called=called))
        if len(found) % 50 == 0:
            say(f"{len(found)} films with boxes looked at")
    if not found:
        raise InputError("There are no films with boxes in the data folder; give one with --data.")
    return found


def in_table(table: Path) -> Iterator[Boxed]:
    """The boxes of a table of one's own, as `known_boxes` has them; without a column ``patient`` each film is somebody else's.
    InputError for a table without the columns."""
    told: dict[Path, dict[str, list[films.Box]]] = {}
    owners: dict[Path, str] = {}
    with table.open(newline="", encoding="utf-8-sig") as lines:
        for row in csv.DictReader(lines):
            try:
                path = table.parent / row["image"]
                left, top, across, down = (float(row[name]) for name in ("left", "top", "width", "height"))
                finding = row["finding"]
            except (KeyError, ValueError) as error:
                raise InputError("A table of boxes has the columns image, finding, left, top, width and height.") from error
            if path not in told:
                told[path], owners[path] = {}, row.get("patient") or row["image"]
            image = film_of(path)
            box = films.box(finding, left / image.columns, top / image.rows, across / image.columns, down / image.rows)
            told[path].setdefault(finding, []).append(box)
    for path, boxes in told.items():
        yield path, owners[path], [(table.name, finding, each) for finding, each in boxes.items()]


def known_boxes(data: Path) -> Iterator[Boxed]:
    """Film by film: the file, the patient, and by source and finding the boxes."""
    told: dict[Path, dict[tuple[str, str], list[films.Box]]] = {}
    owners: dict[Path, str] = {}
    for one in masks.boxes(data):
        if one.path is not None:
            told.setdefault(one.path, {}).setdefault((NIH, one.box.finding), []).append(one.box)
            owners[one.path] = one.patient
    manifest = data / "chest" / "nih" / "manifest.csv"
    with manifest.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            path, side = manifest.parent / "images" / row["image"], 512
            for left, top, across, down in json.loads(row["rsna_opacity_boxes"] or "[]"):
                box = films.box("Pneumonia", left / side, top / side, across / side, down / side)
                told.setdefault(path, {}).setdefault((RSNA, "Pneumonia"), []).append(box)
                owners[path] = str(int(row["patient"]))
    for path in sorted(told):
        yield path, owners[path], [(source, finding, boxes) for (source, finding), boxes in told[path].items()]


def own(card: Card) -> str:
    """The method that is exact for a network's last feature map: CAM, of a network with masks attended evidence."""
    return "attended_evidence" if "attended_evidence" in explainers.names(card) else "cam"


def cams(classifier: Classifier, trace: Trace, image: Image, findings: Sequence[str]) -> dict[str, Plane]:
    """CAM of each finding on the grid over the recorded film, or what stands for it (`own`)."""
    found = {}
    for layer in explainers.load(own(classifier.card)).explain(classifier, trace, findings):
        extent = layer.extent.seen_from(0, 0, GRID / image.columns, GRID / image.rows)
        found[layer.finding] = resample(layer.values[0], extent, (GRID, GRID))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _About:
    """A film: whose it is, its image, and how its chest lies."""

    patient: str
    image: Image
    how: masks.Laid


def _case(about: _About, source: str, finding: str, boxes: Sequence[films.Box], heat: Plane) -> Case:
    image, how, patient = about.image, about.how, about.patient
    shapes = [Extent(b.left * how.width, b.top * how.height, b.right * how.width, b.bottom * how.height) for b in boxes]
    film = Extent(0, 0, image.columns, image.rows)
    truth = localisation.box_mask(
        (GRID, GRID),
        [(GRID * b.left, GRID * b.top, GRID * (b.right - b.left), GRID * (b.bottom - b.top)) for b in boxes],
    )
    return Case(
        source=source,
        finding=finding,
        patient=patient,
        part=films.part_of("nih", patient) if source in (NIH, RSNA) else "",
        truth=truth,
        film=film,
        pose=how.pose,
        heart=how.heart,
        cam=heat,
        aligned=how.pose.warp(heat, film),
        placed=tuple(how.pose.box(shape) for shape in shapes),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """Where findings occur, with a patient left out: the boxes of training patients behind the masks, smoothed once."""

    known: Masks
    boxes: Mapping[str, tuple[Sequence[Placed], Plane]]
    flat: Mapping[str, tuple[Sequence[masks.Drawn], Plane]]

    @classmethod
    def of(cls, known: Masks, drawn: Sequence[masks.Drawn], found: Sequence[Placed]) -> "Prior":
        """From every box and where it lies in the canonical frame, in one order."""
        boxes, flat = {}, {}
        pairs = {SHARED[name]: name for name in SHARED} | dict(SHARED)
        for finding, mask in known.of.items():
            names = {finding, pairs.get(finding, finding)}
            kept = [at for at, one in enumerate(found) if one.finding in names and one.part == "train"]
            boxes[finding] = ([found[at] for at in kept], covered([found[at].box for at in kept], mask.bandwidth))
            mine = [drawn[at] for at in kept if drawn[at].box.finding == finding]
            lies = [Extent(GRID * b.left, GRID * b.top, GRID * b.right, GRID * b.bottom) for b in (one.box for one in mine)]
            flat[finding] = (mine, covered(lies, 0.0))
        return cls(known, boxes, flat)

    def plane(self, case: Case) -> Plane:
        """The mask on the canonical frame of a case's film, without the case's patient."""
        owners, each = self.boxes[case.finding]
        kept = np.array([one.patient != case.patient for one in owners])
        plane = np.asarray(each[kept].mean(0), np.float32)
        if case.finding in ANCHORED and case.heart is not None:
            plane = anchored(plane, self.known.heart, case.pose.box(case.heart))
        return plane

    def mean_box(self, case: Case) -> Plane:
        """Where the finding lies on other patients' films, however these lie: the mean of their boxes on the film's grid."""
        owners, each = self.flat[case.finding]
        kept = np.array([one.patient != case.patient for one in owners])
        return np.asarray(each[kept].mean(0), np.float32)


def choose(found: Sequence[Case], prior: Prior) -> list[tuple[float, float, float]]:
    """λ, how likely the boxes of validation patients are under the weighted mask (nats per place over no knowledge), and how
    often it points into them: by NIH's boxes alone."""
    mine = [case for case in found if case.source == NIH and case.part == "validation" and case.finding in prior.boxes]
    rows = []
    for weight in WEIGHTS:
        gains, hits = [], []
        for case in mine:
            plane = prior.plane(case)
            gains += likelihoods(weighted(plane, case.aligned, weight), case.placed).tolist()
            hits.append(measured(on_film(case, weighted(plane, case.aligned, weight)), case.truth)["pointing"])
        rows.append((weight, float(np.nanmean(gains)), float(np.mean(hits))))
    return rows


def on_film(case: Case, plane: Plane) -> Plane:
    """A plane of the canonical frame on the film's grid."""
    return case.pose.carry_back(plane, case.film, (GRID, GRID))


def measured(heat: Plane, truth: NDArray[np.bool_]) -> dict[str, float]:
    """Where a map points, and the IoU of the truth with as many of the map's highest cells as the truth has."""
    size = int(truth.sum())
    if not size:
        return dict.fromkeys(MEASURES, float("nan"))
    order = np.argsort(-heat.ravel(), kind="stable")[:size]
    both = int(truth.ravel()[order].sum())
    return {"pointing": localisation.pointing(heat, truth), "IoU": both / (2 * size - both)}


def measure(found: Sequence[Case], prior: Prior, weight: float) -> list[Value]:
    """Every map's figures on every case of a finding with a mask that is not of a validation patient of NIH's boxes."""
    values = []
    rng = np.random.default_rng(0)
    known = [case for case in found if case.finding in prior.boxes]
    counted = [case for case in known if case.source == RSNA or case.part != "validation"]
    for case in counted:
        plane = prior.plane(case)
        mask = on_film(case, plane)
        told = {
            "random map": localisation.random_map((GRID, GRID), rng),
            "middle": localisation.centre_prior((GRID, GRID)),
            "mean box": prior.mean_box(case),
            "mask alone": mask,
            **_joined(case.cam, mask, weight),
        }
        rows = [(name, measured(heat, case.truth)) for name, heat in told.items()]
        others = [one for one in counted if one.finding == case.finding and one.patient != case.patient]
        lent = rng.permutation(len(others))[:SWAPS]
        swapped: dict[str, list[dict[str, float]]] = {}
        for at in lent:
            for name, heat in _joined(on_film(case, others[at].aligned), mask, weight).items():
                swapped.setdefault(SWAPPED[name], []).append(measured(heat, case.truth))
        rows += [(name, {m: float(np.mean([one[m] for one in each])) for m in MEASURES}) for name, each in swapped.items()]
        values += [Value(case.source, case.finding, case.patient, name, m, row[m]) for name, row in rows for m in MEASURES]
    return values


def _joined(cam: Plane, mask: Plane, weight: float) -> dict[str, Plane]:
    return {
        "CAM": cam,
        "ReLU(CAM) × mask": np.asarray(np.maximum(cam, 0) * mask, np.float32),
        "prior-weighted CAM": weighted(mask, cam, weight),
    }


def difference(values: Sequence[Value], one: str, other: str, measure: str) -> Mean:
    """The paired difference of two maps over the same cases, with its interval over patients."""
    sides = [[v for v in values if v.map == name and v.measure == measure] for name in (one, other)]
    left, right = (np.array([v.value for v in side]) for side in sides)
    return mean(left - right, np.array([v.patient for v in sides[0]]))


def against(mine: Sequence[Case], others: Sequence[Case], names: tuple[str, str]) -> Iterator[str]:
    """What one network's own map gains over another's on the same boxes, source by source and pooled, as paired differences.
    Validation patients of NIH's boxes are in no figure."""
    pairs = [(one, two) for one, two in zip(mine, others, strict=True) if one.source == RSNA or one.part != "validation"]
    sources = list(dict.fromkeys(one.source for one, _ in pairs))
    for source in (*sources, "pooled") if len(sources) > 1 else sources:
        own = [(one, two) for one, two in pairs if source in {one.source, "pooled"}]
        values = [
            Value(source, each.finding, each.patient, name, measure_, value)
            for pair in own
            for name, each in zip(names, pair, strict=True)
            for measure_, value in measured(each.cam, each.truth).items()
        ]
        apart = "   ".join(f"{m} {_shown(difference(values, *names, m), sign=True)}" for m in MEASURES)
        yield f"{source}, {len(own)} films with boxes: {names[0]} − {names[1]}: {apart}"


def told(found: Sequence[Case], known: Masks, segmenter: Segmenter, data: Path) -> Iterator[str]:
    """λ on validation boxes, then the table at the shipped λ."""
    drawn = masks.boxes(data)
    placed = masks.placed(drawn, lambda path: masks.laid(segmenter, film_of(path)))
    prior = Prior.of(known, drawn, placed)
    if any(case.source == NIH and case.part == "validation" for case in found):
        yield "λ, on whole films of validation patients with NIH boxes: nats gained over no knowledge, share pointed into"
        for weight, gain, hits in choose(found, prior):
            yield f"  {weight:4.2f}  {gain:.3f}  {hits:.2f}"
    weight = float(explainers.describe("prior_cam").parameters["weight"])
    yield f"At λ = {weight:g}:"
    yield from lines(measure(found, prior, weight))
    yield from signs(found)


def signs(found: Sequence[Case]) -> Iterator[str]:
    """How often the sign that a map looks elsewhere stands on CAMs that point into a box, and on those that do not: of findings
    that are called, for on no others does it stand."""
    for source in dict.fromkeys(case.source for case in found if case.called):
        own = [case for case in found if case.source == source and case.called]
        hit = [bool(case.odd) for case in own if localisation.pointing(case.cam, case.truth)]
        missed = [bool(case.odd) for case in own if not localisation.pointing(case.cam, case.truth)]
        told = " and ".join(
            f"{sum(side)} of {len(side)} {words}" for side, words in ((hit, "that point into a box"), (missed, "that do not"))
        )
        yield f"{source}: of findings that are called, the sign that a map looks elsewhere stands on {told}"


def lines(values: Sequence[Value]) -> Iterator[str]:
    """The table: per source and finding, and pooled."""
    for source in dict.fromkeys(v.source for v in values):
        own = [v for v in values if v.source == source]
        groups = {"all": own} | {f: [v for v in own if v.finding == f] for f in dict.fromkeys(v.finding for v in own)}
        for finding, rows in groups.items():
            if finding == "all" and len(groups) == 2:
                continue
            count = sum(v.map == "CAM" and v.measure == "pointing" for v in rows)
            yield f"{source}, {finding}: {count} films with boxes"
            yield from _table(rows)


def _table(rows: Sequence[Value]) -> Iterator[str]:
    for name in (*MAPS, *SWAPPED.values()):
        cells = []
        for measure_ in MEASURES:
            mine = [v for v in rows if v.map == name and v.measure == measure_]
            if mine:
                told = mean(np.array([v.value for v in mine]), np.array([v.patient for v in mine]))
                cells.append(f"{measure_} {_shown(told)}")
        if cells:
            yield f"  {name:42} " + "   ".join(cells)
    pairs = [*SWAPPED.items(), ("prior-weighted CAM", "mask alone"), ("ReLU(CAM) × mask", "mask alone")]
    for one, other in pairs:
        if any(v.map == other for v in rows):
            apart = "   ".join(f"{m} {_shown(difference(rows, one, other, m), sign=True)}" for m in MEASURES)
            yield f"  {one} − {other}: {apart}"


def _shown(told: Mean, *, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    return f"{told.value:{form}} [{told.low:{form}}, {told.high:{form}}]"
