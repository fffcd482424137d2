"""How a case is seen: the part of a link's view that a picture made by the server can follow.

The same text as in the page's links (static/js/permalink.js): ``1.`` and base64url of JSON. Whatever stands in an address was
typed, cut or made up by somebody, so every value is looked at; what makes no sense stays as a case opens.
"""

import base64
import binascii
import json
import math
from dataclasses import dataclass
from typing import Any, cast, get_args

from app.domain import Window

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
NEWER = "This link was made by a newer version of Whylight and cannot be read here. The case is shown as it opens."
BROKEN = "This link is damaged or cut off. The case is shown as it opens."
PARTLY = "A part of this link makes no sense and was left out."
"""Message ids; the case page says the same (app/web/wording.py)."""
MOST_PANES = 12
"""A layout has three rows and four columns at most."""
BOX = (480, 480)
"""A pane's size where the address does not say: a square."""


@dataclass(frozen=True, slots=True)
class View:
    """How films and maps are shown. ``window`` None is what the film opens with; ``zoom`` 1 fits the pane; (``x``, ``y``) is
    the point in the pane's middle, as a share of columns and rows. ``box`` is a pane's width and height, ``large`` the layer
    of an enlarged pane or "", ``layers`` what lies in each pane, empty where it is as a case opens. ``apart``: some panes go
    their own way, which paper does not follow."""

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5
    turn: Turn = UPRIGHT
    window: Window | None = None
    invert: bool = False
    overlays: bool = True
    opacity: float = 0.55
    threshold: float = 0.25
    unsigned: str = "viridis"
    signed: str = "coolwarm"
    smooth: bool = True
    shared: bool = False
    robust: bool = True
    box: tuple[int, int] = BOX
    large: str = ""
    layers: tuple[str, ...] = ()
    apart: bool = False
    version: str = ""


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
    parts = [told.get(name, {}) for name in ("display", "panes", "at")]
    display, panes, at = (part if isinstance(part, dict) else {} for part in parts)
    found: dict[str, Any] = {}
    odd = any(not isinstance(part, dict) for part in parts)
    for name, value in display.items():
        good = _view(value) if name == "view" else _one(name, value)
        odd = odd or good is None
        found |= good or {}
    box = panes.get("box")
    if isinstance(box, list) and len(box) == 2 and all(_number(side) and 1 <= side <= 20_000 for side in box):
        wide, high = box
        found["box"] = (int(wide), int(min(max(high, wide / 3), wide * 3)))
    found["layers"] = _layers(panes.get("layout"))
    found["apart"] = bool(display.get("own"))
    large = panes.get("large")
    if isinstance(large, str) and large.startswith("pane-"):
        found["large"] = large.removeprefix("pane-")
    if isinstance(at.get("version"), str):
        found["version"] = at["version"]
    return found, odd


def _layers(layout: Any) -> tuple[str, ...]:
    """What lies in each pane of a layout: methods by their names, "film" for the plain one; other layers are not printed."""
    ids = layout.get("layers") if isinstance(layout, dict) else None
    if not isinstance(ids, list):
        return ()
    named = [one.removeprefix("map:") for one in ids[:MOST_PANES] if isinstance(one, str)]
    return tuple(dict.fromkeys(name for name in named if name))


def _one(name: str, value: Any) -> dict[str, Any] | None:
    """One field of the display; None where it makes no sense, {} where it is of no concern here."""
    if name == "window":
        window = _window(value)
        return None if window is None and value is not None else {"window": window}
    if name in {"opacity", "threshold"}:
        return {name: float(value)} if _number(value) and 0 <= value <= 1 else None
    if name in {"invert", "overlays", "smooth", "shared", "robust"}:
        return {name: value} if isinstance(value, bool) else None
    for kind, known in (("unsigned", UNSIGNED), ("signed", SIGNED)):
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
