"""The exam page's words: what its scripts may show beyond the case page's, in the reader's language."""

from app.web import wording
from app.web.wording import Translate


def strings(_: Translate) -> dict[str, str]:
    """The sentences by the key under which the scripts know them; ``{0}`` and ``{1}`` are put in there."""
    return wording.strings(_) | slices(_) | states(_) | layouts(_) | crosshair(_)


def plane(name: str, _: Translate) -> str:
    """A plane by `app.domain.Plane`."""
    names = {"sagittal": _("sagittal"), "coronal": _("coronal"), "axial": _("axial"), "oblique": _("oblique")}
    return names.get(name) or _("plane unknown")


def titled(text: str) -> str:
    """A name as it begins a title."""
    return text[:1].upper() + text[1:]


def slices(_: Translate) -> dict[str, str]:
    """What a pane says of its slice."""
    return {
        "exam.slice": _("{0} / {1}"),
        "exam.place": _("{0} {1} mm"),
        "exam.loaded": _("{0} of {1} loaded"),
        "exam.plain": _("No map"),
        "exam.opened": _("Slice {0} has the largest score for {1}."),
        "exam.no-score": _("No network has scored these slices."),
        "strip.score": _("slice score {0}"),
        "strip.mass": _("{0} % of the relevance"),
        "region.slices": _("Drawn on slice {0}"),
        "region.not-here": _("nothing on this slice"),
    }


def states(_: Translate) -> dict[str, str]:
    """What a pane says in place of something."""
    return {
        "plane.missing.sagittal": _("This exam has no sagittal stack."),
        "plane.missing.coronal": _("This exam has no coronal stack."),
        "plane.missing.axial": _("This exam has no axial stack."),
        "plane.missing.": _("This exam has no such stack."),
        "exam.fetching": _("maps on their way"),
        "exam.no-network": _("no network reads this exam"),
        "exam.not-read": _("not read by the network"),
        "series.choose": _("Choose a series"),
    }


def layouts(_: Translate) -> dict[str, str]:
    """What is said of the layout."""
    return {
        "plane.sagittal": titled(_("sagittal")),
        "plane.coronal": titled(_("coronal")),
        "plane.axial": titled(_("axial")),
        "plane.oblique": titled(_("oblique")),
        "layout.planes": _("Three planes"),
        "layout.methods": _("One plane, every method"),
        "most.on": _("The largest value of the map over all slices, over the shown slice"),
        "most.off": _("The map of the shown slice"),
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
