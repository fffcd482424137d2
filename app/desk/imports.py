"""Taking in what other software says of a study: layers, and with them its answers, by a manifest that names their images.

The manifest is JSON, version 1: docs/reference/layers.md describes it. Everything is checked before anything is stored: what is
wrong is said in a sentence that names the layer, and then nothing is kept.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.classifiers.registry import Registry
from app.desk import rasters, weighing
from app.desk.rasters import MOST_VALUES, Rasters
from app.domain import (
    FINDINGS,
    KNEE_FINDINGS,
    NO_FINDING,
    SCALES,
    Answer,
    Extent,
    Layer,
    LayerKind,
    Part,
    Producer,
    Scale,
    Score,
    frozen,
)
from app.errors import InputError, NotFound
from app.store import ImageRow, LayerRow, StackRow, Store, StudyRow, Transaction

MOST_LAYERS = 256
CERTAIN = 1e-6
"""How near to 0 and 1 a probability's logit is taken."""

Name = Annotated[str, Field(min_length=1, max_length=64)]
Code = Annotated[str, Field(pattern=r"^\d{1,3}$")]


class Strict(BaseModel):
    """What has no other entries than it says."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ImageName(Strict):
    """Which image: by its SOP Instance UID (0008,0018) and frame, or by the name of the file that it came in."""

    sop_instance_uid: str = Field("", max_length=64)
    frame: int = Field(1, ge=1, le=100_000)
    file_name: str = Field("", max_length=200)


class LayerIn(Strict):
    """One layer of a manifest."""

    file: str | tuple[str, ...] = Field(description="The raster; of a stack one .npy, or a PNG per slice, in order.")
    image: ImageName | None = Field(None, description="The film it lies on.")
    stack: tuple[ImageName, ...] | None = Field(None, description="The slices it lies on, all of one stack.", max_length=10_000)
    kind: LayerKind = Field(description="What it shows.")
    scale: Scale | None = Field(None, description="How its values are to be read; by its kind where it is left out.")
    finding: str = Field("", max_length=64, description="What it is about.")
    probability: float | None = Field(None, ge=0, le=1, description="What the software says of the finding.")
    name: str = Field("", max_length=64, description="What tells it from other layers of the same finding.")
    unit: str = Field("", max_length=16)
    lo: float = Field(0.0, description="The value of code 0 of a PNG.")
    hi: float = Field(1.0, description="The value of the highest code of a PNG.")
    extent: tuple[float, float, float, float] | None = Field(
        None, description="Left, top, right, bottom in image pixels, outer edges; the whole image where it is left out."
    )
    names: dict[Code, Name] = Field(default_factory=dict, description="Of classes, by number.", max_length=256)
    notes: tuple[Name, ...] = Field((), max_length=16)


class ProducerIn(Strict):
    """Whose software it is."""

    name: Name = Field(description="Its name, as people know it.")
    version: str = Field("", max_length=64)


class Manifest(Strict):
    """What is taken in: some software's layers of one study."""

    version: Literal[1] = Field(description="Of this form.")
    producer: ProducerIn
    layers: tuple[LayerIn, ...] = Field(min_length=1, max_length=MOST_LAYERS)


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken in: the layers, and the answers that their probabilities make."""

    study_id: str
    layers: tuple[LayerRow, ...]
    answers: int


def read(text: bytes) -> Manifest:
    """A manifest; InputError names what is wrong in it."""
    try:
        return Manifest.model_validate(json.loads(text))
    except ValidationError as error:
        where = sorted({".".join(map(str, entry["loc"])) for entry in error.errors()})
        raise InputError(
            "The manifest cannot be used. These entries are missing or not possible: %(fields)s.",
            {"fields": ", ".join(where)[:300]},
        ) from error
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError("The manifest is no JSON.") from error


def find(store: Store, manifest: Manifest) -> str:
    """The study that a manifest's first image belongs to. NotFound."""
    first = _named(manifest.layers[0], 1)[0]
    with store.view() as tx:
        return tx.studies.of_image(first.sop_instance_uid, first.frame, first.file_name)


