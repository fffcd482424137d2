"""The case page's words: every sentence its scripts may show, in the reader's language, of films and exams alike.

Knows the catalogue's function only. The words of judging and those of the drawers stand beside.
"""

from app.web import drawers
from app.web.case import wording_judging
from app.web.wording import Translate, titled


def strings(_: Translate) -> dict[str, str]:
    """The sentences by the key under which the scripts know them; ``{0}`` and ``{1}`` are put in there."""
    said = panes(_) | windows(_) | layouts(_) | beside(_) | announcements(_) | links(_)
    return said | queue(_) | slices(_) | planes(_) | crosshair(_) | wording_judging.strings(_) | drawers.words(_)


def queue(_: Translate) -> dict[str, str]:
    """What is said on the way from study to study and from finding to finding."""
    return {
        "queue.end": _("No further study on this side of the list."),
        "queue.going": _("On to the next study; any key stays."),
        "queue.offline": _("No connection: the next study cannot be opened now."),
        "finding.last": _("No further finding on this side of the list."),
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
        "pane.verdict": _("Verdict"),
        "state.bare": _("film only"),
        "pane.empty": _("Empty"),
        "pane.drop": _("Drag a layer here, or press one while this pane is active."),
        "pane.waiting": _("being computed"),
        "pane.none": _("not computed"),
        "pane.away": _("not here – the server does not answer"),
        "pane.label": _("{0}, {1}"),
        "pane.beyond": _("colours end at the 99.5th percentile"),
        "bar.label": _(
            "Left and right: range of the colours, {2} to {3} ({4}). Grey: raw range of the map, {0} to {1}, without a unit"
        ),
        "bar.conservation": _("Conservation error {0}: the share of the relevance that was lost on its way to the pixels"),
        "bar.robust": _("99.5th percentile"),
        "bar.full": _("full range"),
        "bar.unit": _("0 to 1 as it is, never stretched"),
        "drawn.weak": _("too weak to be seen in this range: at most {0} % of its end"),
        "drawn.faint": _("too faint to be seen: laid with {0} % of its colour, by opacity and fading"),
        "drawn.elsewhere": _("below its range on this slice: strongest on slice {0}"),
        "drawn.go": _("To slice {0}"),
        "range.validation": _("fixed range: validation films"),
        "range.phantoms": _("fixed range: phantoms"),
        "range.map": _("range of this map"),
        "range.full": _("full range of this map"),
        "range.shared": _("one range for all maps"),
        "drawn.faded": _("faded to {0} %: probability {1} %"),
        "drawn.unfaded": _("not faded"),
        "drawn.evened": _("smoothed at {0} px"),
        "drawn.raw": _("pixels as they are"),
        "drawn.stored": _("The probe, the figures and the files have the map’s raw values, whatever the display does."),
        "bar.against": _("mostly against"),
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
        "webgl.needs": _("Needs WebGL2, which this browser does not have."),
        "webgl.lost": _("The graphics card dropped the pictures. They are being drawn again."),
        "load.failed": _("Something did not arrive from the server."),
        "load.away": _("The server has not answered since {0}. What is missing comes by itself as soon as it does."),
        "room.on": _("Reading mode. Escape leaves it."),
        "room.off": _("Reading mode is over."),
        "room.refused": _("This browser does not let the page fill the screen."),
        "maximise": _("Enlarge"),
        "restore": _("Back to the grid"),
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
        "map.puor": _("orange–purple"),
        "map.same": _("as signed maps"),
    }


def layouts(_: Translate) -> dict[str, str]:
    """What the strip above the panes says."""
    return {
        "caution": _("Caution"),
        "whatif.this-slice": _("this one"),
        "agree.methods": _("Methods"),
        "layout.size": _("{0} × {1} panes"),
        "layout.saved": _("Layout “{0}” saved."),
        "layout.refused": _("The layout was not saved: {0}"),
        "layout.usual.on": _("{0} opens like this from now on."),
        "layout.usual.off": _("{0} opens as it always did."),
        "layout.removed": _("Layout “{0}” removed."),
        "layout.remove": _("Remove layout “{0}”"),
        "more.methods": _("Other methods"),
        "more.of": _("Of the active pane’s map"),
        "more.beside": _("Its spread and its randomised twin come into the pane beside it: swipe or blink between the two."),
        "more.help": _("What methods show"),
        "more.choose": _("A pane with a method’s map, made active, has its spread and its randomised twin here."),
        "mask.none": _("The active pane shows no map that weighs a mask of where the finding occurs, or there is none."),
        "compare.two": _("Two panes with a layer are needed for this."),
        "compare.divider": _("Divider between {0} and {1}"),
        "say.swipe": _("Swipe between {0} and {1}"),
        "say.blink": _("Blink between {0} and {1}"),
        "say.layer": _("{0} in pane {1}"),
        "say.linked": _("{0} goes with the other panes."),
        "say.unlinked": _("{0} goes its own way."),
    }


