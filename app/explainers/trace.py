"""A trace: one recorded forward pass of a classifier over a series, shared by every method and every finding.

Knows the classifier and the tape; knows no method.
"""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from app.classifiers.classifier import Classifier
from app.domain import Series
from app.errors import NotExplainable
from app.explainers.relevance.slopes import slopes
from app.explainers.tape import Tape, tape

FEW = 2
"""Up to so many findings autograd is quicker than the walk over a tape (shipped network: 24 against 28 ms for one finding, 293
against 193 ms for 15)."""


@dataclass(frozen=True, eq=False)
class Trace:
    """``input`` is float32 (slices, channels, size, size), a leaf that gradients reach; ``logits`` (slices, findings),
    detached, or (1, findings) where the network gives one answer for the whole stack. ``memo`` keeps what one method worked out
    and another needs too, such as a layer's positive part; it dies with the trace."""

    classifier: Classifier
    series: Series
    tape: Tape
    input: Tensor
    logits: Tensor
    seconds: float
    memo: dict[Hashable, Tensor] = field(default_factory=dict, repr=False)

    @property
    def slices(self) -> int:
        """How many images the series has."""
        return int(self.input.shape[0])

    @property
    def constant(self) -> tuple[bool, ...]:
        """Per slice, whether all its pixels are equal, so that nothing in it can be evidence."""
        flat = self.input.detach().flatten(2)
        return tuple(bool(c) for c in (flat.amax(2) == flat.amin(2)).all(1).tolist())

    @property
    def stacked(self) -> bool:
        """Whether the network gives one answer for all the images that it is handed, however many."""
        return bool(self.remember("stacked", self._stacked))

    def _stacked(self) -> Tensor:
        twice = self.answer(self.input.detach()[:1].repeat(2, 1, 1, 1))
        return torch.tensor(twice.shape[0] == 1)

    def layer(self, name: str) -> Tensor:
        """What a module returned, by its path in the network, still tied to the logits by autograd."""
        return self.tape.values[self.place(name)]

    def place(self, name: str) -> int:
        """The index on the tape of what a module returned, by its path in the network; NotExplainable where it has none."""
        index = self.tape.places.get(name)
        if index is None:
            raise NotExplainable(
                "The card names the layer “%(layer)s” for this method, but the network has no such layer.", {"layer": name}
            )
        return index

    def remember(self, key: Hashable, work_out: Callable[[], Tensor]) -> Tensor:
        """The value under ``key``, worked out at first use. Two threads may work it out twice; they get equal values."""
        value = self.memo.get(key)
        if value is None:
            value = self.memo[key] = work_out()
        return value

    def gradients(self, targets: Sequence[int], wrt: Tensor) -> Tensor:
        """∂ logit / ∂ ``wrt`` for each target, (targets, \\*wrt.shape), detached. Slices do not touch one another."""
        place = self._places.get(id(wrt)) if len(targets) > FEW else None
        if place is not None and (found := slopes(self.tape, targets, place)) is not None:
            return found
        # One backward pass after the other is quicker than one batched by vmap on a CPU (278 against 426 ms for 14 findings at
        # 224 × 224): each pass stays in the cache, and vmap leaves the channels-last layout.
        return gradients(self.tape.values[self.tape.output], targets, wrt, batched=wrt.device.type != "cpu")

    @cached_property
    def _places(self) -> dict[int, int]:
        """Where a value stands on the tape, by its identity; the film is what the network was handed a copy of."""
        return {id(value): place for place, value in enumerate(self.tape.values)} | {id(self.input): 0}

    def gradients_at(self, film: Tensor, targets: Sequence[int]) -> tuple[Tensor, Tensor]:
        """The logits of another film of the same shape, and their gradients with respect to it, by a pass of its own."""
        if len(targets) > FEW:
            other = self.again(film)
            return other.logits, other.gradients(targets, other.input)
        leaf = film.detach().requires_grad_()
        output = self.classifier.network(leaf.clone())
        return output.detach(), gradients(output, targets, leaf, batched=leaf.device.type != "cpu")

    def answer(self, films: Tensor) -> Tensor:
        """The logits of other films, by a pass of its own, without gradients."""
        with torch.no_grad():
            return self.classifier.network(films.clone())  # type: ignore[no-any-return]

    def again(self, film: Tensor, classifier: Classifier | None = None) -> "Trace":
        """A recorded pass of its own: of another film of the same shape, or by another network of the same card."""
        return _recorded(classifier or self.classifier, self.series, film.detach().requires_grad_())

    def on_cpu(self) -> "Trace":
        """The same forward pass on the CPU, for when a GPU is out of memory; the GPU's network stays as it is."""
        return record(self.classifier.on_cpu(), self.series)


def record(classifier: Classifier, series: Series) -> Trace:
    """Run the network over a series once and keep what the methods need. Works inside `torch.no_grad` and inference mode too.

    Memory grows with the number of images. A network that reads each image by itself is best given one image at a time."""
    with torch.inference_mode(False), torch.enable_grad():
        return _recorded(classifier, classifier.held(series))  # every layer's extent asks for the field, which is found once


def _recorded(classifier: Classifier, series: Series, film: Tensor | None = None) -> Trace:
    started = time.perf_counter()
    film = classifier.prepare(series).requires_grad_() if film is None else film
    # A network may normalise its input in place, which a leaf does not allow.
    recorded = tape(classifier.network, film.clone())
    logits = recorded.values[recorded.output].detach()
    return Trace(classifier, series, recorded, film, logits, time.perf_counter() - started)


def gradients(output: Tensor, targets: Sequence[int], wrt: Tensor, batched: bool) -> Tensor:
    """∂ output[:, target] / ∂ ``wrt`` for each target, (targets, \\*wrt.shape), by one backward pass for all or one each."""
    if not batched:
        each = [torch.autograd.grad(output[:, target].sum(), wrt, retain_graph=True)[0] for target in targets]
        return torch.stack(each)
    seeds = torch.zeros((len(targets), *output.shape), device=output.device, dtype=output.dtype)
    for row, target in enumerate(targets):
        seeds[row, :, target] = 1.0
    (batch,) = torch.autograd.grad(output, wrt, seeds, retain_graph=True, is_grads_batched=True)
    return batch
