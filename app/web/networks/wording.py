"""The words of the page that compares networks: every sentence its scripts may show. Knows the catalogue's function only."""

from app.web.case import wording
from app.web.wording import Translate


def strings(_: Translate) -> dict[str, str]:
    """The sentences by the key under which the scripts know them; ``{0}`` and ``{1}`` are put in there."""
    said = wording.panes(_) | wording.windows(_) | wording.announcements(_) | wording.links(_) | wording.slices(_)
    return said | wording.layouts(_) | wording.planes(_) | own(_)


def own(_: Translate) -> dict[str, str]:
    """What is said of networks beside each other."""
    return {
        "networks.needs": _("needs the maps of both networks"),
        "networks.kinds": _("these two are read in different ways, and cannot be subtracted"),
        "networks.apart": _("these two lie on different stacks, and cannot be subtracted"),
        "finding.last": _("No further finding on this side of the list."),
        "networks.arrived": _("What the networks say has changed on this page."),
    }
