"""A whole examination of a knee of nobody: anatomy, lesions, three stacks.

    knee = draw(7, ["ACL discontinuity"], size=128)
    knee.stacks[0].pixels, knee.stacks[0].masks["ACL tear"]

Knows every other module of this package but DICOM. The same seed draws the same person, planes, coil and noise with and without
a lesion.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import KNEE_FINDINGS
from app.errors import InputError
from app.phantoms.knee import bones, joint, lesions, mimics, parts, person, scanner, soft
from app.phantoms.knee.space import Space, ramp, stream
from app.phantoms.knee.tissue import Canvas

LESIONS = tuple(lesions.LESIONS)
SHOWS = {"ACL tear": "ACL discontinuity", "meniscal tear": "meniscal tear"}
"""Finding to the lesion that makes it; any lesion makes an abnormality."""

REACH = (-66, 66, -74, 78, -80, 82)
"""The scanner's mm that the leg is laid out in: x, y and z from and to."""

HEALTHY = 0.4
PRIOR = {"ACL discontinuity": 0.45, "meniscal tear": 0.5, "effusion": 0.3, "bone bruise": 0.3}
"""The share of knees without a lesion, and of each lesion in the others (one is drawn if none came up)."""


@dataclass(frozen=True, slots=True, eq=False)
class KneePhantom:
    """One examination.

    ``findings`` of `KNEE_FINDINGS`; ``lesions`` of `LESIONS` that were drawn; ``mimics`` that a healthy knee may have; ``side``
    "L" or "R"; ``stacks`` in the order of `scanner.PLANES`.
    """

    seed: int
    findings: tuple[str, ...]
    lesions: tuple[str, ...]
    mimics: tuple[str, ...]
    side: str
    stacks: tuple[scanner.KneeStack, ...]


def by_chance(seed: int) -> tuple[str, ...]:
    """The lesions of a seed: each apart from the others."""
    rng = stream(seed, "lesions")
    chances = rng.random(len(LESIONS))
    some = str(rng.choice(LESIONS))
    if rng.random() < HEALTHY:
        return ()
    drawn = tuple(name for name, chance in zip(LESIONS, chances, strict=True) if chance < PRIOR[name])
    return drawn or (some,)


def draw(
    seed: int, lesions: Sequence[str] | None = None, size: int = 256, slices: int | None = None, *, parted: bool = False
) -> KneePhantom:
    """The examination of ``seed`` at ``size`` × ``size`` pixels; ``lesions`` by chance when None.

    ``slices`` a stack, 20 to 34 as the protocol has it when None. ``parted``: its stacks say which part of the knee lies where.
    InputError for a lesion that cannot be drawn.
    """
    wanted = by_chance(seed) if lesions is None else tuple(lesions)
    unknown = sorted(set(wanted) - set(LESIONS))
    if unknown:
        raise InputError("A phantom cannot show %(findings)s.", {"findings": ", ".join(unknown)})
    who = person.invent(seed)
    stacks = scanner.settings(seed, size, slices)
    step = float(np.clip(0.9 * 154 / size, 0.7, 1.5))
    space = Space.make(step, REACH, turn=who.turn, shift=who.shift, scale=who.scale, side=who.side)
    canvas = Canvas.blank(space, [setting.weighting for setting in stacks])
    scene = anatomy(canvas, who, seed, torn="ACL discontinuity" in wanted)
    found, present_mimics = mimics.plant(scene, wanted)
    how = scanner.frame(seed, who.side)
    made = []
    for number, setting in enumerate(stacks):
        clean = scanner.slab(canvas.signal[number], space.everywhere, space, setting)
        masks = {name: scanner.masked(extent, space, setting) for name, extent in found.items()}
        places = parts.of(scene, setting) if parted else None
        made.append(scanner.stack(clean, setting, how, named(masks), seed, parts=places))
    present = {finding for finding, lesion in SHOWS.items() if lesion in found} | ({"abnormality"} if found else set())
    return KneePhantom(
        seed=seed,
        findings=tuple(name for name in KNEE_FINDINGS if name in present),
        lesions=tuple(found),
        mimics=(*present_mimics, *(["discoid meniscus"] if who.discoid else [])),
        side="L" if who.side > 0 else "R",
        stacks=tuple(made),
    )


def named(masks: dict[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.bool_]]:
    """The masks of lesions, and of the findings that they make."""
    findings = {finding: masks[lesion] for finding, lesion in SHOWS.items() if lesion in masks}
    if masks:
        findings["abnormality"] = np.logical_or.reduce(list(masks.values()))
    return masks | findings


def anatomy(canvas: Canvas, who: person.Person, seed: int, torn: bool) -> lesions.Scene:
    """Lay out the knee, the anterior cruciate ligament only where it is not ``torn``."""
    space = canvas.space
    outline = soft.around(canvas, who, seed)
    skeleton = bones.build(space, who)
    fill_joint(canvas, skeleton, seed)
    paint_bones(canvas, skeleton, seed)
    paint_cartilage(canvas, skeleton)
    menisci = {side: joint.meniscus(space, who, skeleton, side) for side in (joint.MEDIAL, joint.LATERAL)}
    for meniscus in menisci.values():
        canvas.paint(skeleton.joint, meniscus.body, "meniscus")
    scene = lesions.Scene(canvas, who, skeleton, menisci, outline, seed)
    cruciates(scene, seed, torn)
    return scene


