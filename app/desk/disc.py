"""What lies beside the images of a disc: its viewer and the like, in one line of an upload's report. Knows outcomes alone."""

from collections.abc import Sequence

from app.ingest import NO_IMAGE, came_along
from app.store import FileOutcome

LEFT_OUT = "%(count)s files beside the images hold no image, as a disc's viewer does, and were left out: %(names)s."
MENTIONED = 6
"""So many of them are named."""
FEWEST = 2


def gathered(outcomes: Sequence[FileOutcome]) -> list[FileOutcome]:
    """The outcomes of an upload; those files of a folder or an archive that can be no image are one line at the end, where
    others of the same upload were images."""
    some = any(one.study_id for one in outcomes)
    beside = [one for one in outcomes if some and one.template in NO_IMAGE and came_along(one.name)]
    if len(beside) < FEWEST:
        return list(outcomes)
    names = [one.name.rpartition("/")[2] for one in beside]
    told = ", ".join(names[:MENTIONED]) + (" …" if len(names) > MENTIONED else "")
    left = {id(one) for one in beside}
    line = FileOutcome(told[:256], "rejected", template=LEFT_OUT, values={"count": len(names), "names": told})
    return [*(one for one in outcomes if id(one) not in left), line]
