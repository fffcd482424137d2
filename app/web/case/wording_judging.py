"""The words of judging: verdicts, reasons, true regions, measures, the probe and the agreement of the methods."""

from app.web.wording import Translate


def strings(_: Translate) -> dict[str, str]:
    """The sentences by the key under which the scripts know them; ``{0}`` and ``{1}`` are put in there."""
    return verdicts(_) | reasons(_) | saving(_) | probing(_) | measures(_)


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
        "reason.joint fluid": _("joint fluid"),
        "reason.motion artefact": _("motion artefact"),
        "reason.metal artefact": _("metal artefact"),
        "reason.outside the joint": _("outside the joint"),
        "reason.other": _("other"),
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