def take(store: Store, registry: Registry, study_id: str, manifest: Manifest, files: Rasters) -> Imported:
    """Keep all layers of a manifest with a study, in place of what the same version of the software said before.

    NotFound for a study, an image or a file that is not there; InputError and TooLarge for what cannot be used, with the number
    of the layer: nothing is kept then.
    """
    with store.view() as tx:
        study = tx.studies.get(study_id)
        stacks = tx.stacks.of_study(study_id)
        names = tx.studies.files(study_id)
    images = {image.id: image for image in study.images}
    found = _Study(study, stacks, names, images, findings(registry))
    layers = tuple(_layers(manifest, found, files))
    said = tuple(_answers(manifest, layers))
    with store.begin(study_id) as tx:
        rows = tuple(tx.layers.save(study_id, layer) for layer in layers)
        for answer in said:
            tx.answers.save(study_id, answer, headline=False)
        _compare_anew(tx, rows)
    if weighing.weigh(store, registry, study_id):
        with store.view() as tx:
            rows = tuple(tx.layers.get(row.id) for row in rows)
    return Imported(study_id, rows, len(said))


def findings(registry: Registry) -> tuple[str, ...]:
    """The findings that something here can be said of: the standard ones, and those of the networks."""
    named = (finding for card in registry.cards() for finding in card.findings)
    return tuple(dict.fromkeys((*FINDINGS, NO_FINDING, *KNEE_FINDINGS, *named)))


@dataclass(frozen=True, slots=True, eq=False)
class _Study:
    study: StudyRow
    stacks: Sequence[StackRow]
    files: Mapping[str, str]
    images: Mapping[str, ImageRow]
    findings: Sequence[str]

    def image(self, name: ImageName, number: int) -> ImageRow:
        """The image of this study that is named; NotFound."""
        for image in self.images.values():
            by_uid = (image.sop_instance_uid, max(image.frame, 1)) == (name.sop_instance_uid, name.frame)
            if by_uid or (name.file_name and self.files.get(image.sop_instance_uid) == name.file_name):
                return image
        raise NotFound("Layer %(n)s names an image that this study does not have.", {"n": number})

    def stack(self, names: Sequence[ImageName], number: int) -> StackRow:
        """The stack that is made of just these images, in any order; NotFound."""
        wanted = {self.image(name, number).id for name in names}
        for stack in self.stacks:
            if set(stack.images) == wanted and len(names) == len(stack.images):
                return stack
        first = self.image(names[0], number).id
        near = next((stack for stack in self.stacks if first in stack.images), None)
        values = {"n": number, "got": len(names), "wanted": len(near.images) if near else 0}
        raise InputError("Layer %(n)s names %(got)s images, and their stack has %(wanted)s: name all of them, once.", values)


def _named(layer: LayerIn, number: int) -> tuple[ImageName, ...]:
    if (layer.image is None) == (layer.stack is None):
        raise InputError("Layer %(n)s names either an image or the slices of a stack.", {"n": number})
    names = layer.stack if layer.image is None else (layer.image,)
    if not names or not all(bool(name.sop_instance_uid) != bool(name.file_name) for name in names):
        raise InputError("Layer %(n)s: an image is named by its SOP Instance UID or by its file name.", {"n": number})
    return names


def _layers(manifest: Manifest, found: _Study, files: Rasters) -> Iterator[Layer]:
    room = MOST_VALUES
    producer = manifest.producer
    for number, given in enumerate(manifest.layers, start=1):
        names = _named(given, number)
        stack = found.stack(names, number)
        scale = _scale(given, number)
        named = (given.file,) if isinstance(given.file, str) else given.file
        span = None if scale == "classes" else (given.lo, given.hi)
        values = rasters.read(named, files, number, room, span)
        room -= values.size
        order = [stack.images.index(found.image(name, number).id) for name in names]
        _check(given, number, scale, values, len(stack.images))
        sorted_ = np.empty_like(values)
        sorted_[order] = values
        yield Layer(
            stack=stack.fingerprint,
            kind=given.kind,
            scale=scale,
            producer=Producer("import", _slug(producer.name, given.name), producer.version, _title(producer, given)),
            model=_slug(producer.name),
            model_sha256=version_of(producer),
            finding=_finding(given.finding, number, found.findings),
            values=frozen(sorted_),
            extent=_extent(given, number, found.images[stack.images[0]]),
            unit=given.unit,
            notes=given.notes,
            names={int(code): name for code, name in given.names.items()},
        )


