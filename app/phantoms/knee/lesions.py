"""What can be wrong with the knee: torn cruciate ligament, torn meniscus, effusion, bruised bone.

Knows the anatomy and the canvas. What only looks like a lesion is `app.phantoms.knee.mimics`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.phantoms.knee import joint
from app.phantoms.knee.bones import Bones, within
from app.phantoms.knee.person import Person
from app.phantoms.knee.space import F32, Box, Space, ramp, stream
from app.phantoms.knee.tissue import Canvas

Found = list[tuple[Box, F32]]
"""A lesion's extent: shares (0 to 1) of the cells of some boxes."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A healthy knee as it has been laid out, for lesions to find their place in."""

    canvas: Canvas
    person: Person
    bones: Bones
    menisci: Mapping[int, joint.Meniscus]
    outline: F32
    seed: int

    @property
    def space(self) -> Space:
        """The grid."""
        return self.canvas.space

    def soft(self, box: Box) -> F32:
        """The share of every cell of ``box`` that is within the skin and not bone."""
        free = self.space.inside(self.outline[box] + 2)
        for other, distance in (self.bones.femur, self.bones.tibia, self.bones.fibula, self.bones.patella):
            free *= 1 - self.space.inside(within(box, other, distance))
        return free

    def patch(self, centre: Sequence[float], radii: Sequence[float], rng: np.random.Generator, rough: float) -> tuple[Box, F32]:
        """An ill-defined lump: its box and its share, 1 within, fading at an uneven edge."""
        box, distance = self.space.ellipsoid(centre, radii, margin=2 + 4 * rough)
        uneven = self.space.cloud(rng, 5.0, box) * np.float32(2.0 * rough)
        return box, ramp(distance + uneven, 0.6 + 2.0 * rough, -0.6 - 3.0 * rough)


def bruise(scene: Scene, rng: np.random.Generator) -> Found:
    """Marrow oedema under the cartilage of a condyle or of the plateau."""
    compartment = int(rng.choice([joint.MEDIAL, joint.LATERAL], p=[0.4, 0.6]))
    tibial = bool(rng.random() < 0.5)
    u = compartment * float(rng.uniform(19, 27))
    v, w = (float(rng.uniform(-8, 16)), -9.5) if tibial else (float(rng.uniform(-14, 16)), 10.0)
    radii = bruise_size(rng)
    box, share = scene.patch((u, v, w + rng.uniform(-1, 1)), radii, rng, 0.8)
    return [mark(scene, box, share, tibial, rng)]


def bruise_size(rng: np.random.Generator) -> tuple[float, float, float]:
    """Radii of a patch of marrow."""
    size = float(rng.uniform(8.5, 12.5))
    return size, size * float(rng.uniform(0.9, 1.2)), size * float(rng.uniform(0.8, 1.1))


def mark(scene: Scene, box: Box, share: F32, tibial: bool, rng: np.random.Generator) -> tuple[Box, F32]:
    """Paint a patch of marrow into the femur or the tibia."""
    other, distance = scene.bones.tibia if tibial else scene.bones.femur
    share = share * ramp(within(box, other, distance), -0.3, -1.6)
    texture = np.float32(rng.uniform(0.85, 1.1)) * (1 + 0.12 * scene.space.cloud(rng, 4, box))
    scene.canvas.paint(box, share * np.float32(rng.uniform(0.85, 1.0)), "bruise", texture)
    return box, share


RECESSES = (
    ((0.0, -33.0, 58.0), (24.0, 6.8, 20.0)),
    ((-27.0, -30.0, 36.0), (9.0, 8.0, 17.0)),
    ((27.0, -30.0, 36.0), (9.0, 8.0, 17.0)),
    ((-38.0, -8.0, 26.0), (6.0, 12.0, 13.0)),
    ((38.0, -8.0, 26.0), (6.0, 12.0, 13.0)),
)
"""Where an effusion gathers: above the patella, on both sides of it and beside the condyles: middle and radii."""


def fluid_budget(scene: Scene) -> float:
    """How much free fluid a knee has in all, ml: in its joint or elsewhere, with an effusion or without."""
    return float(stream(scene.seed, "fluid budget").uniform(12, 22))


def effusion(scene: Scene, rng: np.random.Generator) -> Found:
    """Fluid that fills the recess above the patella and bulges on both sides of it: the better part of the knee's budget."""
    wanted = fluid_budget(scene) * float(rng.uniform(0.65, 0.95))
    grade = float(np.clip((wanted / 20.0) ** (1 / 3), 0.72, 1.1))  # the recesses as they stand hold about 20 ml
    found = []
    for centre, radii in RECESSES:
        wider = [grade * radius * float(rng.uniform(0.93, 1.07)) for radius in radii]
        found.append(pour(scene, centre, wider, rng, 0.25))
    return found


def volume(scene: Scene, found: Found) -> float:
    """What a lesion fills, ml of this knee."""
    return sum(float(share.sum()) for _, share in found) * scene.space.step**3 / 1000


