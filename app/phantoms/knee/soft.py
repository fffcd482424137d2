"""Skin, fat, muscles, tendons, collateral ligaments and vessels: everything around the joint.

Knows the person, the grid and the canvas. Stations are (w, u, v, a, b) as `Space.column` takes them: cross-sections of an
average leg, from foot to head.
"""

from collections.abc import Sequence

import numpy as np

from app.phantoms.knee.bones import within
from app.phantoms.knee.person import Person
from app.phantoms.knee.space import F32, Box, Space, ramp, stream
from app.phantoms.knee.tissue import Canvas

Stations = Sequence[Sequence[float]]

MUSCLES: dict[str, Stations] = {
    "medial gastrocnemius": [
        (-98, -21, 38, 27, 22), (-50, -21, 43, 23, 18), (-10, -19, 47, 17, 12), (15, -19, 43, 12, 8), (34, -20, 36, 3, 2),
    ],
    "lateral gastrocnemius": [
        (-98, 20, 39, 25, 21), (-50, 20, 44, 21, 17), (-10, 18, 48, 16, 11), (15, 20, 44, 12, 8), (34, 22, 36, 3, 2),
    ],
    "soleus": [(-98, 4, 18, 36, 15), (-60, 10, 24, 27, 11), (-35, 20, 26, 14, 6), (-20, 26, 26, 5, 3)],
    "popliteus": [(-70, -8, 15, 12, 5), (-35, 2, 23, 20, 6), (-12, 20, 29, 11, 4), (2, 30, 26, 4, 3)],
    "tibialis anterior": [(-98, 24, -10, 17, 18), (-55, 27, -8, 15, 15), (-28, 32, -4, 8, 9), (-14, 34, -3, 3, 3)],
    "fibularis longus": [(-98, 42, 12, 9, 14), (-50, 41, 10, 8, 12), (-26, 40, 10, 4, 6)],
    "semimembranosus": [(-8, -33, 36, 5, 5), (15, -33, 42, 10, 9), (45, -26, 43, 17, 14), (98, -22, 42, 21, 17)],
    "semitendinosus": [(5, -31, 54, 3, 3), (50, -19, 60, 10, 7), (98, -14, 60, 14, 10)],
    "biceps femoris": [(-12, 38, 24, 4, 5), (12, 38, 34, 8, 11), (45, 31, 41, 14, 15), (98, 24, 46, 20, 18)],
    "sartorius": [(-25, -43, 20, 3, 8), (15, -47, 26, 5, 11), (60, -46, 22, 8, 13), (98, -43, 16, 10, 15)],
    "vastus medialis": [(16, -34, -26, 4, 6), (34, -34, -19, 11, 15), (60, -28, -14, 20, 22), (98, -25, -13, 24, 27)],
    "vastus lateralis": [(34, 36, -20, 4, 7), (60, 30, -13, 17, 21), (98, 27, -11, 24, 28)],
    "vastus intermedius": [(56, 0, -28, 8, 3), (98, 2, -27, 24, 10)],
}  # fmt: skip
"""Half axes are those of a middling muscle."""

TENDONS: dict[str, tuple[Stations, float]] = {
    "quadriceps": ([(45, 2, -48, 17, 3.2), (60, 1, -44, 15, 3.4), (98, 0, -41, 13, 3)], 3.0),
    "patellar": ([(-40, 3, -30.5, 9, 3), (-28, 3, -33, 11, 2.6), (-5, 2.5, -42, 12, 2.5), (16, 2.5, -49, 14, 2.8)], 3.5),
    "in front of the patella": ([(14, 2.5, -50.5, 15, 1.4), (30, 2.5, -53.5, 16, 1.2), (48, 2, -50, 16, 1.6)], 2.5),
    "iliotibial band": ([(-18, 31, -15, 2.4, 4), (0, 38, -14, 2.4, 7), (30, 44, -10, 1.6, 9), (98, 50, -8, 1.5, 13)], 2.5),
    "medial collateral": ([(-45, -26, -2, 1.5, 7), (-15, -39, 1, 1.6, 7), (5, -41, 3, 1.7, 7), (32, -41.5, 4, 1.8, 5)], 2.5),
    "lateral collateral": ([(-16, 36, 18, 2.2, 2.2), (5, 40, 11, 2, 2), (28, 39, 5, 2.2, 2.4)], 2.0),
    "biceps": ([(-16, 38, 21, 2.4, 3.2), (12, 40, 33, 2, 3), (40, 38, 42, 1.4, 2)], 2.0),
    "medial retinaculum": ([(6, -23, -39, 1, 0.6), (20, -25, -40, 6, 1), (34, -26, -40, 7, 1), (50, -25, -38, 1, 0.6)], 2.0),
    "lateral retinaculum": ([(6, 25, -39, 1, 0.6), (20, 27, -40, 6, 0.9), (34, 28, -40, 7, 0.9), (50, 27, -38, 1, 0.6)], 2.0),
}  # fmt: skip
"""Dark straps: stations and the power of the superellipse."""

