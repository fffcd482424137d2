"""Names of things for reading: findings, planes, kinds of layers, states. Knows the catalogue's function only."""

from collections.abc import Callable

from app.stacks import Side

Translate = Callable[..., str]

NOTABLE = 0.01
"""From this share on it is said that a map lies in padding."""


def label(finding: str, _: Translate) -> str:
    """A finding's name for reading."""
    return _(finding.replace("_", " "))


def spacing(kind: str, _: Translate) -> str:
    """What an image's pixel spacing is worth, by `app.domain.Image.spacing_kind`."""
    if kind == "calibrated":
        return _("pixel spacing calibrated")
    if kind == "at detector, uncalibrated":
        return _("pixel spacing at detector, uncalibrated")
    return _("pixel spacing unknown")


def caution(kind: str, spacing: tuple[float, float] | None, _: Translate) -> str:
    """What stands behind a length in mm that is not calibrated; "" where it is, or where lengths are in pixels."""
    if spacing is None or kind == "calibrated":
        return ""
    return _("at detector, uncalibrated") if kind == "at detector, uncalibrated" else _("pixel spacing unknown")


def plane(name: str, _: Translate) -> str:
    """A plane by `app.domain.Plane`."""
    names = {"sagittal": _("sagittal"), "coronal": _("coronal"), "axial": _("axial"), "oblique": _("oblique")}
    return names.get(name) or _("plane unknown")


def slices(count: int, _: Translate) -> str:
    """How many slices."""
    return _("%(n)s slice", n=count) if count == 1 else _("%(n)s slices", n=count)


def side(name: Side, _: Translate) -> str:
    """From which side a stack is gone through."""
    return {
        "right": _("right to left"),
        "left": _("left to right"),
        "front": _("front to back"),
        "back": _("back to front"),
        "feet": _("feet to head"),
        "head": _("head to feet"),
    }[name]


def kind(name: str, _: Translate) -> str:
    """What a layer shows, by `app.domain.LayerKind`."""
    names = {
        "relevance": _("relevance"),
        "attention": _("attention"),
        "probability": _("probability"),
        "labels": _("labels"),
        "outline": _("outline"),
        "image": _("image"),
        "change": _("change"),
    }
    return names[name]


def titled(text: str) -> str:
    """A name as it begins a title."""
    return text[:1].upper() + text[1:]


def lying(orientation: tuple[str, str, str, str], _: Translate) -> str:
    """The plane that an image lies in, by the letters of its edges (left, top, right, bottom); "" when they are unknown."""
    across, down = (
        {"R": "x", "L": "x", "A": "y", "P": "y", "H": "z", "F": "z"}.get(letters[:1], "") for letters in orientation[:2]
    )
    names = {"xz": _("coronal"), "yz": _("sagittal"), "xy": _("axial")}
    return names.get("".join(sorted(across + down)), "")


def note_text(note: str, _: Translate) -> str:
    """What else is to be known of a map; of "words: 37 %" the words are translated."""
    said, colon, figure = note.rpartition(": ")
    return f"{_(said)}: {figure}" if colon and figure.endswith("%") else _(note)


def state_text(state: str, _: Translate) -> str:
    """A map's state in words; of "not defined: reason" both parts are translated."""
    if state == "ok":
        return ""
    kind, colon, reason = state.partition(": ")
    return f"{_(kind)}: {_(reason)}" if colon else _(state)


def padding_text(share: float | None, _: Translate) -> tuple[str, ...]:
    """How much of a map lies in padding outside the image, in a sentence; none where that is not worth one."""
    if share is None or share < NOTABLE:
        return ()
    return (
        _("%(percent)s of this map lies outside the image, in the padding that makes it a square.", percent=f"{share:.0%}"),
    )
