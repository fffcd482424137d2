"""What every method is: the bracket around it, and the one thing it writes.

`Explainer.explain` checks, runs the method in pieces that fit memory, gives every map its state and stamps what it was computed
with. A method writes `relevance` and nothing else. Knows the domain and traces; knows no method.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self, final

import numpy as np
import torch
from torch import Tensor

from app.anatomy.reasons import READ_BY_MEAN
from app.classifiers.classifier import Classifier, versions
from app.domain import Extent, Image, Layer, LayerKind, Producer, Scale, frozen
from app.errors import AppError, InputError, NotExplainable, NotFound
from app.explainers.geometry import Field
from app.explainers.trace import Trace

OWN_SCALES: Mapping[LayerKind, Scale] = {"attention": "unit", "image": "grey", "outline": "classes"}
"""How maps that are no relevance are to be read."""
ITS_OWN = "the network sees a few windows, not the film, and chose them without a slope to follow: its path explains it"
NO_POSITIVE_EVIDENCE = "no positive evidence"
CONSTANT_INPUT = "constant input"
NOT_DEFINED = "not defined: "
ABSORBED = "share of the relevance absorbed by biases"
"""Begins a note that ends in how much, ": 37 %"; below zero where biases added to the relevance."""
WORKING_MEMORY = {"cpu": 192 * 2**20, "cuda": 2 * 2**30}
"""Bytes that one piece of work may take beside the trace; the number of findings computed at once follows from it. On a CPU
enough for the 15 findings of the shipped network at once: LRP takes 0.29 s so and 0.33 s in pieces of 13 and 2."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerRelevance:
    """How relevance stands at one layer of a network: ``values`` float32 (targets, slices, h, w), summed over channels;
    ``totals`` (targets,), the sum over everything that is on its way at that moment, which conservation keeps equal to the
    seed. ``whole``: nothing is on its way elsewhere, so that ``values`` hold all of it; ``spatial`` False: values of neurons
    without a place, as (targets, slices, neurons, 1). ``shares`` (targets, slices) are the totals slice by slice; None where
    some of it belongs to no single slice of the stack, as on the way from the logits to the maximum over slices. ``field`` says
    where its cells lie on the film; None for neurons. ``absorbed`` (targets,) is what biases kept until then, which ``totals``
    lack; None by rules that hand on everything."""

    name: str
    values: Tensor
    totals: Tensor
    whole: bool = True
    spatial: bool = True
    shares: Tensor | None = None
    field: Field | None = None
    absorbed: Tensor | None = None

    def of_slice(self, place: int) -> "LayerRelevance | None":
        """The layer of one slice alone, from 0; None where its relevance is not told apart from that of the others."""
        if self.shares is None:
            return None
        share = self.shares[:, place : place + 1]
        return replace(self, values=self.values[:, place : place + 1], totals=share[:, 0], shares=share)


@dataclass(frozen=True, slots=True, eq=False)
class Relevance:
    """Raw signed maps, float32 (targets, slices, h, w). ``total`` is what a method that conserves started from and
    ``conservation_error`` how much of it did not arrive, relative, both (targets, slices); None for the others. ``absorbed`` is
    what biases kept by rules that give them a share, (targets, slices): it is accounted for, not lost.

    ``field`` says where the cells of a map of an inner layer lie (`app.explainers.geometry.field`); None: the map's cells share
    the network's input among them. ``notes``: what a pane says of the maps, sentences that are message ids. ``refused``: why
    the method is not defined for a target, "" for those that it is; empty where it is for all. ``told``: notes of each target's
    maps alone; empty where there are none. ``figures``: numbers that go with each target's maps, by name; empty where there are
    none. ``lies``: the rectangle of each image that its map covers, for what no field says; empty where one does."""

    maps: Tensor
    total: Tensor | None = None
    conservation_error: Tensor | None = None
    layers: tuple[LayerRelevance, ...] = ()
    field: Field | None = None
    notes: tuple[str, ...] = ()
    absorbed: Tensor | None = None
    refused: tuple[str, ...] = ()
    told: tuple[tuple[str, ...], ...] = ()
    figures: tuple[Mapping[str, float], ...] = ()
    lies: tuple[Extent, ...] = ()


