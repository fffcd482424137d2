"""The case page's words: every sentence its scripts may show, in the reader's language. Knows the catalogue's function only."""

from collections.abc import Callable

from app.web import drawers

Translate = Callable[..., str]


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


def plane(orientation: tuple[str, str, str, str], _: Translate) -> str:
    """The plane that an image lies in, by the letters of its edges (left, top, right, bottom); "" when they are unknown."""
    across, down = (
        {"R": "x", "L": "x", "A": "y", "P": "y", "H": "z", "F": "z"}.get(letters[:1], "") for letters in orientation[:2]
    )
    names = {"xz": _("coronal"), "yz": _("sagittal"), "xy": _("axial")}
    return names.get("".join(sorted(across + down)), "")


def state_text(state: str, _: Translate) -> str:
    """A map's state in words; of "not defined: reason" both parts are translated."""
    if state == "ok":
        return ""
    kind, colon, reason = state.partition(": ")
    return f"{_(kind)}: {_(reason)}" if colon else _(state)


def strings(_: Translate) -> dict[str, str]:
    """The sentences by the key under which the scripts know them; ``{0}`` and ``{1}`` are put in there."""
    return verdicts(_) | reasons(_) | panes(_) | saving(_) | windows(_) | announcements(_) | drawers.words(_)


def verdicts(_: Translate) -> dict[str, str]:
    """The five verdicts: in full, and short for a pane's buttons."""
    return {
        "verdict.right": _("Right region"),
        "verdict.partly": _("Partly right"),
        "verdict.wrong": _("Wrong region"),
        "verdict.artefact": _("Artefact"),
        "verdict.uninformative": _("Uninformative"),
        "short.right": _("Right"),
        "short.partly": _("Partly"),
        "short.wrong": _("Wrong"),
        "short.artefact": _("Artefact"),
        "short.uninformative": _("Uninformative"),
    }


def reasons(_: Translate) -> dict[str, str]:
    """Why a map is called wrong."""
    return {
        "reason.": _("not said"),
        "reason.support device": _("support device"),
        "reason.text marker": _("text marker"),
        "reason.outside the body": _("outside the body"),
        "reason.other anatomy": _("other anatomy"),
        "reason.image border": _("image border"),
        "reason.noise": _("noise"),
        "reason.other": _("other"),
    }


def panes(_: Translate) -> dict[str, str]:
    """What a pane says about itself."""
    return {
        "film": _("Film"),
        "state.loading": _("loading"),
        "state.preview": _("preview"),
        "state.full": _("full"),
        "state.reduced": _("reduced to {0} × {1}: the graphics card takes no more"),
        "state.failed": _("not loaded"),
        "pane.waiting": _("being computed"),
        "pane.none": _("not computed"),
        "pane.label": _("{0}, {1}"),
        "pane.beyond": _("colours end at the 99.5th percentile"),
        "bar.label": _(
            "Left and right: range of the colours, {2} to {3} ({4}). Grey: raw range of the map, {0} to {1}, without a unit"
        ),
        "bar.conservation": _("Conservation error {0}: the share of the relevance that was lost on its way to the pixels"),
        "bar.robust": _("99.5th percentile"),
        "bar.full": _("full range"),
        "bar.power": _("all {0}"),
        "bar.against": _("mostly evidence against"),
        "bar.against.why": _("The map’s values below zero weigh more than those above: most of it speaks against the finding."),
        "bar.unlikely": _("finding unlikely"),
        "bar.unlikely.why": _("The network gives this finding {0}. The map shows what little speaks for it."),
        "film.window": _("C {0}  W {1}"),
        "film.lut": _("VOI LUT"),
        "film.scale": _("{0} %"),
        "slice": _("Image {0} of {1}"),
        "slice.series": _("Image {0} of {1} · Series {2} of {3}"),
        "webgl.missing": _(
            "This browser cannot draw with WebGL2. The films and maps below are fixed pictures made by the server."
        ),
        "webgl.lost": _("The graphics card dropped the pictures. They are being drawn again."),
        "load.failed": _("Something did not arrive from the server."),
        "maximise": _("Enlarge"),
        "restore": _("Back to the grid"),
    }


def saving(_: Translate) -> dict[str, str]:
    """What the verdict panel says."""
    return {
        "judge.title": _("{0} × {1}"),
        "judge.choose": _("Choose a map to judge it."),
        "judge.none": _("No verdict yet."),
        "judge.older": _("Judged before with another version of this network: {0}."),
        "save.saving": _("saving …"),
        "save.now": _("saved just now"),
        "save.seconds": _("saved {0} s ago"),
        "save.minutes": _("saved {0} min ago"),
        "save.retrying": _("not saved – retrying"),
        "save.refused": _("not saved: {0}"),
        "region.any": _("True region"),
        "region.title": _("True region of {0}"),
        "region.none": _("none drawn"),
        "region.size": _("{0} × {1} pixels"),
        "region.unsaved": _("Drawn, not stored yet: it is stored with a verdict."),
        "region.drawing": _("Drag a rectangle around the true region. Esc stops."),
        "undone.verdict": _("Verdict taken back."),
        "undone.region": _("Region as it was before."),
        "undone.nothing": _("There is nothing to take back."),
    }


def windows(_: Translate) -> dict[str, str]:
    """The window presets that are not the header's."""
    return {
        "window.lut": _("VOI LUT of the film"),
        "window.header": _("Window of the film"),
        "window.auto": _("Middle 99 % of the values"),
        "window.range": _("Whole range of the values"),
        "window.own": _("Own window"),
        "map.viridis": _("viridis"),
        "map.cividis": _("cividis"),
        "map.magma": _("magma"),
        "map.coolwarm": _("coolwarm"),
        "map.berlin": _("berlin"),
    }


def announcements(_: Translate) -> dict[str, str]:
    """What is said aloud to readers who do not see the page change."""
    return {
        "say.finding": _("Maps for {0}"),
        "say.arrived": _("The maps for {0} are there."),
        "say.saved": _("{0}: {1}, saved."),
        "say.window": _("Window {0}"),
        "overlays.on": _("On"),
        "overlays.off": _("Off"),
        "say.overlays.on": _("Overlays on"),
        "say.overlays.off": _("Overlays off"),
    }
