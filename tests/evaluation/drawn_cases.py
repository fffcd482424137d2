"""The inputs of the shared cases: maps and regions that meet what films and stacks have, drawn from fixed seeds."""

import numpy as np

from tests.evaluation.shared_cases import Comparison, Extent, Localised, Map, Shape, Values

FILM: Extent = (0, 0, 64, 64)
WIDE: Extent = (-32, 0, 96, 128)
"""A tall film of 128 rows and 64 columns, padded to a square."""
STAR: Shape = ("polygon", [[20.01, 2.02], [31.03, 37.0], [2.04, 15.01], [38.02, 15.53], [8.01, 37.57]])


def noise(seed: int, slices: int, side: int) -> Values:
    """Signed values in sixty-fourths, so that many are equal."""
    return np.round(np.random.default_rng(seed).normal(size=(slices, side, side)) * 64) / 64


def blob(row: float, column: float, side: int, slices: int = 1) -> Values:
    """One hot place on every slice, in shares of the side, in 4096ths."""
    y, x = np.mgrid[:side, :side] / side
    return np.repeat(np.round(np.exp(-((y - row) ** 2 + (x - column) ** 2) * 40) * 4096)[None] / 4096, slices, 0)


def on(values: Values, *places: int) -> Values:
    """Nothing on all slices but these."""
    kept = np.zeros((len(values), 1, 1))
    kept[list(places)] = 1
    return values * kept


def comparisons() -> list[Comparison]:
    """What methods may have to say of a film, and of a stack."""
    square, tall = (64, 64), (128, 64)
    several = {"cam": Map(noise(1, 1, 8), FILM), "saliency": Map(noise(2, 1, 32), FILM), "lrp": Map(noise(3, 1, 24), FILM)}
    stack = {"cam": Map(noise(11, 5, 4), FILM), "saliency": Map(noise(12, 5, 16), FILM), "lrp": Map(noise(13, 5, 12), FILM)}
    few = {
        "cam": Map(on(blob(0.3, 0.3, 8, 6), 2), FILM),
        "saliency": Map(on(blob(0.4, 0.3, 16, 6), 2, 3), FILM),
        "lrp": Map(on(noise(14, 6, 16), 1, 2, 3), FILM),
    }
    steps = np.arange(4.0)[:, None, None] * np.ones((4, 4, 4))
    flat = {
        "zero": Map(np.zeros((1, 4, 4)), FILM),
        "against": Map(-(noise(4, 1, 4) ** 2), FILM),
        "same": Map(np.ones((1, 4, 4)), FILM),
    }
    beyond: Extent = (-10, 6, 54, 70)
    zero, ones = Map(np.zeros((3, 4, 4)), FILM), Map(np.ones((3, 4, 4)), FILM)
    return [
        Comparison("a film, three resolutions", square, several),
        Comparison("a film, padded to a square", tall, {"a": Map(noise(5, 1, 8), WIDE), "b": Map(noise(6, 1, 16), WIDE)}),
        Comparison(
            "a film, maps of other extents",
            square,
            {
                "whole": Map(noise(7, 1, 8), FILM),
                "right": Map(noise(8, 1, 8), (32, 0, 64, 64)),
                "beyond": Map(noise(9, 1, 16), beyond),
            },
        ),
        Comparison(
            "a film, two maps that are one",
            square,
            {
                "cam": Map(blob(0.2, 0.2, 16), FILM),
                "gradcam": Map(blob(0.2, 0.2, 16) * 7, FILM),
                "lrp": Map(blob(0.8, 0.8, 16), FILM),
            },
        ),
        Comparison("a film, maps without an order", square, flat),
        Comparison("a film, one map with an order", square, {**flat, "blob": Map(blob(0.5, 0.5, 8), FILM)}),
        Comparison("a stack, three resolutions", square, stack),
        Comparison("a stack, few slices hold anything", square, few),
        Comparison("a stack, padded to a square", tall, {"a": Map(noise(15, 4, 8), WIDE), "b": Map(noise(16, 4, 16), WIDE)}),
        Comparison(
            "a stack, each slice the same everywhere", square, {"steps": Map(steps, FILM), "noise": Map(noise(17, 4, 8), FILM)}
        ),
        Comparison(
            "a stack, two maps that are one",
            square,
            {"cam": Map(on(noise(18, 3, 8), 0, 1), FILM), "gradcam": Map(on(noise(18, 3, 8), 0, 1) / 64, FILM)},
        ),
        Comparison("a stack, nothing at all", square, {"a": zero, "b": ones}),
        Comparison(
            "a film, cells that begin outside of what is drawn, and end before it does",
            square,
            {"cam": Map(noise(31, 1, 8), (-3.5, -3.5, 60.5, 60.5), FILM), "lrp": Map(noise(32, 1, 32), FILM)},
        ),
        Comparison(
            "a stack, cells that do not come to the border",
            tall,
            {
                "cam": Map(noise(33, 3, 6), (-23, 9, 85, 117), WIDE),
                "gradcam": Map(noise(34, 3, 12), (-34, -2, 94, 126), WIDE),
                "lrp": Map(noise(35, 3, 16), WIDE),
            },
        ),
    ]


