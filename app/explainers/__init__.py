"""The explainers: one file in `methods/` per method; the file's name is the method's name. Every method has the variants of
`app.explainers.variants` besides, named behind a point.

This module knows the methods by their files and reads what they say of themselves without importing them, so that pages can
list the methods without torch.
"""

import ast
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from app.errors import NotFound
from app.explainers.variants import VARIANTS, parted

if TYPE_CHECKING:
    from app.classifiers.card import Card
    from app.classifiers.classifier import Classifier
    from app.domain import LayerKind, Series
    from app.explainers.base import Explainer
    from app.explainers.trace import Trace

METHODS = Path(__file__).parent / "methods"
CONSTANTS = ("TITLE", "SIGNED", "SUMMARY", "PAPER", "PANEL", "ALONE", "CAUTION", "ENDS", "ONLY", "PRIOR", "KIND")
EVIDENCE, STRENGTH, INFLUENCE = ("for", "against"), ("strong", "none"), ("important", "unimportant")
CONTRAST = ("more", "less")
"""What the upper and the lower end of a map's colours mean: of maps with two sides, of those with one, of those of influence.
A method that says nothing has the first or the second; any other says ``ENDS``."""


@dataclass(frozen=True, slots=True)
class Method:
    """What a method says of itself. ``signed``: its picture has two sides; where it is False, the picture shows the positive
    part, though negative values may be kept. ``panel`` is its place in the default panel, from 1; 0: only when asked for.
    ``caution``: a sentence its pane shows always, for a method that evaluation found wanting; "" for the others. ``layers``: it
    goes through the network layer by layer, and can show every stage. ``ends``: what the upper and the lower end of its colours
    mean, in a word each. ``parameters``: those it has, as they ship. ``alone``: the method that
    takes its place in the panel of a network with one finding, for one that compares findings. ``only``: the architectures
    that it is defined for; () for those that ask for no certain one. ``of``: the title of the method that it is a variant of,
    to be put into its own title; "" for a method. ``prior``: it weighs the finding's mask, which a reader should be able to
    look at alone. ``kind``: what its maps are; a network's own attention is no relevance, and has no variants."""

    name: str
    title: str
    signed: bool
    summary: str
    paper: str
    panel: int
    caution: str = ""
    layers: bool = False
    ends: tuple[str, str] = EVIDENCE
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    alone: str = ""
    only: tuple[str, ...] = ()
    of: str = ""
    prior: bool = False
    kind: "LayerKind" = "relevance"

    def titled(self, _: Callable[..., str]) -> str:
        """The title for reading; ``_`` translates."""
        return _(self.title, method=_(self.of)) if self.of else _(self.title)

    @property
    def influence(self) -> bool:
        """Whether its two sides are no evidence for and against, so that colours of their own keep them apart."""
        return self.ends in (INFLUENCE, CONTRAST)


READING = Lock()
"""Held while methods are read: two threads in `ast.parse` at once may end in a SystemError of Python 3.11, which counts the
depth of both in one place."""


@cache
def _methods() -> dict[str, Method]:
    with READING:
        found = [_describe(path) for path in METHODS.glob("*.py") if not path.stem.startswith("_")]
    return {method.name: method for method in sorted(found, key=lambda m: (m.panel == 0, m.panel, m.name))}


def _describe(path: Path) -> Method:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in CONSTANTS
    }
    return Method(
        name=path.stem,
        title=constants["TITLE"],
        signed=constants["SIGNED"],
        summary=constants["SUMMARY"],
        paper=constants["PAPER"],
        panel=constants.get("PANEL", 0),
        caution=constants.get("CAUTION", ""),
        layers=any(isinstance(node, ast.FunctionDef) and node.name == "layers" for node in ast.walk(tree)),
        ends=constants.get("ENDS", EVIDENCE if constants["SIGNED"] else STRENGTH),
        parameters=_parameters(tree),
        alone=constants.get("ALONE", ""),
        only=_listed(constants.get("ONLY", ())),
        prior=constants.get("PRIOR", False),
        kind=constants.get("KIND", "relevance"),
    )


def _listed(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """Several names, or one by itself."""
    return (names,) if isinstance(names, str) else names


def _parameters(tree: ast.Module) -> dict[str, Any]:
    """The fields of a method's dataclass with what they are by default, a plain value each; those of the class itself are
    none."""
    fields = (node for kind in tree.body if isinstance(kind, ast.ClassDef) for node in kind.body)
    return {
        node.target.id: ast.literal_eval(node.value)
        for node in fields
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.value is not None
        and "ClassVar" not in ast.unparse(node.annotation)
    }


def names(card: "Card | None" = None) -> tuple[str, ...]:
    """Every method, those of the default panel first and in its order; with a card, without those that are for networks of
    other architectures alone."""
    return tuple(name for name, one in _methods().items() if card is None or not one.only or card.architecture in one.only)


def panel(card: "Card | None" = None) -> tuple[str, ...]:
    """The methods that are computed without being asked for, in the order of the panes: those that a network's card opens with;
    where it names none, or without a card, the default panel. NotFound for a method that a card names and there is not."""
    alone = card is not None and all(len(one.findings) == 1 for one in card.members or (card,))
    if card is not None and card.opens_with:
        return tuple(dict.fromkeys(describe(method).name for method in card.opens_with))
    return tuple((alone and method.alone) or method.name for method in _methods().values() if method.panel)


def variants(method: str, card: "Card | None" = None) -> tuple[str, ...]:
    """The names of what can be asked of a method's map besides, of a network where one is named: over members only where it has
    some."""
    if describe(method).kind != "relevance":
        return ()
    there = (name for name, variant in VARIANTS.items() if variant.over != "members" or card is None or card.several)
    return tuple(f"{method}.{variant}" for variant in there)


def known(name: str) -> bool:
    """Whether a name is a method's, or a variant's of a method."""
    method, variant = parted(name)
    if name == method:
        return method in _methods()
    return method in _methods() and variant in VARIANTS and _methods()[method].kind == "relevance"


def describe(name: str) -> Method:
    """What a method, or a variant of a method, says of itself; NotFound with the names of the methods there are."""
    if not known(name):
        raise NotFound(
            "There is no method called “%(name)s”. There are: %(known)s.", {"name": name, "known": ", ".join(names())}
        )
    method, variant = parted(name)
    found = _methods()[method]
    if not variant:
        return found
    told = VARIANTS[variant]
    return Method(
        name=name,
        title=told.title,
        signed=found.signed and not told.spread,
        summary=told.summary,
        paper=found.paper,
        panel=0,
        caution=told.caution or found.caution,
        ends=STRENGTH if told.spread else found.ends,
        of=found.title,
    )


def load(name: str) -> "Explainer":
    """The method, ready to explain; NotFound with the names there are. Imports torch."""
    from app.explainers.base import Explainer  # noqa: PLC0415 - pages list methods without loading torch

    describe(name)
    method, variant = parted(name)
    module = importlib.import_module(f"{__name__}.methods.{method}")
    (found,) = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Explainer) and item.__module__ == module.__name__
    ]
    if not variant:
        return found()
    from app.explainers.varied import varied  # noqa: PLC0415 - as above

    return varied(found(), variant)


def record(classifier: "Classifier", series: "Series") -> "Trace":
    """One recorded forward pass over a series, for every method and every finding. Imports torch."""
    from app.explainers import trace  # noqa: PLC0415 - as above

    return trace.record(classifier, series)
