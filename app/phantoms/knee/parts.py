"""Which part of a drawn knee lies where: bones, and the regions in which menisci and cruciate ligaments lie.

Knows the anatomy and the scanner. A region holds its structure and a little around it, torn or not: a reader looks there.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.phantoms.knee import joint, scanner
from app.phantoms.knee.lesions import Scene
from app.phantoms.knee.space import F32, Box, ramp

PARTS = ("bones", "menisci", "cruciate ligaments")
"""By their codes, from 1; 0 is everything else. Where two lie at the same place the later one counts."""
AROUND = 1.5
"""How far the region of the menisci reaches beyond them, mm."""
WIDER = 1.7
"""How wide the region of a cruciate ligament is, in units of the ligament."""

Piece = tuple[Box, F32]
"""The share of every cell of a box."""


def of(scene: Scene, setting: scanner.Setting) -> NDArray[np.uint8]:
    """The codes on the slices of a stack, uint8 (slices, rows, columns)."""
    codes = np.zeros((len(setting.across), len(setting.rows), len(setting.columns)), np.uint8)
    for code, found in enumerate((list(_bones(scene)), list(_menisci(scene)), list(_cruciates(scene))), 1):
        codes[scanner.masked(found, scene.space, setting)] = code
    return codes


def _bones(scene: Scene) -> Iterator[Piece]:
    for box, distance in (scene.bones.femur, scene.bones.tibia, scene.bones.fibula, scene.bones.patella):
        yield box, scene.space.inside(distance)


def _menisci(scene: Scene) -> Iterator[Piece]:
    box = scene.bones.joint
    for one in scene.menisci.values():
        across = ramp(-one.edge, AROUND + 0.5, AROUND - 0.5) * ramp(one.edge - one.width, AROUND + 0.5, AROUND - 0.5)
        tall = ramp(one.above, -AROUND - 0.5, 0.5 - AROUND) * ramp(one.below, -AROUND - 0.5, 0.5 - AROUND)
        near = (np.abs(one.above + one.below) < 16) * ramp(scene.space.w[box], 10, 9)
        yield box, np.asarray(across * tall * near, np.float32)


def _cruciates(scene: Scene) -> Iterator[Piece]:
    radius = scene.person.acl[0]
    for line, wide in ((joint.acl_line(scene.person), radius), (joint.pcl_line(scene.person), 1.35 * radius)):
        box, distance, _ = scene.space.tube(line, WIDER * wide, margin=3)
        yield box, np.asarray(scene.space.inside(distance) * scene.soft(box), np.float32)