def localised() -> list[Localised]:
    """A map against what a reader may have drawn on a film, and on slices of a stack."""
    film, over = (40, 30), (-2.0, 3.0, 33.0, 38.0)
    one, deep = noise(21, 1, 7), noise(22, 4, 8)
    box: Shape = ("rectangle", [[24, 14], [26, 16]])
    oval: Shape = ("ellipse", [[4, 6], [26, 30]])
    peak = np.zeros((1, 4, 4))
    peak[0, 1, 2] = 1
    tied = peak.copy()
    tied[0, 2, 2] = 1
    apart, corners, flat, ring = np.zeros((1, 4, 4)), np.zeros((1, 4, 4)), np.zeros((1, 4, 4)), np.zeros((1, 7, 7))
    apart[0, 1, (0, 2)] = corners[0, (1, 2), (2, 3)] = flat[0, 1:3, 1:3] = 1
    ring[0, 2:5, 2:5] = 1
    ring[0, 3, 3] = 0.5
    deep_flat, deep_apart = np.concatenate([flat] * 3), np.concatenate([flat, flat * 0.5, flat])
    border: Shape = ("rectangle", [[0, 0], [40, 4]])
    corner = np.zeros((1, 4, 4))
    corner[0, 0, 0] = 1
    square: Extent = (0, 0, 40, 40)
    beside: Extent = (-6, 0, 54, 80)
    heavy = on(noise(23, 4, 8) ** 2, 1)
    large: Extent = (0, 0, 600, 700)
    tiny: Shape = ("rectangle", [[30.6, 30.6], [31.4, 31.4]])
    line: Shape = ("freehand", [[2, 2], [45, 6], [40, 70], [8, 64]])
    drawn: dict[int, list[Shape]] = {0: [("rectangle", [[4, 10], [24, 60]])], 2: [("ellipse", [[10, 10], [40, 70]])]}
    return [
        Localised("a film, an ellipse", film, Map(one, over), {0: [oval]}),
        Localised("a film, several shapes, one that crosses itself", film, Map(one, over), {0: [STAR, box]}),
        Localised(
            "a film of more than 512 pixels",
            (700, 600),
            Map(noise(24, 1, 6), large),
            {0: [("ellipse", [[150, 200], [420, 510]])]},
        ),
        Localised("a film, the highest cell inside", (40, 40), Map(peak, square), {0: [box]}),
        Localised("a film, the highest cell outside", (40, 40), Map(peak, square), {0: [("rectangle", [[0, 0], [24, 40]])]}),
        Localised("a film, two highest cells", (40, 40), Map(apart, square), {0: [box]}),
        Localised(
            "a film, two highest cells side by side", (40, 40), Map(tied, square), {0: [("rectangle", [[24, 19], [26, 21]])]}
        ),
        Localised("a film, two highest cells that touch at a corner", (40, 40), Map(corners, square), {0: [box]}),
        Localised("a film, a plateau", (40, 40), Map(flat, square), {0: [("rectangle", [[19, 19], [21, 21]])]}),
        Localised(
            "a film, a plateau of which a corner is drawn",
            (40, 40),
            Map(flat, square),
            {0: [("rectangle", [[10, 10], [19, 19]])]},
        ),
        Localised(
            "a film, a ring around what is drawn", (40, 40), Map(ring, (0, 0, 35, 35)), {0: [("ellipse", [[15, 15], [20, 20]])]}
        ),
        Localised(
            "a film, a ring that is drawn", (40, 40), Map(ring, (0, 0, 35, 35)), {0: [("rectangle", [[10, 10], [25, 14]])]}
        ),
        Localised(
            "a film, the same everywhere", (40, 40), Map(np.ones((1, 4, 4)), square), {0: [("rectangle", [[10, 10], [30, 30]])]}
        ),
        Localised(
            "a film, cells drawn up to the border", (40, 40), Map(np.abs(one), (2.5, 2.5, 37.5, 37.5), square), {0: [border]}
        ),
        Localised(
            "a film, cells that begin outside", (40, 40), Map(np.abs(one), (-4.5, -4.5, 37.5, 37.5), square), {0: [border]}
        ),
        Localised(
            "a film, cells that the network did not read", (40, 40), Map(one, (-4, -4, 41, 41), (4, 4, 30, 30)), {0: [oval]}
        ),
        Localised("a film, nothing positive", (40, 40), Map(-(one**2), square), {0: [box]}),
        Localised("a film, all evidence outside", (40, 40), Map(corner, square), {0: [("rectangle", [[30, 30], [38, 38]])]}),
        Localised("a film, all of it drawn", (40, 40), Map(one, square), {0: [("rectangle", [[0, 0], [40, 40]])]}),
        Localised("a film, a region that holds no centre", (40, 40), Map(one, square), {0: [tiny]}),
        Localised("a film, no region", film, Map(one, over)),
        Localised("a stack, regions on two slices", (80, 48), Map(deep, beside), drawn),
        Localised("a stack, the evidence on a slice without a region", (80, 48), Map(heavy, beside), drawn),
        Localised("a stack, the evidence on the slice of the region", (80, 48), Map(heavy, beside), {1: [line]}),
        Localised(
            "a stack, two highest cells on two slices", (40, 40), Map(np.concatenate([peak, peak, corner]), square), {0: [box]}
        ),
        Localised(
            "a stack, a plateau through three slices",
            (40, 40),
            Map(deep_flat, square),
            {1: [("rectangle", [[19, 19], [21, 21]])]},
        ),
        Localised(
            "a stack, a plateau beside the slice that is drawn",
            (40, 40),
            Map(deep_flat, square),
            {0: [("rectangle", [[19, 19], [21, 21]])]},
        ),
        Localised(
            "a stack, a plateau between two slices",
            (40, 40),
            Map(deep_flat[:2], square),
            {1: [("rectangle", [[19, 19], [21, 21]])]},
        ),
        Localised("a stack, two plateaus", (40, 40), Map(deep_apart, square), {0: [("rectangle", [[5, 5], [35, 35]])]}),
        Localised("a stack, nothing positive", (40, 40), Map(np.zeros((3, 4, 4)), square), {1: [box]}),
        Localised("a stack, no region", (80, 48), Map(deep, beside)),
    ]
