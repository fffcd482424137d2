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


def caution(kind: str, spacing: tuple[float, float] | None, _: Translate) -> str:
    """What stands behind a length in mm that is not calibrated; "" where it is, or where lengths are in pixels."""
    if spacing is None or kind == "calibrated":
        return ""
    return _("at detector, uncalibrated") if kind == "at detector, uncalibrated" else _("pixel spacing unknown")


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
    said = verdicts(_) | reasons(_) | panes(_) | saving(_) | windows(_) | layouts(_) | probing(_) | announcements(_)
    return said | links(_) | measures(_) | drawers.words(_)


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
        "pane.empty": _("Empty"),
        "pane.drop": _("Drag a layer here, or press one while this pane is active."),
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
        "bar.unit": _("0 to 1 as it is, never stretched"),
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
        "save.retrying": _("no connection – {0} kept in this browser, trying again"),
        "save.offline": _("offline – {0} kept in this browser until the connection is back"),
        "save.away": _("offline – what you say now is kept in this browser"),
        "save.met": _("not saved – judged elsewhere too: {0}"),
        "save.refused": _("not saved: {0}"),
        "region.any": _("True region"),
        "region.title": _("True region of {0}"),
        "region.none": _("none drawn"),
        "region.size": _("{0} × {1} pixels"),
        "region.unsaved": _("Kept in this browser: it is stored with a verdict."),
        "region.remove": _("Remove"),
        "region.remove.shape": _("Remove shape"),
        "region.drawing.rectangle": _("Drag a rectangle around the true region. Esc stops."),
        "region.drawing.ellipse": _("Drag the box that an ellipse around the true region fills. Esc stops."),
        "region.drawing.polygon": _("Click corner by corner; a double click or Enter closes. Esc stops."),
        "region.drawing.freehand": _("Draw around the true region in one stroke. Esc stops."),
        "shape.rectangle": _("rectangle"),
        "shape.ellipse": _("ellipse"),
        "shape.polygon": _("polygon"),
        "shape.freehand": _("freehand line"),
        "measure.hit": _("hit"),
        "measure.miss": _("miss"),
        "undone.verdict": _("Verdict taken back."),
        "undone.region": _("Region as it was before."),
        "undone.nothing": _("There is nothing to take back."),
        "redone.verdict": _("Verdict given again."),
        "redone.region": _("Region as it was afterwards."),
        "redone.nothing": _("There is nothing to do again."),
        "reason.ask": _("Why? A number chooses the reason, any other key goes on."),
        "met.own": _("Here: {0}"),
        "met.other": _("Elsewhere: {0}"),
        "met.none": _("no verdict"),
        "met.region": _("with a region"),
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


def layouts(_: Translate) -> dict[str, str]:
    """What the strip above the panes says."""
    return {
        "layout.size": _("{0} × {1} panes"),
        "layout.saved": _("Layout “{0}” saved."),
        "layout.refused": _("The layout was not saved: {0}"),
        "layout.removed": _("Layout “{0}” removed."),
        "layout.remove": _("Remove layout “{0}”"),
        "compare.two": _("Two panes with a layer are needed for this."),
        "compare.divider": _("Divider between {0} and {1}"),
        "say.swipe": _("Swipe between {0} and {1}"),
        "say.blink": _("Blink between {0} and {1}"),
        "say.layer": _("{0} in pane {1}"),
        "say.linked": _("{0} goes with the other panes."),
        "say.unlinked": _("{0} goes its own way."),
    }


def probing(_: Translate) -> dict[str, str]:
    """What the probe and the agreement of the methods say."""
    return {
        "probe.pin": _("Pin"),
        "probe.unpin": _("Let go"),
        "probe.point": _("{0}, {1}"),
        "probe.grey": _("Grey value"),
        "probe.stored": _("stored value"),
        "probe.from": _("Stored value {0}"),
        "probe.outside": _("outside the map"),
        "probe.none": _("no map"),
        "probe.in-words": _("{0}: {1}, percentile {2}"),
        "probe.cell": _("{0}: the raw value of the map’s own cell, column {1}, row {2}; P: the share of the map that is lower"),
        "probe.say": _("Column {0}, row {1}"),
        "probe.say.unpinned": _("The probe follows the cursor."),
        "agree.layer": _("Overlap map"),
        "agree.legend": _("How many of the {0} methods that count have this place in their top area"),
        "agree.rank": _("{0} and {1}: rank correlation {2}. 1: they rank the film’s places alike; 0: as chance would"),
        "agree.iou": _("{0} and {1}: of the places in the top {2} % of either, {3} % are in both"),
        "agree.no-order": _("{0} has no positive evidence to compare"),
        "agree.waiting": _("Compared when every map is there."),
        "agree.counted": _("Counts: {0}."),
        "agree.twins": _("Draws the same map as another and has no second vote: {0}."),
        "agree.cautious": _("Does not count, for its caution: {0}."),
        "agree.say.on": _("Overlap map on"),
        "agree.say.off": _("Overlap map off"),
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


def links(_: Translate) -> dict[str, str]:
    """What is said of a link that restores a view."""
    return {
        "link.copied": _("Link copied."),
        "link.whatif.long": _("Link copied, without the what-if, which is too long for one: keep it with the case instead."),
        "link.byhand": _("This browser does not let the page copy. The link is in the field: copy it from there."),
        "link.newer": _(
            "This link was made by a newer version of Whylight and cannot be read here. The case is shown as it opens."
        ),
        "link.broken": _("This link is damaged or cut off. The case is shown as it opens."),
        "link.partly": _("A part of this link makes no sense and was left out."),
        "link.image": _("The image that this link shows is not in this study any more."),
        "link.model": _("The network that this link shows, “{0}”, is not here or does not read this film."),
        "link.finding": _("The finding that this link shows, “{0}”, is not one that this network knows."),
        "link.version": _(
            "The network has changed since this link was made: it was version {0}, what is shown is by version {1}."
        ),
        "link.pane": _("A pane that this link shows is not on this page."),
        "link.measures": _(
            "Measures of this link that are not stored any more: {0}. They are shown dashed; changing one stores it."
        ),
    }


def measures(_: Translate) -> dict[str, str]:
    """What is said of measures on the film."""
    return {
        "measure.length": _("Length"),
        "measure.angle": _("Angle"),
        "measure.rectangle": _("Rectangle"),
        "measure.ellipse": _("Ellipse"),
        "measure.off": _("Measuring is off."),
        "measure.hint.length": _("Drag from end to end. Esc stops."),
        "measure.hint.angle": _("Drag from one end to the vertex. Esc stops."),
        "measure.hint.arm": _("Now drag out the other arm."),
        "measure.hint.rectangle": _("Drag a rectangle. Esc stops."),
        "measure.hint.ellipse": _("Drag an ellipse. Esc stops."),
        "measure.mean": _("mean {0}"),
        "measure.sd": _("SD {0}"),
        "measure.min": _("min {0}"),
        "measure.max": _("max {0}"),
        "measure.pixels": _("{0} pixels"),
        "measure.nothing": _("no pixel inside"),
        "measure.remove": _("Remove"),
        "measure.removed": _("Measure removed. Ctrl+Z brings it back."),
        "measure.undone": _("Measure as it was before."),
        "measure.redone": _("Measure as it was afterwards."),
        "measure.linked": _("from the link, not stored"),
        "measure.unread": _("The stored measures did not arrive. Load the page again to see them."),
    }