def pour(
    scene: Scene, centre: Sequence[float], radii: Sequence[float], rng: np.random.Generator, rough: float
) -> tuple[Box, F32]:
    """Paint fluid where there is no bone, nor a tendon in front."""
    box, share = scene.patch(centre, radii, rng, rough)
    share = share * scene.soft(box)
    if -40 < centre[1] < -25:  # the extensor apparatus holds it back
        share = share * ramp(scene.space.v[box], -42, -40)
    scene.canvas.paint(box, share, "fluid")
    return box, share


def acl_tear(scene: Scene, rng: np.random.Generator) -> Found:
    """The anterior cruciate ligament torn: stumps, the lower one slack, and a bright swollen mass between."""
    line = joint.acl_line(scene.person)
    radius = scene.person.acl[0]
    low = float(rng.choice([0.08, 0.3, 0.45]) + rng.uniform(-0.06, 0.06))
    high = low + float(rng.uniform(0.34, 0.45))
    t = np.linspace(0, 1, len(line))
    middle = line[np.argmin(np.abs(t - (low + high) / 2))]
    length = float(np.linalg.norm(line[-1] - line[0])) * (high - low)
    swollen: Found = []
    core = line[(t >= low - 0.12) & (t <= high + 0.12)]
    wavy = core + rng.normal(0, 0.8, core.shape)
    box, distance, _ = scene.space.tube(wavy, radius * rng.uniform(1.8, 2.2), margin=4)
    uneven = scene.space.cloud(rng, 4.0, box) * np.float32(1.1)
    share = ramp(distance + uneven, 1.2, -1.6) * scene.soft(box)
    scene.canvas.paint(box, share, "oedema", 1 + 0.1 * scene.space.cloud(rng, 3.0, box))
    swollen.append((box, share))
    for part in (line[t <= low], line[t >= high]):
        if len(part) < 2:
            continue
        sag = np.linspace(0, 1, len(part))[:, None] * np.array([0, 1.0, -3.0]) * rng.uniform(0.3, 1.0)
        stump = part + (sag[::-1] if part[0, 2] < middle[2] else sag)
        box, distance, _ = scene.space.tube(stump + rng.normal(0, 0.5, stump.shape), radius * 0.8)
        scene.canvas.paint(box, scene.space.inside(distance) * scene.soft(box), "ligament")
    box, distance = scene.space.ellipsoid(middle.tolist(), (radius * 2.0, 0.4 * length + 2, 0.4 * length + 2))
    return [*swollen, (box, scene.space.inside(distance) * scene.soft(box))]


def meniscal_tear(scene: Scene, rng: np.random.Generator) -> Found:
    """A cleft that reaches the meniscus's surface, sometimes with a fragment displaced into the notch."""
    compartment = int(rng.choice([joint.MEDIAL, joint.LATERAL], p=[0.6, 0.4]))
    part = scene.menisci[compartment]
    behind = bool(rng.random() < 0.75)
    at = float(rng.uniform(65, 120) if behind else rng.uniform(-110, -60))
    half = float(rng.uniform(24, 34))
    arc = ramp(np.abs(part.angle - at), half, half - 6)
    gap = part.above + part.below
    kind = str(rng.choice(["vertical", "oblique", "complex", "flap"], p=[0.3, 0.25, 0.25, 0.2]))
    across = np.abs(part.depth - float(rng.uniform(0.35, 0.5))) * part.width
    tilt = float(rng.choice([-1, 1]) * rng.uniform(0.5, 0.9))
    slant = np.abs(part.height - 0.5 - tilt * (part.depth - 0.55)) * gap
    vertical, oblique = ramp(across, 1.9, 0.9), ramp(slant, 1.6, 0.8) * ramp(part.depth, 0.2, 0.3)
    cleft = {
        "vertical": vertical,
        "oblique": oblique,
        "complex": np.maximum(vertical, oblique),
        "flap": np.maximum(ramp(part.depth, 0.5, 0.56), 0.7 * oblique),
    }[kind]
    scene.canvas.paint(scene.bones.joint, np.asarray(cleft * arc * part.body, np.float32), "cleft")
    wide = ramp(-part.edge, 3.0, 2.0) * ramp(part.edge - part.width, 3.0, 2.0)
    deep = ramp(part.above, -3.0, -2.0) * ramp(part.below, -3.0, -2.0) * ramp(scene.space.w[scene.bones.joint], 10, 9)
    found: Found = [(scene.bones.joint, np.asarray(arc * wide * deep * (np.abs(gap) < 16), np.float32))]
    if kind == "flap":
        centre = (
            compartment * (scene.person.notch - 3.5),
            float(np.sign(at) * rng.uniform(2, 8)) + 3,
            float(rng.uniform(6.5, 9)),
        )
        box, distance = scene.space.ellipsoid(centre, (2.4, 7.0, 2.6))
        share = scene.space.inside(distance) * scene.soft(box)
        scene.canvas.paint(box, share, "meniscus")
        found.append((box, share))
    return found


LESIONS: dict[str, Callable[[Scene, np.random.Generator], Found]] = {
    "ACL discontinuity": acl_tear,
    "meniscal tear": meniscal_tear,
    "effusion": effusion,
    "bone bruise": bruise,
}
