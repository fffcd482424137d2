"""What is measured on a film, as plain numbers by name, so that they can lie beside the map that they were measured on.

``ratio``, ``ratio_low`` and ``ratio_high``; ``heart_left``, ``heart_right``, ``heart_y`` and the same of ``chest``: where the
ratio's two lines lie; ``right_lung``, ``left_lung`` and ``heart``: areas; ``pose_x``, ``pose_y``, ``pose_angle`` (degrees),
``pose_across`` and ``pose_down``. Lengths are pixels of the image. What could not be measured is not among them.
"""

from collections.abc import Mapping

from app.anatomy.pose import NoPose, Pose
from app.anatomy.ratio import Line, NotMeasurable, Ratio
from app.anatomy.regions import HEART, LEFT_LUNG, RIGHT_LUNG, Labels, areas
from app.domain import Extent

AREAS = {"right_lung": RIGHT_LUNG, "left_lung": LEFT_LUNG, "heart": HEART}
POSE = ("pose_x", "pose_y", "pose_angle", "pose_across", "pose_down")


def of(labels: Labels, extent: Extent, ratio: Ratio | NotMeasurable, pose: Pose | NoPose) -> dict[str, float]:
    """Everything that was measured on a map of labels."""
    sizes = areas(labels, extent)
    found = {name: sizes[code] for name, code in AREAS.items() if sizes[code]}
    if isinstance(ratio, Ratio):
        found |= {"ratio": ratio.value, "ratio_low": ratio.low, "ratio_high": ratio.high}
        for name, line in (("heart", ratio.heart), ("chest", ratio.chest)):
            found |= {f"{name}_left": line.left, f"{name}_right": line.right, f"{name}_y": line.y}
    if isinstance(pose, Pose):
        found |= dict(zip(POSE, pose.numbers(), strict=True))
    return {name: float(value) for name, value in found.items()}


def ratio_in(figures: Mapping[str, float]) -> Ratio | None:
    """The ratio that was measured; None where there was none."""
    if "ratio" not in figures:
        return None
    lines = (Line(figures[f"{name}_left"], figures[f"{name}_right"], figures[f"{name}_y"]) for name in ("heart", "chest"))
    return Ratio(figures["ratio"], figures["ratio_low"], figures["ratio_high"], *lines)


def pose_in(figures: Mapping[str, float]) -> Pose | None:
    """The pose that was found; None where there was none."""
    return Pose.of(tuple(figures[name] for name in POSE)) if "pose_x" in figures else None
