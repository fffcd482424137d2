"""The exposed field of a film: found in frames of every kind, and nowhere else."""

import io
import time
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage

from app.classifiers import exposed
from app.domain import Image, frozen
from app.phantoms import chest
from app.phantoms import film as exposure
from app.phantoms.grid import stream
from app.phantoms.patient import invent

Grey = NDArray[np.uint16]
SIZE = 512
OPEN = (1, 2, 4, 6)
"""Seeds of films that were taken with open diaphragms."""


@cache
def film(seed: int = 0, size: int = SIZE) -> Grey:
    """A drawn film that no diaphragm cuts, and nothing of which is quite black."""
    return (chest.draw(OPEN[seed], size=size, marker=True).pixels // 2 + 900).astype(np.uint16)


def framed(inner: Grey, edges: tuple[int, int, int, int], tone: int) -> Grey:
    """A film with so many lines of one grey around it: top, bottom, left, right."""
    return np.pad(inner, (edges[:2], edges[2:]), constant_values=tone)


def off(found: exposed.Box, wanted: exposed.Box) -> int:
    """By how many pixels the worst edge is off."""
    return max(abs(one - other) for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("tone", [0, 4095, 300, 60000])
@pytest.mark.parametrize("edges", [(60, 60, 60, 60), (0, 0, 90, 70), (120, 0, 0, 0), (40, 15, 25, 130)])
def test_a_frame_is_cut_off_to_the_pixel(tone: int, edges: tuple[int, int, int, int]) -> None:
    for seed in range(3):
        whole = framed(film(seed), edges, tone)
        wanted = (edges[0], edges[2], edges[0] + SIZE, edges[2] + SIZE)
        assert exposed.find(whole) == wanted


@pytest.mark.parametrize("size", [64, 128, 300, 1500])
def test_films_of_every_size_lose_their_frame(size: int) -> None:
    edge = size // 6
    whole = framed(film(1, size), (edge, edge, edge, edge), 0)
    assert off(exposed.find(whole), (edge, edge, edge + size, edge + size)) <= 1


def test_greys_that_are_inverted_make_no_difference() -> None:
    whole = framed(film(), (50, 30, 80, 20), 0)
    assert exposed.find(np.uint16(5000) - whole) == exposed.find(whole)


def dark(seed: int = 0, size: int = SIZE) -> Grey:
    """A drawn film whose flanks and corners are nearly black, as air is, but for noise."""
    down, over = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    body = np.clip(1.3 - np.hypot(down * 0.9, over * 1.2), 0, 1)
    noise = np.random.default_rng(seed).integers(0, 60, (size, size))
    return np.asarray(film(seed, size) * body + 1 + noise, np.float64).astype(np.uint16)


@pytest.mark.parametrize("edges", [(60, 60, 60, 60), (0, 0, 90, 70), (40, 15, 25, 130)])
def test_a_black_frame_around_dark_flanks_is_cut_off_to_the_pixel(edges: tuple[int, int, int, int]) -> None:
    for seed in range(3):
        wanted = (edges[0], edges[2], edges[0] + SIZE, edges[2] + SIZE)
        assert exposed.find(framed(dark(seed), edges, 0)) == wanted
        marked = framed(dark(seed), edges, 0)
        marked[edges[0] + 40 : edges[0] + 60, 4 : edges[2] // 2 : 3] = 4095
        assert exposed.find(marked) == wanted, "text on it is no film"


@pytest.mark.parametrize("tone", [0, 30, 255])
def test_a_frame_that_jpeg_rippled_is_found_within_a_block(tone: int) -> None:
    whole = framed((dark(1) if tone == 0 else film(1)) // 16, (70, 61, 90, 83), tone).astype(np.uint8)
    octets = io.BytesIO()
    Picture.fromarray(whole).save(octets, "JPEG", quality=85)
    seen = np.asarray(Picture.open(octets).convert("L"))
    assert off(exposed.find(seen), (70, 90, 70 + SIZE, 90 + SIZE)) <= (8 if tone == 0 else 1)


def test_a_tilted_field_on_black_keeps_all_of_itself() -> None:
    turned = ndimage.rotate(dark(2).astype(np.float32), 5, order=1, cval=-1.0)
    inside = turned >= 0
    whole = framed(np.where(inside, turned, 0).astype(np.uint16), (60, 60, 60, 60), 0)
    height, width = inside.shape
    assert off(exposed.find(whole), (60, 60, 60 + height, 60 + width)) <= 6


def test_of_air_of_one_value_at_most_what_has_nothing_on_it_goes() -> None:
    down, over = np.mgrid[-1:1:400j, -1:1:400j]
    body = (np.hypot(down * 0.7, over * 1.2) < 1) * (2000 + 500 * np.cos(9 * over))
    top, left, bottom, right = exposed.find(body.astype(np.uint16))
    assert (body[top:bottom, left:right] > 0).sum() == (body > 0).sum()
    pointed = (np.abs(down) * 0.9 + np.abs(over) * 1.6 < 1) * 2000 + (np.abs(over) < 0.1) * 900
    assert exposed.find(pointed.astype(np.uint16)) == (0, 0, 400, 400), "what begins slowly is not told from a shoulder"


def test_text_and_markers_on_a_frame_are_no_film() -> None:
    whole = framed(film(), (90, 90, 90, 90), 0)
    whole[20:32, 100:180:3] = 4095
    whole[300:330, 20:50] = 4095
    assert exposed.find(whole) == (90, 90, 90 + SIZE, 90 + SIZE)


def test_a_noisy_frame_is_one() -> None:
    random = np.random.default_rng(0)
    whole = framed(film(), (70, 70, 70, 70), 400).astype(float)
    whole += random.normal(0, 12, whole.shape)
    assert off(exposed.find(np.clip(whole, 0, 4095).astype(np.uint16)), (70, 70, 70 + SIZE, 70 + SIZE)) <= 2


def test_frames_in_frames_are_cut_one_after_the_other() -> None:
    whole = framed(framed(film(), (40, 40, 40, 40), 0), (30, 60, 50, 50), 4095)
    assert exposed.find(whole) == (70, 90, 70 + SIZE, 90 + SIZE)


@pytest.mark.parametrize("degrees", [-6, 3, 8])
def test_a_tilted_field_is_cut_to_the_rectangle_around_it(degrees: float) -> None:
    """No pixel of the field is lost, and most of the frame is."""
    turned = ndimage.rotate(film().astype(np.float32), degrees, order=1, cval=-1.0)
    inside = turned >= 0
    whole = framed(np.where(inside, turned, 0).astype(np.uint16), (60, 60, 60, 60), 0)
    top, left, bottom, right = exposed.find(whole)
    field = framed(inside.astype(np.uint16), (60, 60, 60, 60), 0) > 0
    kept = field[top:bottom, left:right].sum() / field.sum()
    assert kept > 0.995
    assert (bottom - top) * (right - left) < 0.9 * whole.size


def test_rounded_corners_are_a_frame_too() -> None:
    inner = film().astype(np.float32)
    down, over = np.mgrid[0:SIZE, 0:SIZE]
    beyond = np.hypot(np.maximum(np.abs(down - 255.5) - 180, 0), np.maximum(np.abs(over - 255.5) - 180, 0)) > 75.5
    whole = framed(np.where(beyond, 0, inner).astype(np.uint16), (80, 80, 80, 80), 0)
    assert off(exposed.find(whole), (80, 80, 80 + SIZE, 80 + SIZE)) <= 6


ROUND: dict[str, Callable[[], Grey]] = {
    "phantom": lambda: np.copy(chest.draw(6, size=SIZE, marker=True).pixels),
    "ellipse on black": lambda: (np.hypot(*(np.mgrid[-1:1:400j, -1:1:400j] * [[[1.2]], [[1.4]]])) < 1).astype(np.uint16) * 2000,
    "one grey": lambda: np.full((300, 300), 7, np.uint16),
    "noise": lambda: np.random.default_rng(0).integers(0, 4096, (300, 300)).astype(np.uint16),
    "tiny": lambda: np.arange(400, dtype=np.uint16).reshape(20, 20),
    "thin lines": lambda: framed(film(), (3, 3, 3, 3), 0),
    "narrow strip": lambda: framed(film()[:, :90], (20, 20, 300, 300), 0),
}


@pytest.mark.parametrize("kind", ROUND)
def test_what_has_no_frame_is_left_whole(kind: str) -> None:
    whole = ROUND[kind]()
    assert exposed.find(whole) == (0, 0, *whole.shape)


def diaphragms(seed: int) -> NDArray[np.float64]:
    """How far the beam's diaphragms reach into a drawn film: top, bottom, left, right, as shares of its side; 0 for none."""
    beam = stream(seed, "film")
    exposure.settings(invent(seed), beam)
    kind = beam.random()
    beam.normal(0, 0.02)
    depths = beam.uniform(-0.12, 0.055, 4)
    if beam.random() < 0.2:
        depths[beam.permutation(4)[1:]] = -1
    return np.zeros(4) if kind > 0.45 else np.maximum(depths, 0)


def test_drawn_films_lose_what_a_diaphragm_hid_and_nothing_else() -> None:
    """Air beside a drawn body is black and of one grey too, as on many real films. Diaphragms are slightly askew."""
    found, there = 0, 0
    for seed in range(60):
        top, left, bottom, right = exposed.find(chest.draw(seed, size=256).pixels)
        cuts, depths = np.array([top, 256 - bottom, left, 256 - right]) / 256, diaphragms(seed)
        assert (cuts <= np.where(depths > 0, depths + 0.06, 0)).all(), seed
        found += int((cuts[depths > 0.03] > 0).sum())
        there += int((depths > 0.03).sum())
    assert there > 8
    assert found >= 0.6 * there


def test_what_was_found_before_is_kept() -> None:
    image = Image("1", 1, frozen(framed(film(), (50, 50, 50, 50), 0)))
    held = exposed.held(image)
    assert held.field == (50, 50, 50 + SIZE, 50 + SIZE)
    blackened = Image("1", 1, frozen(np.zeros(image.stored.shape, np.uint16)), field=held.field)
    assert exposed.field_of(blackened) == held.field
    assert exposed.cropped(held).stored.shape == (SIZE, SIZE)
    assert exposed.share(held) == pytest.approx(SIZE**2 / (SIZE + 100) ** 2)
    whole = Image("1", 1, frozen(film()))
    assert exposed.cropped(whole) is whole


def test_a_large_film_takes_a_few_milliseconds() -> None:
    whole = framed(np.kron(film(2, 500), np.ones((6, 6), np.uint16)), (150, 150, 150, 150), 0)
    exposed.find(whole)
    started = time.process_time()
    for _ in range(10):
        exposed.find(whole)
    assert (time.process_time() - started) / 10 < 0.06  # 10 ms on a machine that is not busy
