"""What only looks like a lesion: what healthy knees have of the same signal and size, and where and in what shape they have it.

Knows the anatomy, the canvas and the lesions. Every lesion has a counterpart that is no finding: fluid in bursae, red marrow
in the shafts, a bright patch in fat, signal within a meniscus. A knee has most often either the lesion or its counterpart, so
that how much of an image is bright says nothing. Small things lie about whatever else there is.
"""

from collections.abc import Callable, Sequence

import numpy as np

from app.phantoms.knee import joint
from app.phantoms.knee.lesions import LESIONS, Found, Scene, bruise_size, fluid_budget, mark, pour, volume
from app.phantoms.knee.space import ramp, stream


def red_marrow(scene: Scene, rng: np.random.Generator) -> None:
    """Blood-forming marrow in the flare of femur or tibia, as large and as bright as a bruise: no finding."""
    tibial = bool(rng.random() < 0.45)
    u = float(rng.uniform(-10, 10))
    v, w = (
        (float(rng.uniform(-8, 4)), float(rng.uniform(-46, -34)))
        if tibial
        else (float(rng.uniform(-8, 4)), float(rng.uniform(54, 66)))
    )
    radii = bruise_size(rng)
    box, share = scene.patch((u, v, w), radii, rng, 0.8)
    mark(scene, box, share, tibial, rng)


BURSAE = (
    ((-25.0, 47.0, 2.0), (10.0, 9.0, 20.0)),  # between medial gastrocnemius and semimembranosus
    ((26.0, 46.0, 26.0), (9.5, 9.0, 19.0)),  # at the outer side of the popliteal fossa
    ((2.0, -57.0, 20.0), (19.0, 5.0, 23.0)),  # in front of the patella and its tendon
    ((-36.0, 12.0, -32.0), (6.0, 13.0, 17.0)),  # under the tendons on the tibia's inner side
    ((1.0, 46.0, -30.0), (8.0, 10.0, 18.0)),  # between the heads of gastrocnemius
    ((-8.0, 42.0, 50.0), (11.0, 9.0, 17.0)),  # in the fat above the popliteal fossa
)
"""Where fluid may gather that is not in the joint: middle and radii."""


def fluid_elsewhere(scene: Scene, rng: np.random.Generator, left: float) -> None:
    """``left`` ml of fluid in bursae and between muscles: no finding of the joint."""
    for number in rng.permutation(len(BURSAE)):
        if left < 0.8:
            return
        centre, radii = BURSAE[int(number)]
        whole = 4 / 3 * np.pi * float(np.prod(radii)) * float(np.prod(scene.person.scale)) / 1000
        grade = float(np.clip((left / whole) ** (1 / 3), 0.5, rng.uniform(0.95, 1.15)))
        left -= volume(scene, [pour(scene, centre, [grade * each for each in radii], rng, 0.25)])


def bright_fat(scene: Scene, rng: np.random.Generator) -> None:
    """A patch as bright and as large as a torn ligament's, in fat: behind the patellar tendon, above the trochlea, behind."""
    places = [(1.0, -30.0, 4.0), (0.0, -29.0, 60.0), (-4.0, 52.0, -16.0), (6.0, 42.0, 32.0)]
    middle = np.array(places[int(rng.integers(len(places)))]) + rng.normal(0, 1.5, 3)
    way = rng.normal(0, 1, 3) * np.array([0.6, 0.5, 1.0])
    way *= 0.5 * rng.uniform(18, 25) / np.linalg.norm(way)
    line = middle + np.linspace(-1, 1, 7)[:, None] * way + rng.normal(0, 0.8, (7, 3))
    box, distance, _ = scene.space.tube(line, scene.person.acl[0] * rng.uniform(1.8, 2.2), margin=4)
    uneven = scene.space.cloud(rng, 4.0, box) * np.float32(1.1)
    share = ramp(distance + uneven, 1.2, -1.6) * scene.soft(box)
    scene.canvas.paint(box, share, "oedema", 1 + 0.1 * scene.space.cloud(rng, 3.0, box))


