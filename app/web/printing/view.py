"""How a case is seen: the part of a link's view that a picture made by the server can follow.

The same text as in the page's links (static/js/permalink.js): ``1.`` and base64url of JSON. Whatever stands in an address was
typed, cut or made up by somebody, so every value is looked at; what makes no sense stays as a case opens.

A film has one view and one window. Of an exam, zoom, place and turns belong to a plane, the window to a series; what the link
says of neither is the film's.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast, get_args

from app.domain import Window
from app.render import EDGES, Edge

VERSION = 1
LONGEST = 16384
Turn = tuple[int, int, int, int]
UPRIGHT: Turn = (1, 0, 0, 1)
TURNS = frozenset(
    [UPRIGHT, (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, -1, 0), (0, -1, -1, 0)]
)
"""Image axes to screen axes, row by row: four rotations, each with and without a flip."""
ZOOM = (0.25, 32.0)
UNSIGNED = ("viridis", "cividis", "magma")
SIGNED = ("coolwarm", "berlin")
INFLUENCE = ("", "puor")
NEWER = "This link was made by a newer version of Whylight and cannot be read here. The case is shown as it opens."
BROKEN = "This link is damaged or cut off. The case is shown as it opens."
PARTLY = "A part of this link makes no sense and was left out."
"""Message ids; the case page says the same (app/web/wording.py)."""
MOST_PANES = 12
"""A layout has three rows and four columns at most."""
MOST_NAMED = 512
"""Of how many planes, series and stacks a link may say something."""
T = TypeVar("T")
BOX = (480, 480)
"""A pane's size where the address does not say: a square."""


@dataclass(frozen=True, slots=True)
class View:
    """How images and layers are shown. ``window`` None is what an image opens with; ``zoom`` 1 fits the pane; (``x``, ``y``) is
    the point in the pane's middle, as a share of columns and rows. ``alone``: a layer stands without the image under it;
    ``interpolated``: pixels of the image are smoothed; ``influence``, ``edge``, ``fixed``, ``fading``, ``evened`` as in
    `app.render.Look`. ``box`` is a pane's width and height, ``large`` the name of an enlarged pane or "", ``layers`` what lies
    in each pane, "layer" or "plane|layer", empty where it is as a case opens; ``run`` is the run that entries without a plane
    are about. ``views`` and ``windows`` are those of planes and of series, ``slices`` the places in the stored stack, from 0,
    at which runs stand, all by their names; ``most``: a layer's largest value over all slices is shown over the slice.
    ``apart``: some panes go their own way, which paper does not follow; ``visits``: some show another study, which is not
    printed."""

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5
    turn: Turn = UPRIGHT
    window: Window | None = None
    invert: bool = False
    interpolated: bool = True
    overlays: bool = True
    alone: bool = False
    opacity: float = 0.55
    threshold: float = 0.25
    unsigned: str = "viridis"
    signed: str = "coolwarm"
    influence: str = ""
    smooth: bool = True
    shared: bool = False
    robust: bool = True
    fixed: bool = True
    fading: bool = True
    evened: bool = True
    edge: Edge = "soft"
    box: tuple[int, int] = BOX
    large: str = ""
    layers: tuple[str, ...] = ()
    run: str = ""
    views: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    windows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    slices: Mapping[str, int] = field(default_factory=dict, hash=False)
    most: bool = False
    apart: bool = False
    visits: bool = False
    version: str = ""

    def of(self, plane: str, *series: str) -> "View":
        """As a pane of a plane sees it: with the plane's zoom, place and turn, and the window of the series, which may have
        several names."""
        window = next((self.windows[name] for name in series if name in self.windows), {})
        changed: dict[str, Any] = {**self.views.get(plane, {}), **window}
        return replace(self, **changed)


def read(text: str) -> tuple[View, str]:
    """The view in an address, and a message id for people: "" where everything in it was understood."""
    if not text:
        return View(), ""
    number, _, packed = text.partition(".")
    if number.isascii() and number.isdigit() and len(number) < 5 and int(number) > VERSION:
        return (
            View(),
            NEWER,
        )
    try:
        if number != str(VERSION) or len(text) > LONGEST:
            raise ValueError
        told = json.loads(base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True))
        if not isinstance(told, dict):
            raise ValueError
    except (ValueError, binascii.Error, RecursionError):
        return View(), BROKEN
    found, odd = _fields(told)
    return View(**found), PARTLY if odd else ""