@dataclass(frozen=True)
class Explainer(ABC):
    """A method is a frozen dataclass: its fields are its parameters, their defaults the shipped ones."""

    kind: ClassVar[LayerKind] = "relevance"
    """What its maps are; the module's KIND says the same."""
    signed: ClassVar[bool] = True
    """Whether the picture has two sides; the module's SIGNED says the same."""
    copies: ClassVar[float] = 3.0
    """How many times the largest activation is held at once per finding; the number computed at once follows from it."""

    @property
    def name(self) -> str:
        """The method's name: the name of its file."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def scale(self) -> Scale:
        """How its values are to be read."""
        if self.kind != "relevance":
            return OWN_SCALES[self.kind]
        return "signed" if self.signed else "positive"

    @property
    def parameters(self) -> dict[str, str | float | int | bool]:
        """Its parameters by their names."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @abstractmethod
    def relevance(self, trace: Trace, targets: Sequence[int]) -> Relevance:
        """Maps for the targets (positions in the network's logits). NotExplainable where the method is not defined."""

    def layers(self, trace: Trace, targets: Sequence[int]) -> tuple[LayerRelevance, ...]:  # noqa: ARG002 - for those that have some
        """The relevance at every layer, from the decision back to the film; InputError for a method that does not walk back."""
        raise InputError(
            "The method “%(method)s” does not go through the network layer by layer. LRP and RAP do.", {"method": self.name}
        )

    def with_parameters(self, parameters: dict[str, Any]) -> Self:
        """This method with other parameters; InputError for a name it does not have or a value of another kind."""
        known = self.parameters
        for name, value in parameters.items():
            if name not in known:
                raise InputError(
                    "The method “%(method)s” has no parameter “%(name)s”. It has: %(known)s.",
                    {"method": self.name, "name": name, "known": ", ".join(known) or "–"},
                )
            numbers = isinstance(known[name], float) and type(value) in (int, float)
            if type(value) is not type(known[name]) and not numbers:
                raise InputError(
                    "The parameter “%(name)s” of “%(method)s” must be of the kind %(kind)s.",
                    {"method": self.name, "name": name, "kind": type(known[name]).__name__},
                )
        return replace(self, **parameters)

    @final
    def explain(self, classifier: Classifier, trace: Trace, findings: Sequence[str], **parameters: Any) -> list[Layer]:
        """One layer per image and finding, of one slice each: image by image, and for each image in the order of ``findings``.

        NotFound for a finding the network does not have. A method that is not defined for the network gives layers whose state
        says why, so that its pane can say it too."""
        if trace.classifier is not classifier:
            raise ValueError("the trace was recorded with another classifier")
        if not findings:
            raise InputError("No finding was named: there is nothing to explain.")
        method = self.with_parameters(parameters)
        targets = [target(classifier, finding) for finding in findings]
        started = time.perf_counter()
        notes: tuple[str, ...] = ()
        device = classifier.device
        refused = ""
        try:
            own = getattr(classifier.network, "explained_by", "")
            if own and own != self.name:
                raise NotExplainable(ITS_OWN)
            with torch.inference_mode(False), torch.enable_grad():
                found, device, notes = method._in_pieces(trace, targets)
        except NotExplainable as error:
            refused = NOT_DEFINED + error.sentence
            found = Relevance(torch.zeros(len(targets), trace.slices, 1, 1))
        seconds = (time.perf_counter() - started) / (len(targets) * trace.slices)
        maps = found.maps.detach().float().cpu().numpy()
        if maps.shape[:2] != (len(targets), trace.slices):
            raise AppError(
                "The method “%(method)s” returned %(got)s maps instead of %(wanted)s.",
                {"method": self.name, "got": str(maps.shape[:2]), "wanted": str((len(targets), trace.slices))},
            )
        constant = trace.constant
        lie = [
            [_laid(classifier, found, trace, each, place) for each in column]
            for place, column in enumerate(maps.swapaxes(0, 1))
        ]
        return [
            method._layer(
                classifier,
                image,
                finding,
                values=lie[column][row][0],
                state=refused or _refused(found, row) or method._state(maps[row, column], constant[column]),
                device=str(device),
                seconds=seconds,
                extent=lie[column][row][1],
                total=None if found.total is None else float(found.total[row, column]),
                conservation_error=None if found.conservation_error is None else float(found.conservation_error[row, column]),
                figures=found.figures[row] if found.figures else {},
                notes=(
                    *notes,
                    *_mean_pose(classifier, image),
                    *found.notes,
                    *_told(found, row),
                    *(() if constant[column] else _absorbed(found, row, column)),
                ),
            )
            for column, image in enumerate(trace.series.images)
            for row, finding in enumerate(findings)
        ]

    def _layer(
        self,
        classifier: Classifier,
        image: Image,
        finding: str,
        *,
        values: np.ndarray[Any, np.dtype[np.float32]],
        state: str,
        device: str,
        seconds: float,
        extent: Extent,
        total: float | None,
        conservation_error: float | None,
        notes: tuple[str, ...],
        figures: Mapping[str, float],
    ) -> Layer:
        blank = state == CONSTANT_INPUT or state.startswith(NOT_DEFINED)
        conserves = total is not None and not blank
        shown = frozen((np.zeros_like(values) if blank else values.copy())[None])
        return Layer(
            stack=image.stack,
            kind=self.kind,
            scale=self.scale,
            producer=Producer("method", self.name, parameters=self.parameters),
            model=classifier.card.name,
            model_sha256=classifier.card.sha256,
            finding=finding,
            values=shown,
            extent=extent,
            padding=extent.beyond(shown, image.stored.shape) if self.kind == "relevance" else None,
            figures=figures,
            state=state,
            versions=versions(),
            device=device,
            seconds=seconds,
            total=total if conserves else None,
            conservation_error=conservation_error if conserves else None,
            notes=notes,
        )

    def _state(self, values: np.ndarray[Any, np.dtype[np.float32]], constant: bool) -> str:
        if constant:
            return CONSTANT_INPUT
        if not np.isfinite(values).all():
            return NOT_DEFINED + "the map holds values that are not finite"
        return "ok" if self.kind != "relevance" or float(values.max()) > 0 else NO_POSITIVE_EVIDENCE

    def _in_pieces(self, trace: Trace, targets: Sequence[int]) -> tuple[Relevance, torch.device, tuple[str, ...]]:
        """All targets, as many at once as fit; half as many after each out-of-memory, and at last on the CPU."""
        size = piece(trace, self.copies, len(targets))
        notes: tuple[str, ...] = ()
        fallen_back = False
        while True:
            try:
                return self._pieces(trace, targets, size), trace.input.device, notes
            except torch.OutOfMemoryError:
                trace.memo.clear()
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                if size > 1:
                    size = size // 2
                    notes = ("computed in smaller pieces: the GPU was out of memory",)
                elif not fallen_back:
                    fallen_back = True
                    trace = trace.on_cpu()
                    notes = ("computed on cpu: the GPU was out of memory",)
                    size = piece(trace, self.copies, len(targets))
                else:
                    raise

    def _pieces(self, trace: Trace, targets: Sequence[int], size: int) -> Relevance:
        parts = [self.relevance(trace, targets[start : start + size]) for start in range(0, len(targets), size)]
        if len(parts) == 1:
            return parts[0]
        totals = [part.total for part in parts if part.total is not None]
        errors = [part.conservation_error for part in parts if part.conservation_error is not None]
        kept = [part.absorbed for part in parts if part.absorbed is not None]
        return Relevance(
            torch.cat([part.maps for part in parts]),
            torch.cat(totals) if totals else None,
            torch.cat(errors) if errors else None,
            field=parts[0].field,
            notes=parts[0].notes,
            absorbed=torch.cat(kept) if kept else None,
            refused=tuple(reason for part in parts for reason in part.refused),
            told=tuple(notes for part in parts for notes in part.told),
            figures=tuple(numbers for part in parts for numbers in part.figures),
            lies=parts[0].lies,
        )