def inner_signal(scene: Scene, rng: np.random.Generator) -> None:
    """Signal within a meniscus that does not reach its surface (grade 1 or 2): age, not a tear."""
    for part in scene.menisci.values():
        if rng.random() < 0.35:
            continue
        at = float(rng.uniform(60, 115) * (1 if rng.random() < 0.75 else -1))
        arc = ramp(np.abs(part.angle - at), 26, 14)
        core = ramp(np.abs(part.height - 0.5), 0.27, 0.12) * ramp(np.abs(part.depth - 0.32), 0.24, 0.12)
        share = np.asarray(core * arc * part.body * np.float32(rng.uniform(0.6, 1.0)), np.float32)
        scene.canvas.paint(scene.bones.joint, share, "degeneration")


def small_cyst(scene: Scene, rng: np.random.Generator) -> None:
    """A cyst of a few millimetres where cruciate ligaments and menisci take root."""
    places = [(0.0, 24.0, -9.0), (-2.0, -14.0, -7.0), (0.0, 34.0, 2.0), (12.0, -24.0, 0.0)]
    centre = np.array(places[int(rng.integers(len(places)))]) + rng.normal(0, 1.5, 3)
    box, distance = scene.space.ellipsoid(centre.tolist(), rng.uniform(1.5, 3.2, 3).tolist())
    scene.canvas.paint(box, scene.space.inside(distance), "fluid")


def popliteus_hiatus(scene: Scene, rng: np.random.Generator) -> None:
    """Fluid between the lateral meniscus and the popliteus tendon, along the meniscus's outer edge: not a cleft in it."""
    part = scene.menisci[joint.LATERAL]
    beside = ramp(np.abs(part.edge + 1.4), 1.6, 0.7) * ramp(np.abs(part.angle - 68), 20, 12)
    level = ramp(np.abs(scene.space.w[scene.bones.joint] - 2), 5.5, 4)
    scene.canvas.paint(scene.bones.joint, beside * level * np.float32(rng.uniform(0.5, 0.9)), "fluid")


def plica(scene: Scene, rng: np.random.Generator) -> None:
    """A dark fold of synovium beside the patella."""
    side = float(rng.choice([-1, 1], p=[0.7, 0.3]))
    line = [(side * (20 + rng.uniform(-2, 2)), -33, 14), (side * 25, -31, 28), (side * 22, -32, 44)]
    box, distance, _ = scene.space.tube(line, 0.9, flat=(1.6, 1, 1))
    scene.canvas.paint(box, scene.space.inside(distance) * scene.soft(box), "ligament")


COUNTERPARTS: dict[str, tuple[str, Callable[[Scene, np.random.Generator], None], float, float]] = {
    "ACL discontinuity": ("bright patch in fat", bright_fat, 0.85, 0.3),
    "meniscal tear": ("signal within a meniscus", inner_signal, 0.7, 0.7),
    "bone bruise": ("red marrow", red_marrow, 0.85, 0.3),
}
"""Lesion to its counterpart: the mimic's name, what draws it, and how often where the lesion is absent and where it is
present."""

SMALL: dict[str, tuple[Callable[[Scene, np.random.Generator], None], float]] = {
    "small cyst": (small_cyst, 0.35),
    "popliteus hiatus": (popliteus_hiatus, 0.5),
    "plica": (plica, 0.4),
}
"""What lies about, and in what share of knees."""


def plant(scene: Scene, lesions: Sequence[str]) -> tuple[dict[str, Found], tuple[str, ...]]:
    """Draw ``lesions``, their counterparts and the small things; the lesions' extents and the mimics' names."""
    names = []
    for lesion, (mimic, draw, absent, present) in COUNTERPARTS.items():
        rng = stream(scene.seed, f"like {lesion}")
        if rng.random() < (present if lesion in lesions else absent):
            draw(scene, rng)
            names.append(mimic)
    rng = stream(scene.seed, "mimics")
    for mimic, (add, share) in SMALL.items():
        own = np.random.default_rng(rng.integers(2**31))
        if own.random() < share:
            add(scene, own)
            names.append(mimic)
    found = {name: LESIONS[name](scene, stream(scene.seed, name)) for name in LESIONS if name in lesions}
    left = fluid_budget(scene) - volume(scene, found.get("effusion", []))
    if left >= 0.8:
        fluid_elsewhere(scene, stream(scene.seed, "like effusion"), left)
        names.append("fluid in bursae")
    return found, tuple(names)
