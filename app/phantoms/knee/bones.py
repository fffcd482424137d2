"""Femur, tibia, fibula and patella with their cartilage, as signed distances.

Knows the person and the grid. The shapes are drawn from an atlas's proportions, not from anybody's images: two condyles with a
notch between them and a groove in front, a plateau with two spines, a shaft that widens towards the joint.
"""

from dataclasses import dataclass

import numpy as np

from app.phantoms.knee.person import Person
from app.phantoms.knee.space import F32, Box, Space, intersection, ramp, union

JOINT = ((-46, -48, -28), (46, 46, 62))
"""Where the joint's parts lie: femur's end, plateau, menisci, cruciate ligaments."""


@dataclass(frozen=True, slots=True, eq=False)
class Bones:
    """The bones of one knee: ``femur``, ``tibia``, ``fibula`` and ``patella``, each a distance in a box of its own.

    ``joint``: the box that the joint's parts share. In it: ``condyles`` and ``plateau``, the femur's and tibia's distance;
    ``femoral`` and ``tibial``, thickness of their cartilage, 0 where there is none; ``notch``, the distance from the space
    between the condyles. ``patellar``: the distance from the patella's cartilage, in the patella's box.
    """

    joint: Box
    femur: tuple[Box, F32]
    tibia: tuple[Box, F32]
    condyles: F32
    plateau: F32
    femoral: F32
    tibial: F32
    notch: F32
    fibula: tuple[Box, F32]
    patella: tuple[Box, F32]
    patellar: F32


def build(space: Space, person: Person) -> Bones:
    """Every bone."""
    joint = space.box(*JOINT)
    femur_box, femur, notch = femur_of(space, person)
    tibia_box, tibia = tibia_of(space, person)
    condyles, notch = within(joint, femur_box, femur), within(joint, femur_box, notch)
    plateau = within(joint, tibia_box, tibia)
    patella_box, patella, patellar = patella_of(space, person)
    return Bones(
        joint=joint,
        femur=(femur_box, femur),
        tibia=(tibia_box, tibia),
        condyles=condyles,
        plateau=plateau,
        femoral=femoral_cartilage(space, person, joint, notch),
        tibial=tibial_cartilage(space, person, joint),
        notch=notch,
        fibula=space.column(
            [(-95, 36, 17, 6, 6.5), (-45, 36, 17, 7, 7.5), (-32, 35, 18, 9, 10), (-20, 34, 19, 11, 12), (-13, 34, 19, 7, 8)]
        ),
        patella=(patella_box, patella),
        patellar=patellar,
    )


def within(box: Box, other: Box, values: F32, outside: float = 30.0) -> F32:
    """``values``, known in ``other``, laid into ``box``: ``outside`` where they are not known."""
    whole = np.full([cut.stop - cut.start for cut in box], np.float32(outside))
    low = [max(a.start, b.start) for a, b in zip(box, other, strict=True)]
    high = [min(a.stop, b.stop) for a, b in zip(box, other, strict=True)]
    if all(a < b for a, b in zip(low, high, strict=True)):
        goal = tuple(slice(a - cut.start, b - cut.start) for a, b, cut in zip(low, high, box, strict=True))
        source = tuple(slice(a - cut.start, b - cut.start) for a, b, cut in zip(low, high, other, strict=True))
        whole[goal] = values[source]
    return whole


def leaning(space: Space, person: Person, box: Box) -> tuple[F32, F32, F32]:
    """The femur's own u, v, w in ``box``: bent at the joint, leaning to a side."""
    u, v, w = space.u[box], space.v[box], space.w[box]
    cos, sin = np.float32(np.cos(person.flexion)), np.float32(np.sin(person.flexion))
    height, back = w - 28, v - 5
    return u + np.float32(person.varus) * height, back * cos + height * sin + 5, height * cos - back * sin + 28


def femur_of(space: Space, person: Person) -> tuple[Box, F32, F32]:
    """The femur's box, its distance, and the notch's."""
    box = space.box((-46, -46, -2), (46, 46, 96))
    u, v, w = leaning(space, person, box)
    condyles = None
    for side, half, (front, radius) in zip((-1, 1), person.condyle, ((5.0, 31.0), (4.0, 32.0)), strict=True):
        du, dv, dw = (u - side * 23.0) / half, (v - front) / radius, (w - 28) / 25.4
        du2, dv2, dw2 = du * du, dv * dv, dw * dw
        slope = np.sqrt((4 * du2 * du / half) ** 2 + 4 * dv2 / radius**2 + 4 * dw2 / 25.4**2)
        one = np.clip((du2 * du2 + dv2 + dw2 - 1) / np.maximum(slope, 0.02), -25, 60)
        condyles = one if condyles is None else np.minimum(condyles, one)
    groove = np.float32(person.groove) * np.exp(-(((u - 1.5) / 9.0) ** 2))
    body = [(u / 37), (v + 3) / 25, (w - 36) / 22]
    square = [each * each for each in body]
    k0 = np.sqrt(sum(square))
    k1 = np.sqrt(square[0] / 37**2 + square[1] / 25**2 + square[2] / 22**2)
    middle = np.maximum(k0 * (k0 - 1) / np.maximum(k1, 1e-3), -(v + 28 - groove))
    shaft = shaft_of(u, v, w)
    whole = union(union(np.asarray(condyles, np.float32), np.asarray(middle, np.float32), 5), shaft, 8)
    roof = (w - 13 - 0.64 * (v + 10)) / np.float32(1.19)
    narrow = np.abs(u) - np.float32(person.notch) + np.maximum(w - 16, 0) * np.float32(0.12)
    notch = intersection(intersection(np.asarray(narrow, np.float32), np.asarray(roof, np.float32), 5), -(v + 17), 3)
    return box, intersection(whole, -notch, 2.5), notch


