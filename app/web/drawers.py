"""The words of the drawers under the panes: what if, counterfactuals, and the layer filmstrip. Knows the catalogue's function
only."""

from collections.abc import Callable


def words(_: Callable[..., str]) -> dict[str, str]:
    """The sentences by the key under which the scripts know them; ``{0}`` and ``{1}`` are put in there."""
    return counterfactual(_) | {
        "whatif.film": _("Film, edited"),
        "whatif.empty": _("Paint over a part of the film, or take an area: the network reads the film again."),
        "whatif.unread": _("No network has read this film yet, so there is nothing to compare with."),
        "whatif.insisted": _("The guard refused this image: what the network says of it, edited or not, means nothing. {0}"),
        "whatif.cursor": _("Brush at {0}, {1}"),
        "whatif.size": _("Brush size {0}"),
        "whatif.asking": _("The network reads the edited film …"),
        "whatif.answered": _("Answered in {0} s."),
        "whatif.failed": _("No answer: {0}"),
        "whatif.offline": _("The server did not answer. Try again."),
        "whatif.noregion": _("No true region is drawn yet."),
        "whatif.nomap": _("This pane has no map yet."),
        "whatif.nohot": _("Nothing on this map is above the threshold."),
        "whatif.hot": _("Hot area: {0}"),
        "whatif.row": _("{0}: {1} before, {2} after, change {3} percentage points"),
        "whatif.biggest": _("Biggest change: {0}, {1} → {2}"),
        "whatif.kept": _("Kept with the case."),
        "whatif.count": _("{0} kept"),
        "whatif.nonekept": _("Nothing is kept yet."),
        "whatif.entry": _("{0}: {1} → {2}"),
        "whatif.again": _("Show again: {0}"),
        "whatif.remove": _("Take back: {0}"),
        "whatif.gone": _("Taken back."),
        "strip.asking": _("Relevance is walked back through the network …"),
        "strip.failed": _("No filmstrip: {0}"),
        "strip.none": _("The filmstrip needs a film that the network has read."),
        "strip.stage": _("{0}: sum {1}, colours from −{2} to {2}"),
        "strip.flat": _("{0} neurons without a place"),
        "strip.decision": _("decision"),
        "strip.film": _("film"),
        "strip.sum": _("Σ {0}"),
        "strip.range": _("{2} ± {0} {1}"),
        "strip.kept": _("{0} stages. All sums are {1}; they differ by at most {2} of it."),
        "strip.title": _("{0} at {1}"),
    }


def counterfactual(_: Callable[..., str]) -> dict[str, str]:
    """Those of the counterfactual's drawer."""
    return {
        "counterfactual.less": _("What would have to change for less of {0}?"),
        "counterfactual.more": _("What would have to change for more of {0}?"),
        "counterfactual.none": _("There is no counterfactual of this finding for this network. There are: {0}."),
        "counterfactual.asking": _("The film is changed until the network answers otherwise …"),
        "counterfactual.asking-stack": _("The slices are changed until the network answers otherwise …"),
        "counterfactual.answered-stack": _(
            "Made in {0} s. Only the {1} stack is changed; the exam’s other planes stay as they are. "
            "It shows what moves the network, not how this patient would look."
        ),
        "counterfactual.answered": _("Made in {0} s. It shows what moves the network, not how this patient would look."),
        "counterfactual.failed": _("No counterfactual: {0}"),
        "counterfactual.offline": _("The server did not answer. Try again."),
        "counterfactual.film": _("Changed film, strength {0}"),
        "counterfactual.slice": _("Changed slice, strength {0}"),
        "counterfactual.kept": _("Kept at strength {0}: its layers are in the menu “More maps”."),
        "counterfactual.network": _("{0} → {1}"),
        "counterfactual.gaps": _("{0} gaps"),
        "counterfactual.referee": _("judge"),
        "counterfactual.shared": _("learned from patients that the network learned from too"),
        "counterfactual.follows": _("follows"),
        "counterfactual.alone": _("hardly follows"),
        "counterfactual.elsewhere": _("moves far more"),
        "counterfactual.doubtful": _("Not convincing"),
        "counterfactual.fine": _("Nothing here speaks against it"),
        "counterfactual.unjudged": _("Judged by nobody"),
        "counterfactual.pixels": _("Changed"),
        "counterfactual.inside": _("Within the finding’s place"),
        "counterfactual.ratio": _("Cardiothoracic ratio"),
        "counterfactual.recess": _("Costophrenic recess, 0 as dark as lung, 1 as white as the heart"),
        "counterfactual.control": _("{0} → {1} (control edit {2})"),
    }
