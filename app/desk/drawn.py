"""What is known of a map beside its values, so that it is drawn alike everywhere: by its method, its network's card and answer.

Knows methods, cards, answers and the renderer's words for them; no torch.
"""

from typing import Protocol

from app import explainers
from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.domain import Answer, LayerKind, Plane, Producer
from app.errors import NotFound
from app.render import Known
from app.store import AnswerRow, LayerRow, Transaction

SPREAD = 0.5
"""Standard deviation of the smoothing, in strides of the network. Chosen on phantoms: docs/reference/drawing.md."""
FINE = 0.55
"""A map whose cells are smaller than this, in strides of the network, holds the lattice of the strides behind it: maps of
single pixels, and a stage twice as fine as the last (an odd number of pixels makes its cells a little larger than half)."""

ENDS = {"attention": ("strong", "none"), "probability": ("likely", "unlikely"), "change": ("brighter", "darker")}
"""What the upper and the lower end of the colours of other kinds mean; classes and pictures have none."""


class Headed(Protocol):
    """What is said of a layer, as `app.domain.Layer` and `app.store.LayerRow` have it."""

    @property
    def kind(self) -> LayerKind:
        """What it is."""

    @property
    def signed(self) -> bool:
        """Whether it has two sides of zero."""

    @property
    def producer(self) -> Producer:
        """Who made it."""

    @property
    def finding(self) -> str:
        """What it is about."""

    @property
    def model_sha256(self) -> str:
        """The version of the network that it comes from or explains."""


def known(layer: Headed, width: int, card: Card | None, answer: Answer | None, plane: Plane = "") -> Known:
    """What is known of a layer ``width`` cells wide, of a stack that was read as ``plane``. A card or an answer of another
    version of the network says nothing of it."""
    if layer.kind != "relevance":
        method = described(layer)
        if method is None:
            return Known(words=ENDS.get(layer.kind, ("", "")))
        return Known(words=method.ends, banner=card.banner if card is not None else "")
    mine = card if card is not None and card.sha256 == layer.model_sha256 else None
    score = answer.score(layer.finding) if answer is not None and answer.model_sha256 == layer.model_sha256 else None
    probability = score.probability if score else None
    method = described(layer)
    if method is None:
        words = explainers.EVIDENCE if layer.signed else explainers.STRENGTH
        return Known(probability=probability, words=words)
    usual = dict(layer.producer.parameters) == dict(method.parameters)
    found = mine.range_of(method.name, layer.finding, plane) if mine and usual else None
    fine = mine is not None and mine.input_size / width < FINE * mine.stride
    # A range from when such maps were not smoothed yet has no end for a smoothed one: it holds for the map as it is.
    pixels = SPREAD * mine.stride if mine and fine and (found is None or found.evened is not None) else 0.0
    return Known(
        banner=card.banner if card is not None else "",
        high=found.high if found else None,
        evened=found.evened if found else None,
        source=found.source if found else "",
        probability=probability,
        sigma=pixels * width / mine.input_size if mine else 0.0,
        pixels=pixels,
        words=method.ends,
        influence=method.influence,
    )


def described(layer: Headed) -> explainers.Method | None:
    """The method of ours that made a layer; None for other producers."""
    if layer.producer.kind != "method" or not explainers.known(layer.producer.name):
        return None
    return explainers.describe(layer.producer.name)


def stored(tx: Transaction, registry: Registry, row: LayerRow) -> Known:
    """What is known of a stored layer."""
    try:
        card = registry.remembered(row.model)
    except NotFound:
        card = None
    said = next((one for one in tx.answers.of_stack(row.stack_id) if one.answer.model_sha256 == row.model_sha256), None)
    return known(row, row.width, card, said.answer if said else None, plane(said, row.stack_id))


def plane(said: AnswerRow | None, stack_id: str) -> Plane:
    """As what a stack was read; "" where it was not, or is a film."""
    pairs = zip(said.stacks, said.answer.parts, strict=True) if said else ()
    return next((part.plane for stack, part in pairs if stack == stack_id), "")