def _scale(given: LayerIn, number: int) -> Scale:
    allowed = SCALES[given.kind]
    if given.scale is not None and given.scale not in allowed:
        raise InputError(
            "Layer %(n)s: a layer of the kind “%(kind)s” has the scale %(allowed)s, not “%(scale)s”.",
            {"n": number, "kind": given.kind, "allowed": " / ".join(allowed), "scale": given.scale},
        )
    return given.scale or allowed[0]


def _finding(name: str, number: int, known: Sequence[str]) -> str:
    """A finding by its standard name, however it is written."""
    plain = {_plain(one): one for one in known}
    if name and _plain(name) not in plain:
        raise InputError(
            "Layer %(n)s: there is no finding called “%(finding)s” here. There are: %(known)s.",
            {"n": number, "finding": name, "known": ", ".join(known)},
        )
    return plain[_plain(name)] if name else ""


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).casefold().strip()


def _slug(*parts: str) -> str:
    """A name for addresses: lower-case letters and digits, with hyphens between."""
    words = "-".join(filter(None, (re.sub(r"[^a-z0-9]+", "-", part.casefold()).strip("-") for part in parts)))
    return words[:64] or "import"


def _title(producer: ProducerIn, given: LayerIn) -> str:
    return f"{producer.name}: {given.name}" if given.name else producer.name


def version_of(producer: ProducerIn) -> str:
    """What stands for a version of other software where ours has the checksum of its weights."""
    return hashlib.sha256(f"import\n{producer.name}\n{producer.version}".encode()).hexdigest()


def _extent(given: LayerIn, number: int, image: ImageRow) -> Extent:
    if given.extent is None:
        return Extent(0.0, 0.0, float(image.columns), float(image.rows))
    left, top, right, bottom = given.extent
    if not (left < right and top < bottom and left < image.columns and top < image.rows and right > 0 and bottom > 0):
        raise InputError(
            "Layer %(n)s: its extent is left, top, right, bottom in pixels of an image of %(columns)s × %(rows)s.",
            {"n": number, "columns": image.columns, "rows": image.rows},
        )
    return Extent(left, top, right, bottom)


def _check(given: LayerIn, number: int, scale: Scale, values: NDArray[np.float32], slices: int) -> None:
    """Refuse a raster of the wrong shape or range."""
    if len(values) != slices:
        raise InputError(
            "Layer %(n)s has %(got)s slices, and the stack has %(wanted)s.",
            {"n": number, "got": len(values), "wanted": slices},
        )
    if not np.isfinite(values).all():
        raise InputError("Layer %(n)s: some of its values are no finite numbers.", {"n": number})
    low, high = float(values.min()), float(values.max())
    whole = bool(np.equal(np.mod(values, 1), 0).all())
    wanted = {
        "unit": "0 … 1" if low < 0 or high > 1 else "",
        "positive": "≥ 0" if low < 0 else "",
        "classes": "0, 1, 2 … 255" if low < 0 or high > 255 or not whole else "",
    }.get(scale, "")
    if wanted:
        raise InputError(
            "Layer %(n)s: its values lie from %(low)s to %(high)s; a layer of the kind “%(kind)s” has %(wanted)s.",
            {"n": number, "low": f"{low:.4g}", "high": f"{high:.4g}", "kind": given.kind, "wanted": wanted},
        )


def _answers(manifest: Manifest, layers: Sequence[Layer]) -> Iterator[Answer]:
    """What the software said of each stack, from the probabilities beside its layers."""
    told: dict[str, dict[str, float]] = {}
    for given, layer in zip(manifest.layers, layers, strict=True):
        if given.probability is not None and layer.finding:
            told.setdefault(layer.stack, {})[layer.finding] = given.probability
    for stack, probabilities in told.items():
        scores = tuple(Score(finding, p, _logit(p)) for finding, p in probabilities.items())
        part = Part(stack, "", scores, tuple(score.logit for score in scores))
        yield Answer(layers[0].model, layers[0].model_sha256, scores, (part,), device="", versions={})


def _logit(probability: float) -> float:
    inside = min(max(probability, CERTAIN), 1 - CERTAIN)
    return math.log(inside / (1 - inside))


def _compare_anew(tx: Transaction, rows: Sequence[LayerRow]) -> None:
    """Let what is kept of the findings' agreement be computed with the new layers."""
    for row in rows:
        tx.agreements.renew(row.stack_id, row.finding)