def piece(trace: Trace, copies: float, targets: int) -> int:
    """How many findings to compute at once so that `WORKING_MEMORY` holds, at least one."""
    largest = max(value.numel() * value.element_size() for value in trace.tape.values)
    room = WORKING_MEMORY.get(trace.input.device.type, WORKING_MEMORY["cuda"])
    return max(1, min(targets, int(room / (largest * copies))))


def target(classifier: Classifier, finding: str) -> int:
    """A finding's position in the network's logits; NotFound with those it knows."""
    if finding not in classifier.card.findings:
        raise NotFound(
            "The network “%(model)s” does not know the finding “%(finding)s”. It knows: %(known)s.",
            {"model": classifier.card.name, "finding": finding, "known": ", ".join(classifier.card.findings)},
        )
    return classifier.card.findings.index(finding)


def _lies(place: Field | None, shape: tuple[int, ...], trace: Trace, square: Extent) -> Extent:
    """Where a map (rows, columns) lies on an image of which the network read ``square``."""
    return square if place is None else place.extent(shape, trace.input.shape[2:], square)


def _laid(
    classifier: Classifier, found: Relevance, trace: Trace, values: np.ndarray[Any, np.dtype[np.float32]], place: int
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], Extent]:
    """A map (rows, columns) of the image at ``place``, and where it lies on that."""
    image = trace.series.images[place]
    if found.lies:
        return values, found.lies[place]
    return classifier.on_film(image, values, _lies(found.field, values.shape, trace, classifier.frame(image)))


def _mean_pose(classifier: Classifier, image: Image) -> tuple[str, ...]:
    """What is said of a film whose chest could not be laid into the canonical pose by what is on it."""
    return (READ_BY_MEAN,) if classifier.upright and image.pose is None else ()


def _absorbed(found: Relevance, row: int, column: int) -> tuple[str, ...]:
    """What biases kept, in words; () where no rule lets them."""
    if found.absorbed is None or found.total is None:
        return ()
    kept, total = float(found.absorbed[row, column]), float(found.total[row, column])
    return (f"{ABSORBED}: {100 * kept / total:.0f} %",) if total else ()


def _told(found: Relevance, row: int) -> tuple[str, ...]:
    """The notes of one target's maps."""
    return found.told[row] if found.told else ()


def _refused(found: Relevance, row: int) -> str:
    """The state of a target for which the method is not defined; "" where it is."""
    return NOT_DEFINED + found.refused[row] if found.refused and found.refused[row] else ""