def _fields(told: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The fields that make sense, and whether others were there."""
    names = ("display", "panes", "at", "slices")
    parts = {name: told.get(name, {}) for name in names}
    odd = any(not isinstance(part, dict) for part in parts.values())
    display, panes, at, slices = (part if isinstance(part, dict) else {} for part in parts.values())
    found: dict[str, Any] = {}
    for name, value in display.items():
        good = _shown(name, value)
        odd = odd or good is None
        found |= good or {}
    found |= _panes(panes)
    found["apart"] = bool(display.get("own"))
    stands, sense = _slices(slices)
    found |= stands
    odd = odd or not sense
    if isinstance(at.get("version"), str):
        found["version"] = at["version"]
    return found, odd


def _panes(panes: dict[str, Any]) -> dict[str, Any]:
    """How large panes are, which one is enlarged, and what lies in each."""
    layers = _layers(panes.get("layout"))
    visits = any(entry.startswith("@") and "." in entry.partition("|")[0] for entry in layers)
    found: dict[str, Any] = {"layers": layers, "visits": visits}
    box = panes.get("box")
    if isinstance(box, list) and len(box) == 2 and all(_number(side) and 1 <= side <= 20_000 for side in box):
        wide, high = box
        found["box"] = (int(wide), int(min(max(high, wide / 3), wide * 3)))
    large = panes.get("large")
    if isinstance(large, str) and large.startswith("pane-"):
        found["large"] = large.removeprefix("pane-")
    return found


def _slices(told: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Where runs stand, which one a grid is about, and whether the largest values over all slices are shown; and whether all of
    it makes sense."""
    at, run, most = told.get("at", {}), told.get("stack", ""), told.get("most", False)
    places = _named(at, _place)
    found = {"slices": places or {}, "run": run if isinstance(run, str) else "", "most": most is True}
    sense = places is not None and len(places) == len(at) and isinstance(run, str) and isinstance(most, bool)
    return found, sense


def _layers(layout: Any) -> tuple[str, ...]:
    """What lies in each pane of a layout: methods by their names, "film" for the plain image, a plane's with the plane in front
    ("sagittal|rap"); layers that are neither are not printed."""
    ids = layout.get("layers") if isinstance(layout, dict) else None
    if not isinstance(ids, list):
        return ()
    parts = [one.rpartition("|") for one in ids[:MOST_PANES] if isinstance(one, str)]
    named = [plane + bar + layer.removeprefix("map:") for plane, bar, layer in parts if layer.removeprefix("map:")]
    return tuple(dict.fromkeys(named))


def _shown(name: str, value: Any) -> dict[str, Any] | None:
    """One field of the display; None where it makes no sense, {} where it is of no concern here."""
    if name == "view":
        return _view(value)
    if name == "views":
        views = _named(value, _view)
        return None if views is None or len(views) < len(value) else {"views": views}
    if name == "windows":
        windows = _named(value, _of_series)
        return None if windows is None or len(windows) < len(value) else {"windows": windows}
    return _one(name, value)


def _named(value: Any, read: Callable[[Any], T | None]) -> dict[str, T] | None:
    """What is told by name, as far as it makes sense; None where nothing is told by name."""
    if not isinstance(value, dict) or len(value) > MOST_NAMED:
        return None
    found = {name: read(one) for name, one in value.items()}
    return {name: one for name, one in found.items() if one is not None}


def _of_series(value: Any) -> dict[str, Any] | None:
    """A series' window and whether it is inverted."""
    if not isinstance(value, dict):
        return None
    told = [_one(name, value[name]) for name in ("window", "invert") if name in value]
    return None if None in told else {name: one for part in told if part for name, one in part.items()}


def _place(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100_000 else None


def _one(name: str, value: Any) -> dict[str, Any] | None:
    """One field of the display; None where it makes no sense, {} where it is of no concern here."""
    if name == "window":
        window = _window(value)
        return None if window is None and value is not None else {"window": window}
    if name in {"opacity", "threshold"}:
        return {name: float(value)} if _number(value) and 0 <= value <= 1 else None
    if name in {"invert", "interpolated", "overlays", "alone", "smooth", "shared", "robust", "fixed", "fading", "evened"}:
        return {name: value} if isinstance(value, bool) else None
    for kind, known in (("unsigned", UNSIGNED), ("signed", SIGNED), ("influence", INFLUENCE), ("edge", EDGES)):
        if name == kind:
            return {name: value} if value in known else None
    return {}


def _view(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not all(_number(value.get(name)) for name in ("zoom", "x", "y")):
        return None
    turn = value.get("turn")
    if not isinstance(turn, list) or not all(_number(part) for part in turn) or tuple(turn) not in TURNS:
        return None
    return {
        "zoom": min(max(float(value["zoom"]), ZOOM[0]), ZOOM[1]),
        "x": min(max(float(value["x"]), 0.0), 1.0),
        "y": min(max(float(value["y"]), 0.0), 1.0),
        "turn": tuple(int(part) for part in turn),
    }


def _window(value: Any) -> Window | None:
    if not isinstance(value, dict) or not (_number(value.get("centre")) and _number(value.get("width"))):
        return None
    if value["width"] <= 0 or value.get("shape") not in get_args(Window.__annotations__["function"]):
        return None
    return Window(float(value["centre"]), float(value["width"]), cast(Any, value["shape"]))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
