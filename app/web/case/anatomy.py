"""What a case says of the anatomy of its film: the ratio, the lungs, how the chest lies, or why that cannot be told.

Knows rows of layers and the figures that lie beside them; no network.
"""

import math
from collections.abc import Iterable

from app.anatomy import Ratio
from app.anatomy.figures import pose_in, ratio_in
from app.store import ImageRow, LayerRow
from app.web.case.payload_results import AnatomyData
from app.web.figures import fixed
from app.web.wording import Translate, note_text

Rule = tuple[tuple[float, float], tuple[float, float]]


def of(rows: Iterable[LayerRow], image: ImageRow | None, _: Translate) -> AnatomyData | None:
    """What was measured on the newest map of labels by a network that stands beside the others; None where there is none."""
    mine = [row for row in rows if row.kind == "labels" and row.producer.kind == "network"]
    if not mine:
        return None
    row = max(mine, key=lambda one: one.created_at)
    ratio = ratio_in(row.figures)
    lines = [*_ratio(ratio, _), *_lungs(row, image, _), *_pose(row, _)]
    return AnatomyData(
        model=row.model,
        title=_(row.producer.title or row.model),
        lines=tuple(lines),
        reasons=tuple(note_text(note, _) for note in row.notes),
        ratio=ratio.value if ratio else None,
    )


def rules(row: LayerRow) -> tuple[Rule, ...]:
    """The lines that belong on a film under a layer, in pixels of the image: those of the ratio."""
    ratio = ratio_in(row.figures)
    if ratio is None:
        return ()
    return tuple(((line.left, line.y), (line.right, line.y)) for line in (ratio.heart, ratio.chest))


def _ratio(ratio: Ratio | None, _: Translate) -> Iterable[tuple[str, str]]:
    if ratio is not None:
        interval = f"{fixed(ratio.low, 2)}–{fixed(ratio.high, 2)}"
        yield _("Cardiothoracic ratio"), f"{fixed(ratio.value, 2)} ({interval})"


def _lungs(row: LayerRow, image: ImageRow | None, _: Translate) -> Iterable[tuple[str, str]]:
    right, left = (row.figures.get(name, 0.0) for name in ("right_lung", "left_lung"))
    if not right or not left:
        return
    spacing = image.pixel_spacing if image else None
    for name, area in ((_("Right lung"), right), (_("Left lung"), left)):
        share = _("%(share)s %% of both", share=math.floor(100 * area / (right + left) + 0.5))
        size = [f"{area * spacing[0] * spacing[1] / 100:.0f} cm²"] if spacing else []
        yield name, " · ".join([*size, share])


def _pose(row: LayerRow, _: Translate) -> Iterable[tuple[str, str]]:
    pose = pose_in(row.figures)
    if pose is not None:
        side = _("clockwise") if pose.angle > 0 else _("counter-clockwise")
        yield _("The chest leans"), f"{fixed(abs(pose.angle), 1)}° {side}"