VESSELS: dict[str, tuple[str, Stations]] = {
    "popliteal artery": ("flow void", [(-98, 8, 30, 3, 3), (-30, 5, 37, 3.4, 3.4), (10, 3, 45, 3.8, 3.8), (98, -8, 32, 4, 4)]),
    "popliteal vein": ("slow blood", [(-98, 13, 32, 3, 3), (-30, 10, 40, 4, 4), (10, 8, 50, 4.2, 4.2), (98, -2, 39, 4.5, 4.5)]),
}  # fmt: skip


def leg(space: Space, person: Person) -> tuple[Box, F32]:
    """The leg's outline."""
    fat, bulk = person.skin - 9, (person.muscle - 1) * 25
    stations = [
        (w, u, v + 0.2 * fat, a + fat + bulk, b + fat + bulk)
        for w, u, v, a, b in (
            (-110, -1, 12, 46, 50), (-60, -1, 10, 49, 52), (-35, -1, 9, 50, 49), (-10, -1, 4, 50, 56), (15, -1, 2, 53, 59),
            (32, -1, 1, 54, 60), (55, -1, 6, 56, 58), (110, -1, 11, 62, 62),
        )
    ]  # fmt: skip
    return space.column(stations, 2.25)


def around(canvas: Canvas, person: Person, seed: int) -> F32:
    """Skin, fat and muscles, then tendons, collaterals and vessels. The distance from the leg's outline, on the whole grid."""
    space = canvas.space
    box, outline = leg(space, person)
    rng = stream(seed, "fat")
    texture = 1 + 0.05 * space.cloud(rng, 14, box) + 0.04 * space.cloud(rng, 5, box)
    canvas.paint(box, space.inside(outline), "fat", texture)
    skin = space.inside(np.asarray(np.abs(outline + 0.9) - 0.9, np.float32))
    canvas.paint(box, skin, "skin")
    strands(canvas, box, outline, rng)
    deep = within(space.everywhere, box, outline)
    muscles(canvas, person, deep, seed)
    for stations, power in TENDONS.values():
        place, distance = space.column(stations, power)
        canvas.paint(place, space.inside(np.maximum(distance, deep[place] + 3)), "tendon")
    vessels(canvas, deep, seed)
    return deep


def strands(canvas: Canvas, box: Box, outline: F32, rng: np.random.Generator) -> None:
    """Septa in the fat: thin sheets that noise crosses nought on."""
    sheet = canvas.space.cloud(rng, 9, box)
    share = ramp(np.abs(sheet), 0.16, 0.02) * ramp(outline, -0.5, -3) * np.float32(rng.uniform(0.15, 0.4))
    canvas.paint(box, share, "synovium")


def muscles(canvas: Canvas, person: Person, deep: F32, seed: int) -> None:
    """Every muscle, marbled, with its fascia."""
    rng = stream(seed, "muscle")
    space = canvas.space
    streaks = ramp(np.abs(space.cloud(rng, 8)), 0.14, 0.02)
    texture = 1 + 0.06 * space.cloud(rng, 6) + np.float32(rng.uniform(-0.2, 0.35)) * streaks
    for stations in MUSCLES.values():
        jitter = rng.normal(0, 1.0, 2)
        bulk = person.muscle * rng.uniform(0.93, 1.08)
        moved = [(w, u + jitter[0], v + jitter[1], a * bulk, b * bulk) for w, u, v, a, b in stations]
        box, distance = space.column(moved)
        distance = np.maximum(distance, deep[box] + np.float32(max(2.5, 0.6 * person.skin)))
        canvas.paint(box, space.inside(distance - 0.4) * np.float32(0.6), "tendon")
        canvas.paint(box, space.inside(distance + 0.4), "muscle", texture[box])


def vessels(canvas: Canvas, deep: F32, seed: int) -> None:
    """Popliteal artery and vein, small veins under the skin and around the joint."""
    rng = stream(seed, "vessels")
    space = canvas.space
    for tissue, stations in VESSELS.values():
        jitter = rng.normal(0, 1.2, 2)
        box, distance = space.column([(w, u + jitter[0], v + jitter[1], a, b) for w, u, v, a, b in stations])
        canvas.paint(box, space.inside(np.asarray(np.abs(distance) - 0.5, np.float32)), "tendon")
        canvas.paint(box, space.inside(distance), tissue)
    for _ in range(int(rng.integers(3, 7))):
        turn = rng.uniform(0.5, 5.8) - np.pi / 2
        foot = rng.uniform(-90, 0)
        length = rng.uniform(30, 90)
        wander = np.cumsum(rng.normal(0, 0.06, 6))
        radius = rng.uniform(0.8, 1.7)
        far = [
            (foot + length * k / 5, 44 * np.cos(turn + s), 4 + 46 * np.sin(turn + s), radius, radius)
            for k, s in enumerate(wander)
        ]
        box, distance = space.column(far)
        canvas.paint(
            box, space.inside(np.maximum(distance, deep[box] + 2)), "slow blood" if rng.random() < 0.6 else "flow void"
        )
