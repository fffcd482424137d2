"""The guard that comes with the product, on generated images: what it must let pass and what it must not, from pixels alone."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.classifiers.film_guard import FilmGuard
from app.classifiers.guard import SURE, Guard, blank, plane_of, seen, worse
from app.classifiers.loading import load
from app.classifiers.reasons import BLANK, DETAIL, INVERTED, LATERAL, LITTLE, MIRRORED, ON_ITS_SIDE, SIDEWAYS, TINY, UPSIDE_DOWN
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Image, Inspection, Series, Window, frozen
from app.errors import ModelError
from app.phantoms import chest
from app.training import laterals, nonfilms
from tests.networks import write_guard

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def guard() -> Guard:
    (card,) = (card for card in Registry(Settings().models).guards() if card.name == "chest-guard")
    return Guard.of(load(card, CPU))


def inspect(guard: Guard, grey: NDArray[np.generic], **series: str) -> Inspection:
    """What the guard says of a picture of 0 to 255."""
    image = Image("1.2", 1, frozen(grey.astype(np.uint16)), windows=(Window(128, 256),))
    return guard.inspect(image, Series("1", "DX", (image,), **series), "chest")  # type: ignore[arg-type]


def drawn(seed: int, size: int = 256) -> NDArray[np.uint8]:
    """A drawn chest film, 0 to 255."""
    return (chest.draw(seed, size=size, marker=False).pixels / 16).astype(np.uint8)


def test_drawn_chest_films_pass(guard: Guard) -> None:
    told = [inspect(guard, drawn(seed)) for seed in range(20)]
    assert sum(one.verdict == "ok" for one in told) >= 18
    assert all(one.reasons == () for one in told if one.verdict == "ok")


def smooth(size: int = 256) -> NDArray[np.float64]:
    """Two dark ellipses beside a bright band, as a chest may be drawn, in steps too fine for grain."""
    y, x = np.mgrid[0:size, 0:size] / size
    lungs = sum(np.exp(-((((x - at) / 0.12) ** 2 + ((y - 0.47) / 0.25) ** 2) ** 2)) for at in (0.33, 0.67))
    return np.asarray(14_000 - 10_000 * lungs + 6_000 * np.exp(-(((x - 0.5) / 0.06) ** 2)))


def test_a_picture_without_grain_is_warned_of(guard: Guard) -> None:
    def told(values: NDArray[np.float64]) -> Inspection:
        image = Image("1.2", 1, frozen(values.clip(0).astype(np.uint16)))
        return guard.inspect(image, Series("1", "DX", (image,)), "chest")

    assert told(smooth()).verdict != "ok"
    assert DETAIL in told(smooth()).reasons
    assert DETAIL not in told(smooth() + np.random.default_rng(1).normal(0, 150, (256, 256))).reasons
    assert all(DETAIL not in inspect(guard, drawn(seed)).reasons for seed in range(3))


@pytest.mark.parametrize(
    ("turned", "reason"),
    [
        (lambda film: film[::-1, ::-1], UPSIDE_DOWN),
        (np.rot90, ON_ITS_SIDE),
        (lambda film: np.rot90(film, 3), ON_ITS_SIDE),
        (lambda film: 255 - film, INVERTED),
    ],
)
def test_what_can_be_undone_is_named(guard: Guard, turned: object, reason: str) -> None:
    told = [inspect(guard, turned(drawn(seed))) for seed in range(10)]  # type: ignore[operator]
    assert sum(one.verdict != "ok" for one in told) >= 9
    assert sum(one.reasons == (reason,) for one in told) >= 7


@pytest.mark.parametrize("family", nonfilms.FAMILIES[:14], ids=lambda family: family.__name__)
def test_what_is_no_film_does_not_pass(guard: Guard, family: object) -> None:
    """Every family of drawn other images, from seeds that no training has."""
    pictures = [family(np.random.default_rng([99, seed])) for seed in range(12)]  # type: ignore[operator]
    told = [inspect(guard, np.clip(picture, 0, 1) * 255) for picture in pictures]
    assert sum(one.verdict == "ok" for one in told) <= 1


def test_drawn_laterals_are_refused_by_their_name(guard: Guard) -> None:
    """Of seeds that no training has; a header would tell, and is left out."""
    told = [inspect(guard, np.kron(laterals.small(9_900, seed), np.ones((2, 2), np.uint8))) for seed in range(100)]
    assert sum(one.verdict == "refused" for one in told) >= 98
    assert sum(one.reasons == (SIDEWAYS,) for one in told) >= 80


@pytest.mark.parametrize("kind", ["upside down", "on its side", "inverted", "lateral view"])
def test_what_is_known_by_its_name_needs_no_benefit_of_a_doubt(tmp_path: Path, kind: str) -> None:
    """A kind with 0.65 beside a film with 0.3: above `refuse`, and refused all the same; a part of a film is warned of."""
    for named, verdict in ((kind, "refused"), ("part of a film", "warned")):
        write_guard(tmp_path, film=0.3)
        (card,) = Registry(tmp_path).guards()
        told = Guard.of(load(card, CPU))
        with torch.no_grad():
            told.network.head.bias[:] = torch.log(torch.full((len(card.findings),), 0.01))
            told.network.head.bias[card.findings.index("film")] = np.log(0.3)
            told.network.head.bias[card.findings.index(named)] = np.log(0.65)
        assert inspect(told, drawn(3)).verdict == verdict


@pytest.mark.parametrize(
    ("turn", "share", "seeds", "reason"),
    [
        (lambda film: film[::-1, ::-1], 0.4, (0, 5, 11, 14), UPSIDE_DOWN),
        (np.rot90, 0.5, (4, 7, 11, 13), ON_ITS_SIDE),
    ],
)
def test_what_looks_more_like_a_film_once_it_is_turned_back_is_refused(
    guard: Guard, turn: object, share: float, seeds: tuple[int, ...], reason: str
) -> None:
    """Turned films with a shadow of themselves as they should stand: neither name nor look is sure enough to refuse them."""
    for seed in seeds:
        film = drawn(seed, 128).astype(np.float64)
        both = share * film + (1 - share) * turn(film)  # type: ignore[operator]
        image = Image("1.2", 1, frozen(both.astype(np.uint16)), windows=(Window(128, 256),))
        kinds, far = guard.look(seen(image)[0][None])
        assert guard.verdict(float(kinds[0, 0]), float(far[0])) == "warned"
        assert kinds.max() < SURE
        told = inspect(guard, both)
        assert (told.verdict, told.reasons) == ("refused", (reason,))


def test_a_mirrored_film_is_remarked_and_read_all_the_same(guard: Guard) -> None:
    """Drawn hearts lie on the left. The remark stops nothing: there is dextrocardia."""
    films = [drawn(seed) for seed in range(40)]
    plain, mirrored = ([inspect(guard, film[:, ::way]) for film in films] for way in (1, -1))
    assert sum(MIRRORED in one.remarks for one in plain) <= 1
    remarked = [one for one in mirrored if MIRRORED in one.remarks]
    assert len(remarked) >= 20
    assert all(one.verdict in {"ok", "warned"} and MIRRORED not in one.reasons for one in remarked)


def test_what_is_refused_is_not_called_mirrored(guard: Guard) -> None:
    assert all(inspect(guard, np.rot90(drawn(seed))).remarks == () for seed in range(10))


def test_a_framed_film_is_looked_at_without_its_frame(guard: Guard) -> None:
    """The same film in a white page or on black passes as it does alone."""
    film = (chest.draw(2, size=256, marker=False).pixels // 20 + 40).astype(np.uint8)
    alone = inspect(guard, film)
    for tone in (0, 255):
        framed = inspect(guard, np.pad(film, ((90, 200), (120, 40)), constant_values=tone))
        assert (framed.film, framed.distance, framed.verdict) == (alone.film, alone.distance, alone.verdict)


def test_noise_and_blank_images_are_refused(guard: Guard) -> None:
    random = np.random.default_rng(0)
    assert inspect(guard, random.integers(0, 256, (300, 300))).verdict == "refused"
    for grey in (0, 90, 255):
        told = inspect(guard, np.full((300, 300), grey))
        assert (told.verdict, told.reasons) == ("refused", (BLANK,))


def test_a_film_may_be_too_small(guard: Guard) -> None:
    film = drawn(3, 64)
    assert LITTLE not in inspect(guard, film).reasons
    assert inspect(guard, film[:, 4:-4]).reasons[-1] == LITTLE
    small = inspect(guard, drawn(3, 256)[::10, ::10])
    assert (small.verdict, small.reasons[0]) == ("refused", TINY)


def test_the_header_only_adds_a_reason(guard: Guard) -> None:
    told = inspect(guard, drawn(1), view_position="LL")
    assert (told.verdict, told.reasons) == ("refused", (LATERAL,))
    assert inspect(guard, drawn(1), view_position="AP").verdict == inspect(guard, drawn(1)).verdict


def test_the_guard_sees_the_film_as_it_is_shown(guard: Guard) -> None:
    """MONOCHROME1, another bit depth and a window change nothing of what is on the film."""
    film = drawn(5).astype(np.uint16)
    plain = Image("1.2", 1, frozen(film), windows=(Window(128, 256),))
    inverse = Image("1.2", 1, frozen(np.uint16(4080) - film * np.uint16(16)), photometric="MONOCHROME1")
    looks, distances = guard.look(torch.stack([seen(plain)[0], seen(inverse)[0]]))
    np.testing.assert_allclose(looks[0], looks[1], atol=0.03)
    np.testing.assert_allclose(distances[0], distances[1], rtol=0.03)


def test_a_plane_is_the_whole_film_padded_to_a_square() -> None:
    film = np.ones((40, 80), np.float32)
    film[:, :20] = 0
    plane = plane_of(film)
    assert plane.shape == (1, 64, 64)
    assert plane[0, 2].max() == 0
    assert float(plane[0, 32, 60]) == 1


def test_nearly_one_grey_is_blank() -> None:
    film = np.full((100, 100), 0.4, np.float32)
    film[:1] = 1
    assert blank(film)
    assert not blank(np.linspace(0, 1, 10_000, dtype=np.float32).reshape(100, 100))


def test_the_worse_verdict_counts() -> None:
    assert worse("ok", "warned") == "warned"
    assert worse("refused", "warned") == "refused"


def test_what_somebody_insisted_on_carries_a_warning(guard: Guard) -> None:
    told = inspect(guard, np.full((300, 300), 7))
    assert (told.stopped, told.mark) == (True, "refused")
    insisted = replace(told, insisted=True)
    assert (insisted.stopped, insisted.mark) == (False, "insisted")


def test_the_distance_is_one_where_one_film_in_a_hundred_lies() -> None:
    network = FilmGuard(6, [4, 4, 4, 4], 8)
    small = torch.randn(2000, 256, generator=torch.Generator().manual_seed(0))
    network.fit(small)
    near = network.raw(small) / network.unit
    assert float((near > 1).float().mean()) == pytest.approx(0.01, abs=0.002)
    assert float((network.raw(small[:5] * 4) / network.unit).min()) > 2


def test_a_network_that_is_no_guard_is_told(guard: Guard) -> None:
    card = Registry(Settings().models).card("chest-phantom")
    with pytest.raises(ModelError, match="is no guard"):
        Guard.of(load(card, CPU))


def test_a_film_takes_a_few_milliseconds(guard: Guard) -> None:
    """CPU time, and a generous limit: what matters is that nobody waits for the guard."""
    film = np.kron(drawn(2, 512), np.ones((4, 4), np.uint8))
    image = Image("1.2", 1, frozen(film.astype(np.uint16)), windows=(Window(128, 256),))
    series = Series("1", "DX", (image,))
    guard.inspect(image, series, "chest")
    started = time.process_time()
    for _ in range(5):
        guard.inspect(image, series, "chest")
    assert (time.process_time() - started) / 5 < 0.1
