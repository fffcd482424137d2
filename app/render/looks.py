"""How a layer is to be drawn: what a reader sets, and what is known of a layer beside its values.

Knows the domain's layers; draws nothing. The viewer's counterpart is static/js/looks.js.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from app.domain import Layer, frozen
from app.render.colours import ends
from app.render.evening import evened

Ends = tuple[float, float]
Edge = Literal["soft", "hard", "lines"]
"""How a map begins above the threshold: its colours come up slowly, or at once, or only lines are drawn."""
EDGES: tuple[Edge, ...] = ("soft", "hard", "lines")
FULL = 0.4
"""From this probability on a map of relevance is drawn at full strength; below, in proportion to it. Chosen on phantoms and
validation patients: docs/reference/drawing.md."""
Translate = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Look:
    """How layers are drawn: ``opacity`` and ``threshold`` as shares, colour maps by their names, ``smooth`` between the cells;
    ``alone``: without the image under them. ``line`` is the width of a line, in pixels of the grid. ``influence``: the colour
    map of maps of influence, "" for that of the other signed ones. ``edge``: how colours begin above the threshold;
    ``fading``: what is improbable is drawn faintly; ``fixed``: colours end where the network's card says, else, with
    ``robust``, at the map's 99.5th percentile, or at its extreme; ``evened``: maps of single pixels are smoothed."""

    opacity: float = 0.55
    threshold: float = 0.25
    unsigned: str = "viridis"
    signed: str = "coolwarm"
    smooth: bool = True
    alone: bool = False
    line: int = 2
    influence: str = ""
    edge: Edge = "soft"
    fading: bool = True
    fixed: bool = True
    robust: bool = True
    evened: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a map beside its values. ``high`` and ``evened``: where its colours end by the network's card, raw and
    smoothed, None where that does not say; ``source``: of which cases that is, "validation" or "phantoms". ``probability``:
    the network's own for the finding, None where there is none. ``sigma``: of the Gaussian that smooths at the network's
    stride, in the map's cells, 0 where that is not offered, and ``pixels`` the same in pixels of the network's input.
    ``words``: what the upper and the lower end of the colours mean; ``influence``: they are no evidence for and against.
    ``banner``: what the network's card warns of, on every picture that has letters."""

    high: float | None = None
    evened: float | None = None
    source: str = ""
    probability: float | None = None
    sigma: float = 0.0
    pixels: float = 0.0
    words: tuple[str, str] = ("", "")
    influence: bool = False
    banner: str = ""

    @property
    def strength(self) -> float:
        """The share of its opacity that a map is drawn with where fading is on."""
        return 1.0 if self.probability is None else min(1.0, self.probability / FULL)


NOTHING = Known()


def smoothed(known: Known, look: Look) -> bool:
    """Whether a map is drawn smoothed at the network's stride."""
    return look.evened and known.sigma > 0


def as_drawn(layer: Layer, known: Known, look: Look) -> Layer:
    """The layer with the values that are drawn."""
    return replace(layer, values=frozen(evened(layer.values, known.sigma))) if smoothed(known, look) else layer


def fixed(layer: Layer, known: Known, look: Look) -> Ends | None:
    """The ends of the colours by the network's card; None where it does not say, or the reader wants the map's own."""
    high = known.evened if smoothed(known, look) else known.high
    if not look.fixed or high is None:
        return None
    return (-high if layer.signed else 0.0, high)


def ends_of(layer: Layer, known: Known, look: Look) -> Ends:
    """The ends of the colours of a layer as it is drawn: see `as_drawn`."""
    return fixed(layer, known, look) or ends(layer)


def plain(text: str, **values: Any) -> str:
    """English."""
    return text % values if values else text


def told(layer: Layer, known: Known, look: Look, _: Translate = plain, *, shared: bool = False) -> tuple[str, ...]:
    """What is to be said of how a map is drawn: its range, its fading, its smoothing; nothing of other kinds of layers."""
    if layer.kind != "relevance":
        return ()
    weak = "" if shared else _weak(layer, known, look, _)
    return tuple(filter(None, (weak, _range(layer, known, look, _, shared), _faded(known, look, _), _evened(known, look, _))))


def _weak(layer: Layer, known: Known, look: Look, _: Translate) -> str:
    """A map that stays below the threshold all over, so that nobody takes a plain film for one without evidence."""
    found = fixed(layer, known, look)
    values = as_drawn(layer, known, look).values
    strongest = float(np.abs(values).max(initial=0.0) if layer.signed else values.max(initial=0.0))
    if found is None or strongest <= 0 or strongest >= look.threshold * found[1]:
        return ""
    return _("too weak to be seen in this range: at most %(share)s %% of its end", share=f"{100 * strongest / found[1]:.0f}")


def _range(layer: Layer, known: Known, look: Look, _: Translate, shared: bool) -> str:
    if shared:
        return _("one range for all maps")
    if fixed(layer, known, look):
        return _("fixed range: validation films") if known.source == "validation" else _("fixed range: phantoms")
    return _("range of this map") if look.robust else _("full range of this map")


def _faded(known: Known, look: Look, _: Translate) -> str:
    if known.probability is None or (look.fading and known.strength == 1):
        return ""
    if not look.fading:
        return _("not faded")
    shown = {"share": f"{100 * known.strength:.0f}", "probability": f"{100 * known.probability:.1f}"}
    return _("faded to %(share)s %%: probability %(probability)s %%", **shown)


def _evened(known: Known, look: Look, _: Translate) -> str:
    if not known.sigma:
        return ""
    return _("smoothed at %(pixels)s px", pixels=f"{known.pixels:g}") if look.evened else _("pixels as they are")
