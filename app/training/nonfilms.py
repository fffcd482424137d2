"""Images that are no frontal chest film, drawn by a program: what a guard has to refuse.

Each family returns one picture in grey [0, 1], float32 (SIZE, SIZE). They stand for kinds, not for likeness: a limb is a
capsule with a brighter core, a slice an outline with organs in it, a photo leaves that fell on one another (the dead leaves
model, Lee, Mumford and Huang 2001). Nothing real is used.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from PIL import ImageDraw
from scipy.ndimage import gaussian_filter, map_coordinates

SIZE = 64
CANVAS = 160
Plane = NDArray[np.float32]
Random = np.random.Generator
down, over = (axis.astype(np.float32) for axis in np.mgrid[0:CANVAS, 0:CANVAS] / CANVAS)


def draw(seed: int, count: int, processes: int = 1) -> NDArray[np.uint8]:
    """``count`` pictures of all families in turn, uint8 (count, SIZE, SIZE)."""
    jobs = [(seed, index) for index in range(count)]
    if processes == 1:
        return np.stack([one(job) for job in jobs])
    with ProcessPoolExecutor(processes) as pool:
        return np.stack(list(pool.map(one, jobs, chunksize=64)))


def one(job: tuple[int, int]) -> NDArray[np.uint8]:
    """One picture, uint8 (SIZE, SIZE), of the family that the index falls on."""
    seed, index = job
    random = np.random.default_rng([seed, index])
    picture = FAMILIES[index % len(FAMILIES)](random)
    if random.random() < 0.5:
        picture = bent(picture, random)
    if random.random() < 0.25:
        picture = framed(picture, random)
    small = Picture.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).resize((SIZE, SIZE), Picture.Resampling.BOX)
    plane = np.asarray(small, np.float32) + random.normal(0, random.choice([0, 2, 8]), (SIZE, SIZE))
    return np.clip(plane, 0, 255).astype(np.uint8)


def side_one(seed: int, index: int) -> NDArray[np.uint8]:
    """One lateral chest as `one` draws it, uint8 (SIZE, SIZE), of whatever index."""
    return one((seed, FAMILIES.index(side_view) + index * len(FAMILIES)))


def field(random: Random, slope: float | None = None) -> Plane:
    """Noise whose amplitude falls as frequency^−slope (0 white, 2 clouds), between 0 and 1."""
    slope = random.uniform(0, 3) if slope is None else slope
    f = np.hypot(np.fft.fftfreq(CANVAS)[:, None], np.fft.fftfreq(CANVAS)[None])
    f[0, 0] = 1
    noise = np.fft.ifft2(np.fft.fft2(random.normal(size=(CANVAS, CANVAS))) / f**slope).real
    low, high = np.percentile(noise, (1, 99))
    return np.asarray(np.clip((noise - low) / (high - low), 0, 1), np.float32)


def bent(picture: Plane, random: Random) -> Plane:
    """The picture after a smooth warp."""
    push = random.uniform(2, 14)
    at = [axis * CANVAS + push * gaussian_filter(random.normal(size=(CANVAS, CANVAS)), 18) * 30 for axis in (down, over)]
    return np.asarray(map_coordinates(picture, at, order=1, mode="nearest"), np.float32)


def framed(picture: Plane, random: Random) -> Plane:
    """The picture inside a black, grey or white frame."""
    out = np.full_like(picture, random.choice([0, 0, 1, random.random()]))
    top, left = random.integers(0, CANVAS // 4, 2)
    bottom, right = CANVAS - random.integers(0, CANVAS // 4, 2)
    out[top:bottom, left:right] = picture[top:bottom, left:right]
    return out


def ellipse(random: Random, centre: tuple[float, float], radii: tuple[float, float], angle: float = 0.0) -> Plane:
    """How deep each point lies in a slightly irregular ellipse: 1 at the centre, 0 at its edge, negative outside."""
    y, x = down - centre[0], over - centre[1]
    c, s = np.cos(angle), np.sin(angle)
    v, u = (c * y - s * x) / radii[0], (s * y + c * x) / radii[1]
    turn = np.arctan2(v, u)
    ripple = 1 + sum(random.normal(0, 0.04) * np.cos(k * turn + random.uniform(0, 6)) for k in (2, 3, 4))
    return np.asarray(1 - np.hypot(v, u) / ripple, np.float32)


def soft(depth: Plane, width: float = 0.04) -> Plane:
    """1 inside a shape, 0 outside, with a soft edge."""
    return np.asarray(np.clip(depth / width + 0.5, 0, 1), np.float32)


def capsule(a: NDArray[np.float64], b: NDArray[np.float64], radius: float) -> Plane:
    """How much of a cylinder along a → b (row, column) a ray passes: 1 on its axis, 0 outside."""
    along = b - a
    t = np.clip(((down - a[0]) * along[0] + (over - a[1]) * along[1]) / max(float(along @ along), 1e-6), 0, 1)
    away = np.hypot(down - a[0] - t * along[0], over - a[1] - t * along[1])
    return np.asarray(np.sqrt(np.clip(1 - (away / radius) ** 2, 0, 1)), np.float32)


def noise(random: Random) -> Plane:
    """White to cloudy noise, sometimes cut to black and white or to a few specks."""
    picture = field(random)
    kind = random.random()
    if kind < 0.2:
        return (picture > random.uniform(0.3, 0.97)).astype(np.float32)
    return picture


def pattern(random: Random) -> Plane:
    """Gradients, stripes, rings, checks, steps: test pictures."""
    angle, period = random.uniform(0, np.pi), random.uniform(0.03, 0.8)
    if random.random() < 0.5:
        angle = random.choice([0, np.pi / 2])
    across = np.cos(angle) * over + np.sin(angle) * down
    kind = random.integers(6)
    if kind == 0:
        picture = across
    elif kind == 1:
        picture = np.hypot(over - random.random(), down - random.random())
    elif kind == 2:
        picture = np.sin(2 * np.pi * across / period) / 2 + 0.5
    elif kind == 3:
        picture = (np.floor(over / period) + np.floor(down / period)) % 2
    elif kind == 4:
        picture = random.random(24)[(np.abs(across) / period).astype(int) % 24]
    else:
        picture = np.sin(2 * np.pi * np.hypot(over - 0.5, down - 0.5) / period) > 0
    return np.asarray(picture if random.random() < 0.5 else 1 - picture, np.float32)


def leaves(random: Random) -> Plane:
    """Opaque shapes of all sizes that cover one another: the statistics of a photo."""
    picture = Picture.fromarray((field(random, 2) * 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for size in np.sort(CANVAS * 0.04 / random.uniform(0.03, 1, random.integers(3, 90)))[::-1]:
        x, y = random.uniform(0, CANVAS, 2)
        stretch, shade = random.uniform(0.4, 2.5), int(random.integers(256))
        if random.random() < 0.5:
            pen.ellipse((x - size, y - size * stretch, x + size, y + size * stretch), fill=shade)
        else:
            corners = [(x + random.uniform(-1, 1) * size, y + random.uniform(-1, 1) * size * stretch) for _ in range(4)]
            pen.polygon(corners, fill=shade)
    plane = np.asarray(picture, np.float32) / 255
    light = 0.6 + 0.8 * field(random, 2.5)
    return np.asarray(gaussian_filter(plane * light, random.uniform(0, 2)), np.float32)


def thing(random: Random) -> Plane:
    """One object on a plain ground: a product photo, a face, a tool."""
    ground = random.choice([1, 0, 0.9, random.random()]) + 0.1 * random.normal() * (down - 0.5)
    picture = np.full((CANVAS, CANVAS), 1, np.float32) * ground
    for _ in range(random.integers(1, 7)):
        centre, radii = random.uniform(0.3, 0.7, 2), random.uniform(0.05, 0.4, 2)
        depth = soft(ellipse(random, tuple(centre), tuple(radii), random.uniform(0, 3)))
        shade = random.random() + 0.4 * (field(random, random.uniform(1, 2.5)) - 0.5)
        picture = picture * (1 - depth) + shade * depth
    return np.asarray(picture, np.float32)


def slice_(random: Random) -> Plane:
    """A CT or MR slice: an outline on black, a bright or dark rim, organs, now and then a table or text."""
    centre = random.uniform(0.42, 0.58, 2)
    radii = random.uniform(0.18, 0.5, 2)
    body = ellipse(random, tuple(centre), tuple(radii))
    inside = soft(body, 0.02)
    base, rim = random.uniform(0.1, 0.7), random.uniform(0, 1)
    picture = inside * base + soft(body, 0.02) * (body < random.uniform(0.03, 0.15)) * (rim - base)
    for _ in range(random.integers(2, 14)):
        at = centre + random.uniform(-0.8, 0.8, 2) * radii
        organ = (
            soft(ellipse(random, tuple(at), tuple(radii * random.uniform(0.05, 0.5, 2)), random.uniform(0, 3)), 0.1) * inside
        )
        picture = picture * (1 - organ) + random.random() * organ
    if random.random() < 0.5:  # a vertebra
        picture += 0.6 * inside * soft(ellipse(random, (centre[0] + 0.55 * radii[0], centre[1]), (0.07, 0.06)))
    picture += inside * random.uniform(0, 0.4) * (field(random, random.uniform(0, 2)) - 0.5)
    if random.random() < 0.3:
        picture += 0.5 * (np.abs(down - 0.93 - 0.2 * (over - 0.5) ** 2) < 0.008)
    return with_text(np.asarray(picture, np.float32), random) if random.random() < 0.3 else np.asarray(picture, np.float32)


def limb(random: Random) -> Plane:
    """A film of a limb, hand, foot or joint: soft tissue with one to six bones, on black or bright ground."""
    picture = np.zeros((CANVAS, CANVAS), np.float32)
    angle = random.normal(0, 0.35) + random.choice([0, np.pi / 2])
    way = np.array([np.cos(angle), np.sin(angle)])
    side = np.array([-way[1], way[0]])
    rays = int(random.choice([1, 1, 1, 2, 2, 5]))
    for ray in range(rays):
        off = (ray - (rays - 1) / 2) * (0.6 / max(rays, 2)) * side + random.normal(0, 0.03, 2)
        a, b = (
            0.5 + off - way * random.uniform(0.35, 0.8),
            0.5 + off * random.uniform(0.5, 1.4) + way * random.uniform(0.35, 0.8),
        )
        width = random.uniform(0.13, 0.4) if rays == 1 else random.uniform(0.4, 0.7) / rays
        picture += random.uniform(0.25, 0.6) * capsule(a, b, width)
        for cut in np.linspace(0, 1, int(random.choice([2, 2, 3, 4])) + 1)[:-1]:
            start, end = a + (b - a) * cut, a + (b - a) * (cut + random.uniform(0.25, 0.5))
            bone = capsule(start, end, width * random.uniform(0.25, 0.5))
            picture += random.uniform(0.2, 0.7) * (bone**0.5 - 0.5 * bone * random.random())
            picture += 0.3 * capsule(end, end + 0.01, width * random.uniform(0.3, 0.7))
    picture += random.uniform(0, 0.15) * (field(random, 1.5) - 0.5) * (picture > 0.05)
    return exposed(picture, random)


def trunk(random: Random) -> Plane:
    """A film of abdomen, pelvis, spine or neck: a body with a column in its middle, gas and bone, and no lungs."""
    body = soft(
        0.5 - np.abs(over - 0.5) - random.uniform(0, 0.15) + random.normal(0, 0.05) * np.cos(6 * down + random.uniform(0, 6)),
        0.1,
    )
    picture = body * (0.35 + 0.3 * field(random, 2.2))
    middle = 0.5 + random.normal(0, 0.06) + random.normal(0, 0.05) * np.sin(4 * down)
    width = random.uniform(0.04, 0.16)
    column = np.clip(1 - ((over - middle) / width) ** 2, 0, 1)
    picture += column * random.uniform(0.15, 0.5) * (1 + 0.3 * np.sin(2 * np.pi * down / random.uniform(0.08, 0.2)))
    if random.random() < 0.6:  # wings of the pelvis, femoral heads
        for sign in (-1, 1):
            wing = ellipse(random, (random.uniform(0.55, 0.8), 0.5 + sign * 0.25), (0.22, 0.16), sign * 0.5)
            picture += random.uniform(0.1, 0.5) * soft(wing, 0.05) * (1 - 0.6 * soft(wing - 0.3, 0.2))
            picture += random.uniform(0, 0.4) * soft(ellipse(random, (0.93, 0.5 + sign * 0.33), (0.08, 0.07)))
    for _ in range(random.integers(0, 8)):
        gas = soft(
            ellipse(random, tuple(random.uniform(0.2, 0.8, 2)), tuple(random.uniform(0.02, 0.1, 2)), random.uniform(0, 3)), 0.2
        )
        picture -= random.uniform(0.1, 0.3) * gas
    return exposed(np.asarray(picture, np.float32), random)


def skull(random: Random) -> Plane:
    """A film of a head: a bright rim, dark cavities, a jaw."""
    head = ellipse(random, (0.42, 0.5), (random.uniform(0.3, 0.42), random.uniform(0.27, 0.42)))
    picture = soft(head) * (0.35 + 0.2 * field(random, 2)) + 0.45 * soft(head) * np.exp(-((head / 0.08) ** 2))
    for _ in range(random.integers(1, 6)):
        hole = soft(ellipse(random, tuple(random.uniform((0.4, 0.25), (0.7, 0.75))), tuple(random.uniform(0.03, 0.1, 2))))
        picture -= random.uniform(0.05, 0.3) * hole
    jaw = ellipse(random, (random.uniform(0.72, 0.85), random.uniform(0.3, 0.6)), (0.13, 0.2), random.uniform(-0.5, 0.5))
    picture += random.uniform(0.2, 0.5) * soft(jaw) * (head < 0.2)
    picture += 0.35 * np.clip(1 - np.abs(over - random.uniform(0.4, 0.6)) / 0.12, 0, 1) * (down > 0.8)
    return exposed(np.asarray(picture, np.float32), random)


def side_view(random: Random) -> Plane:
    """A lateral chest: one dark field between a column behind and a rim in front, the heart low in front, one dome below."""
    lean = random.normal(0, 0.06)
    body = ellipse(random, (0.55, 0.5), (0.75, random.uniform(0.33, 0.5)), lean)
    picture = soft(body, 0.1) * random.uniform(0.4, 0.7)
    field_ = ellipse(random, (random.uniform(0.42, 0.55), 0.5), (random.uniform(0.36, 0.46), random.uniform(0.2, 0.34)), lean)
    picture -= random.uniform(0.2, 0.45) * soft(field_, 0.3)
    spine = np.clip(1 - ((over - random.uniform(0.68, 0.82) - 0.08 * np.sin(3 * down)) / random.uniform(0.05, 0.11)) ** 2, 0, 1)
    picture += random.uniform(0.1, 0.35) * spine * (1 + 0.25 * np.sin(2 * np.pi * down / random.uniform(0.06, 0.11)))
    heart = ellipse(random, (random.uniform(0.58, 0.7), random.uniform(0.33, 0.48)), (0.17, 0.15), 0.5)
    picture += random.uniform(0.1, 0.35) * soft(heart, 0.3)
    dome = down - random.uniform(0.68, 0.82) - 0.35 * (over - random.uniform(0.35, 0.55)) ** 2
    picture += random.uniform(0.15, 0.4) * np.clip(dome / 0.05, 0, 1)
    picture += random.uniform(0.05, 0.3) * np.clip(0.2 - down, 0, 1) * 5  # shoulders and arms
    for _ in range(random.integers(0, 9)):  # ribs across the field
        top, tilt = random.uniform(0.1, 0.8), random.uniform(-0.1, 0.5)
        picture += random.uniform(0.02, 0.08) * (np.abs(down - top - tilt * (over - 0.5)) < 0.012) * soft(body, 0.1)
    picture = np.asarray(picture + 0.1 * (field(random, 1.8) - 0.5), np.float32)
    return exposed(picture if random.random() < 0.5 else picture[:, ::-1], random)


def breast(random: Random) -> Plane:
    """A mammogram: half an ellipse at one edge, on black."""
    shape = ellipse(random, (0.5, 0.0), (random.uniform(0.3, 0.5), random.uniform(0.3, 0.8)))
    picture = soft(shape, 0.08) * (0.25 + 0.7 * field(random, random.uniform(1.2, 2.2)) * np.clip(shape * 2, 0, 1))
    return np.asarray(picture if random.random() < 0.5 else picture[:, ::-1], np.float32)


def ultrasound(random: Random) -> Plane:
    """Speckle in a fan or a box, on black, with text."""
    y, x = down + random.uniform(-0.1, 0.1), over - 0.5
    radius, angle = np.hypot(y, x), np.abs(np.arctan2(x, y))
    inside = (radius < random.uniform(0.6, 1)) & (radius > random.uniform(0, 0.2)) & (angle < random.uniform(0.4, 0.9))
    if random.random() < 0.3:
        inside = (np.abs(x) < random.uniform(0.2, 0.4)) & (y > 0.1) & (y < random.uniform(0.6, 0.95))
    speckle = -np.log(random.uniform(0.01, 1, (CANVAS, CANVAS))) / 3
    picture = inside * gaussian_filter(speckle, random.uniform(0.5, 2)) * (field(random, 2) ** random.uniform(1, 3)) * 2
    return with_text(np.asarray(picture, np.float32), random)


def vessels(random: Random) -> Plane:
    """Fluoroscopy: a bright round or square field with dark winding lines, and bones as shadows."""
    picture = 0.5 + 0.4 * (field(random, 2.5) - 0.5)
    for _ in range(random.integers(1, 12)):
        heading, at = random.uniform(0, 6.3), random.uniform(0.2, 0.8, 2)
        width = random.uniform(0.006, 0.03)
        for _ in range(random.integers(4, 14)):
            heading += random.normal(0, 0.4)
            to = at + 0.07 * np.array([np.sin(heading), np.cos(heading)])
            picture = np.minimum(picture, 1 - random.uniform(0.6, 0.9) * (capsule(at, to, width) > 0.2))
            at = to
    if random.random() < 0.7:
        round_ = ellipse(random, (0.5, 0.5), (0.48, 0.48))
        picture = np.where(round_ > 0, picture, random.choice([0, 0, 1]))
    return exposed(np.asarray(picture, np.float32), random)


def page(random: Random) -> Plane:
    """A document or a screen: lines of text, boxes, a table."""
    dark = random.random() < 0.3
    picture = np.full((CANVAS, CANVAS), 0.08 if dark else 0.97, np.float32)
    ink = 0.8 if dark else 0.1
    for _ in range(random.integers(0, 5)):
        top, left = random.uniform(0, 0.8, 2)
        picture[
            (down > top) & (down < top + random.uniform(0.05, 0.4)) & (over > left) & (over < left + random.uniform(0.1, 0.7))
        ] = random.random()
    row, step = random.uniform(0.02, 0.2), random.uniform(0.025, 0.09)
    while row < 0.95:
        words = np.repeat(random.random(40) < 0.8, CANVAS // 40)[:CANVAS]
        end = random.uniform(0.4, 0.95)
        picture[np.ix_(np.abs(down[:, 0] - row) < step / 4, words & (over[0] > 0.06) & (over[0] < end))] = ink
        row += step * random.choice([1, 1, 1, 2])
    return picture


def nearly_blank(random: Random) -> Plane:
    """One grey with a little on it: specks, a line, a corner, a faint gradient."""
    picture = np.full((CANVAS, CANVAS), random.random(), np.float32)
    kind = random.integers(4)
    if kind == 0:
        picture += random.choice([-1, 1]) * (random.random((CANVAS, CANVAS)) > 0.995)
    elif kind == 1:
        picture += random.choice([-1, 1]) * (np.abs(over * random.normal() + down * random.normal() - random.random()) < 0.01)
    elif kind == 2:
        picture += random.choice([-1, 1]) * ((over > random.uniform(0.6, 0.95)) & (down > random.uniform(0.6, 0.95)))
    else:
        picture += random.normal(0, 0.1, (CANVAS, CANVAS)) + random.normal() * over * 0.1
    return picture


def with_text(picture: Plane, random: Random) -> Plane:
    """Short bright lines in the corners, as scanners burn them in."""
    picture = picture.copy()
    for _ in range(random.integers(2, 12)):
        row, left = int(random.integers(2, CANVAS - 4)), int(random.choice([4, CANVAS - 44]))
        picture[row : row + 2, left : left + int(random.integers(8, 40))] = random.uniform(0.6, 1)
    return picture


def exposed(picture: Plane, random: Random) -> Plane:
    """A radiograph's exposure: gamma, now and then a bright ground, collimation or a marker."""
    low, high = np.percentile(picture, (0.5, 99.5))
    picture = np.clip((picture - low) / max(high - low, 1e-6), 0, 1) ** random.uniform(0.5, 1.6)
    if random.random() < 0.15:
        picture = 1 - picture
    if random.random() < 0.2:
        picture[int(random.integers(CANVAS - 20)) :][:12, int(random.integers(CANVAS - 20)) :][:, :8] = 1
    return np.asarray(picture, np.float32)


FAMILIES: tuple[Callable[[Random], Plane], ...] = (
    noise, pattern, leaves, thing, slice_, limb, trunk, skull, side_view, breast, ultrasound, vessels, page, nearly_blank,
    slice_, limb, trunk, leaves, side_view, thing,
)  # fmt: skip