def beside(_: Translate) -> dict[str, str]:
    """What is said of images that panes show alone, beside what the case is about."""
    return {
        "beside.gone": _("This study is not here any more, or is not one of this patient’s."),
        "beside.none": _("No other study of this patient is here."),
        "beside.full": _("There is no room for more panes: close one first."),
        "beside.opened": _("{0} stands beside what is shown."),
        "beside.closed": _("Closed."),
        "beside.join": _("Zoom, window and scroll together"),
        "beside.close": _("Close"),
        "beside.joined": _("{0} goes together with what it stands beside."),
        "beside.apart": _("{0} goes its own way."),
        "series.alone": _("In this pane alone"),
        "series.visits": _("Other studies of this patient"),
        "series.shown": _("The film that is shown"),
        "series.plane": _("The stack of this plane"),
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
        "networks.alone": _("Only one network reads this, so there is nothing to compare it with."),
        "another.finding": _("“{0}” is not one of the findings that “{1}” knows: “{2}” is shown."),
        "link.version": _(
            "The network has changed since this link was made: it was version {0}, what is shown is by version {1}."
        ),
        "link.pane": _("A pane that this link shows is not on this page."),
        "link.measures": _(
            "Measures of this link that are not stored any more: {0}. They are shown dashed; changing one stores it."
        ),
    }


def slices(_: Translate) -> dict[str, str]:
    """What a pane says of its slice."""
    return {
        "exam.slice": _("{0} / {1}"),
        "exam.number": _("no. {0}"),
        "exam.place": _("{0} {1} mm"),
        "exam.loaded": _("{0} of {1} loaded"),
        "exam.plain": _("No map"),
        "exam.opened": _("Slice {0} has the largest score for {1}."),
        "exam.no-score": _("No network has scored these slices."),
        "strip.score": _("slice score {0}"),
        "strip.weight": _("weight {0} %"),
        "strip.mass": _("{0} % of the relevance"),
        "region.slices": _("Drawn on slice {0}"),
        "region.not-here": _("nothing on this slice"),
    }


def planes(_: Translate) -> dict[str, str]:
    """What is said of an exam's planes, and in place of one."""
    return {
        "plane.sagittal": titled(_("sagittal")),
        "plane.coronal": titled(_("coronal")),
        "plane.axial": titled(_("axial")),
        "plane.oblique": titled(_("oblique")),
        "layout.planes": _("Three planes"),
        "layout.grid": _("One plane, every layer"),
        "layout.noplanes": _("There are no planes here to stand next to each other."),
        "glimpse.at": _("Glimpse {0} of {1}: {2}"),
        "glimpse.play": _("Play"),
        "glimpse.stop": _("Stop"),
        "most.on": _("The largest value of the map over all slices, over the shown slice"),
        "most.off": _("The map of the shown slice"),
        "plane.missing.sagittal": _("This exam has no sagittal stack."),
        "plane.missing.coronal": _("This exam has no coronal stack."),
        "plane.missing.axial": _("This exam has no axial stack."),
        "plane.missing.": _("This exam has no such stack."),
        "exam.fetching": _("maps on their way"),
        "exam.no-network": _("no network reads this exam"),
        "exam.not-read": _("not read by the network"),
        "series.choose": _("Choose a series"),
    }


def crosshair(_: Translate) -> dict[str, str]:
    """What is said of the point that is carried between planes."""
    return {
        "cross.at": _("Point: {0} · {1} · {2} mm."),
        "cross.outside": _("Outside {0}: its nearest slice is shown."),
        "cross.apart": _("{0}: another frame of reference, so the point is not carried there."),
        "cross.unknown": _(
            "{0}: the files do not say whether the frame of reference is shared, so the point is not carried there."
        ),
        "cross.unplaced": _("These slices do not say where they lie in the patient, so no point can be carried from them."),
    }