def fill_joint(canvas: Canvas, skeleton: bones.Bones, seed: int) -> None:
    """Synovium and a little fluid between the bones, in the notch and in the recess above the patella."""
    rng = stream(seed, "fluid")
    space = canvas.space
    box = skeleton.joint
    above, below = skeleton.condyles - skeleton.femoral, skeleton.plateau - skeleton.tibial
    cleft = ramp(above + below, 9, 5) * ramp(np.abs(space.u[box]), 6, 10)
    canvas.paint(box, np.asarray(cleft * np.float32(0.8), np.float32), "synovium")
    film = ramp(above, 1.4, 0.5) * ramp(skeleton.femoral, 0.4, 1.2) + 0.6 * ramp(below, 1.2, 0.4) * ramp(
        skeleton.tibial, 0.4, 1.2
    )
    canvas.paint(box, np.clip(film * np.float32(rng.uniform(0.45, 0.8)), 0, 1), "fluid")
    room = ramp(skeleton.notch, 0.5, -1) * ramp(space.v[box], 32, 24) * ramp(space.w[box], -6, 0)
    patchy = ramp(space.cloud(rng, 5, box), 0.2, 1.2) * room
    canvas.paint(box, room * np.float32(0.45), "synovium")
    canvas.paint(box, patchy * np.float32(rng.uniform(0.2, 0.65)), "fluid")
    amount = float(rng.uniform(0.7, 1.7))
    place, distance = space.ellipsoid((rng.normal(0, 2), -37, 57), (15 * amount**0.5, 1.5 * amount, 13))
    canvas.paint(place, space.inside(distance) * np.float32(0.9), "fluid")


def paint_bones(canvas: Canvas, skeleton: bones.Bones, seed: int) -> None:
    """Cortex around marrow, red marrow here and there, thick cortex along the shafts."""
    space = canvas.space
    rng = stream(seed, "marrow")
    level = np.float32(rng.uniform(0.94, 1.04))
    for box, distance in (skeleton.femur, skeleton.tibia, skeleton.fibula, skeleton.patella):
        canvas.paint(box, space.inside(distance), "cortex")
        shaft = np.maximum(ramp(space.w[box], 48, 85), ramp(space.w[box], -22, -60))
        marrow = space.inside(np.asarray(distance + 1.0 + 2.6 * shaft, np.float32))
        grain = level * (1 + 0.05 * space.cloud(rng, 2.5, box) + 0.04 * space.cloud(rng, 11, box))
        canvas.paint(box, marrow, "marrow", np.asarray(grain, np.float32))
        scar = np.abs(np.where(space.w[box] > 0, space.w[box] - 40, space.w[box] + 17) + space.cloud(rng, 14, box))
        canvas.paint(box, marrow * ramp(scar, 1.1, 0.2) * (1 - shaft) * np.float32(0.4), "cortex")
        red = ramp(space.cloud(rng, 12, box), 0.6, 1.8) * shaft * np.float32(rng.uniform(0, 0.45))
        canvas.paint(box, red * marrow, "red marrow")


def paint_cartilage(canvas: Canvas, skeleton: bones.Bones) -> None:
    """The cartilage of all four surfaces."""
    space = canvas.space
    for distance, thick in ((skeleton.condyles, skeleton.femoral), (skeleton.plateau, skeleton.tibial)):
        shell = space.inside(distance - thick) * (1 - space.inside(distance)) * ramp(thick, 0.3, 1.0)
        canvas.paint(skeleton.joint, np.asarray(shell, np.float32), "cartilage")
    box, distance = skeleton.patella
    canvas.paint(box, space.inside(skeleton.patellar) * (1 - space.inside(distance)), "cartilage")


def cruciates(scene: lesions.Scene, seed: int, torn: bool) -> None:
    """Both cruciate ligaments, striated; what of their signal is the magic angle's."""
    rng = stream(seed, "cruciates")
    space, radius = scene.space, scene.person.acl[0]
    box, distance, _ = space.tube(joint.pcl_line(scene.person), radius * 1.35, flat=(1.1, 0.85, 0.85))
    soft_share = scene.soft(box)
    scene.canvas.paint(box, space.inside(distance) * soft_share, "ligament")
    magic = float(rng.uniform(0, 0.8))
    grain = rng.integers(2**31)
    if torn:
        return
    line = joint.acl_line(scene.person)
    t = np.linspace(-1, 1, len(line))[:, None]
    for bundle in (-1, 1):
        apart = bundle * np.array([0.9, 0.7, 0.9]) + bundle * np.array([1.0, 1.0, 0.0]) * t
        box, distance, along = space.tube(line + apart * radius * 0.5, radius * np.linspace(0.95, 1.2, len(line)))
        share = space.inside(distance) * scene.soft(box)
        scene.canvas.paint(box, share, "ligament")
        bright = share * ramp(along, 0.45, 1.0) * ramp(space.cloud(np.random.default_rng(grain), 3.0, box), -0.6, 1.0)
        scene.canvas.paint(box, np.asarray(bright * np.float32(magic), np.float32), "magic angle")