def shaft_of(u: F32, v: F32, w: F32) -> F32:
    """Shaft and flare of the femur: an ellipse whose half axes and middle change with height."""
    flare = ramp(w, 104, 30) ** np.float32(1.6)
    half_u, half_v = 14.5 + 24.0 * flare, 14.0 + 8.0 * flare
    du, dv = u / half_u, (v + 5 - 4 * flare) / half_v
    k0 = np.sqrt(du * du + dv * dv)
    distance = (k0 - 1) * np.minimum(half_u, half_v)
    return np.asarray(np.maximum(distance, 34 - w), np.float32)


def tibia_of(space: Space, person: Person) -> tuple[Box, F32]:
    """The tibia's box and its distance."""
    stations = [
        (-100, 0, -4, 13.5, 14), (-55, 0, -4, 16, 16.5), (-40, 0.5, -2, 20, 19), (-28, 0.5, 0, 26, 20.5),
        (-16, 0, 2, 34, 22.5), (-7, 0, 3, 39, 26), (14, 0, 3, 39, 26.5),
    ]  # fmt: skip
    box, side = space.column(stations, 2.5)
    u, v, w = space.u[box], space.v[box], space.w[box]
    spines = 7.5 * np.exp(-(((np.abs(u - 0.5) - 4.5) / 3.6) ** 2) - ((v - 4) / 10.0) ** 2)
    dish = 1.4 * np.exp(-(((u + 22) / 13.0) ** 2) - ((v - 4) / 16.0) ** 2)
    top = -2.6 - np.float32(person.slope) * (v - 5) + spines - dish - 1.2 * ramp(np.abs(u), 28, 38)
    distance = intersection(side, np.asarray((w - top) * np.float32(0.93), np.float32), 7)
    facet = space.ball(box, (0, 29, -4), (8, 8, 9))
    distance = intersection(distance, -facet, 4)
    tuberosity = space.ball(box, (3, -16, -36), (10, 9.5, 14))
    return box, union(distance, tuberosity, 6)


def patella_of(space: Space, person: Person) -> tuple[Box, F32, F32]:
    """The patella's box, its distance and that of its cartilage."""
    across, up = person.patella
    cu, cv, cw = across, -41.5 - (5.2 - person.groove) * 0.3, 30.0 + up
    box = space.box((cu - 28, cv - 14, cw - 24), (cu + 28, cv + 16, cw + 24))
    u, v, w = space.u[box] - np.float32(cu), space.v[box] - np.float32(cv), space.w[box] - np.float32(cw)
    shell = space.ball(box, (cu, cv - 1, cw), (22, 11.5, 21))
    facets = (v - 9 + np.abs(u + 1.5) * np.float32(0.36)) * np.float32(0.94)
    bone = intersection(shell, np.asarray(facets, np.float32), 3)
    region = ramp(np.abs(u), 21, 16) * ramp(w, -14, -10) * ramp(w, 16, 13)
    thick = np.float32(1.5 * person.cartilage) * region
    return box, bone, np.asarray(np.where(region > 0.05, np.maximum(bone - thick, -facets - 2.5), 9), np.float32)


def femoral_cartilage(space: Space, person: Person, joint: Box, notch: F32) -> F32:
    """Thickness over the condyles and the trochlea."""
    u, v, w = leaning(space, person, joint)
    behind = ramp(w, 45, 38) * ramp(v, -8, 2) + ramp(w, 50, 44) * ramp(v, 2, -8)
    sides = ramp(np.abs(u), 37, 32)
    free = ramp(notch, 0.5, 3.0)
    return np.asarray(np.float32(person.cartilage) * behind * sides * free, np.float32)


def tibial_cartilage(space: Space, person: Person, joint: Box) -> F32:
    """Thickness over the two halves of the plateau."""
    u, v, w = space.u[joint], space.v[joint], space.w[joint]
    halves = ramp(np.abs(u), 7, 11) * ramp(np.abs(u), 37, 34) * ramp(np.abs(v - 4), 24, 20)
    return np.asarray(np.float32(person.cartilage) * halves * ramp(w, -9, -7), np.float32)
