"""Where a network looks on a cohort's films: asked for on its page, made by the worker, looked at, named, three clicks away."""

import io
import re

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image as Picture

from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.cohorts import maps
from app.config import ROOT, Settings
from app.domain import Extent, Window, frozen
from app.errors import InputError, NotFound
from app.phantoms import chest
from app.render.pictures import LINE, plain_png
from app.store import Store
from app.worker import Worker
from app.worker.cohort_maps import on_chest
from tests.films import image, layer
from tests.web.conftest import shown
from tests.web.test_cohorts import drawn, measured  # noqa: F401 - fixtures

ASKED = {"network": "phantom-untrained", "finding": "Cardiomegaly"}


@pytest.fixture
def mapped(client: TestClient, store: Store, settings: Settings, measured: str) -> str:  # noqa: F811
    """The address of a cohort whose maps of one finding were asked for and made."""
    answer = client.post(f"{measured}/maps", data=ASKED)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{measured}#finding-cardiomegaly")
    waiting = client.get(measured)
    assert "The maps are being made." in waiting.text
    assert 'id="cohort-job"' in waiting.text
    assert Worker(settings, store).work_once()
    return measured


def test_nobody_asks_twice_and_only_for_what_was_measured(client: TestClient, measured: str) -> None:  # noqa: F811
    assert 'action="/cohorts/' in client.get(measured).text
    for wrong in ({"network": "nobody"}, {"finding": "Hernia"}):
        assert client.post(f"{measured}/maps", data=ASKED | wrong).status_code == 404
    assert client.get(f"{measured}/maps/mean.png", params=ASKED).status_code == 404


def test_groups_of_films_are_on_the_page_with_pictures_that_lead_to_cases(client: TestClient, mapped: str) -> None:
    page = shown(client.get(mapped))
    found = page.maps("Cardiomegaly", "phantom-untrained")
    assert found.made.films == sum(average.films for average in found.made.averages)
    assert found.made.groups
    assert sum(len(group.cases) for group in found.made.groups) <= found.made.films
    film = found.typical[0][0]
    picture = Picture.open(io.BytesIO(client.get(film.picture).content))
    assert picture.format == "PNG"
    case = client.get(film.href)
    assert case.status_code == 200
    assert "Cardiomegaly" in case.text
    text = client.get(mapped).text
    assert film.href.replace("&", "&amp;") in text
    for address in re.findall(r'/cohorts/[^"]*mean\.png[^"]*', text):
        assert client.get(address.replace("&amp;", "&")).headers["content-type"] == "image/png"
    assert client.get(f"{mapped}/maps/mean.png", params=ASKED | {"group": 50}).status_code == 404
    assert page.maps("Effusion", "phantom-untrained") is None


def test_mean_maps_lie_in_what_was_read_where_nobody_tells_lungs(client: TestClient, mapped: str) -> None:
    made = shown(client.get(mapped)).maps("Cardiomegaly", "phantom-untrained").made
    assert (made.laid, made.parts) == (None, ())
    text = client.get(mapped).text
    assert "The square is what the network read." in text
    assert "films by their own lungs" not in text


def test_films_are_laid_by_their_own_lungs() -> None:
    """A spot in the heart of a phantom comes to one place of the chest wherever its film lies, between the lungs; films without
    lungs are laid as films lie on the average; and the picture has lines."""
    loaded, whole = Loaded(Registry(ROOT / "models"), "cpu"), Extent(0, 0, 256, 320)
    places, chests = [], []
    for seed, down in ((104, 0), (105, 60)):
        phantom = chest.draw(seed, size=256, marker=False)
        stored, heart = np.zeros((2, 320, 256), np.uint16)
        stored[down : down + 256], heart[down : down + 256] = phantom.pixels, phantom.heart
        row, column = np.argwhere(heart).mean(axis=0).astype(int)
        spot = np.zeros((320, 256), np.float32)
        spot[row - 8 : row + 8, column - 8 : column + 8] = 1
        film = image(stored=frozen(stored), windows=(Window(2048, 4096),))
        found = on_chest(loaded, loaded.registry.card("chest-phantom"), film, layer(spot, whole))
        assert found is not None
        chests.append(found)
        places.append(np.argwhere(found.values > 0.5).mean(axis=0))
    assert np.abs(places[0] - places[1]).max() < 1.5
    for one, place in zip(chests, places, strict=True):
        lungs, middle = one.parts
        assert middle[tuple(place.round().astype(int))] == 1
        assert lungs[:, : maps.SIDE // 2].any()
        assert lungs[:, maps.SIDE // 2 :].any()
    picture = Picture.open(io.BytesIO(plain_png(chests[0].values, around=chests[0].parts))).convert("RGB")
    assert (np.asarray(picture) == LINE).all(axis=2).sum() > 200
    blank = on_chest(loaded, loaded.registry.card("chest-phantom"), image(stored=frozen(0 * stored)), layer(spot, whole))
    assert blank is not None
    assert blank.parts == ()
    assert blank.values.any()


def test_a_reader_names_a_group_and_the_name_stays(client: TestClient, mapped: str) -> None:
    named = client.post(f"{mapped}/maps/name", data=ASKED | {"group": 0, "called": "  the corner <marker> "})
    assert (named.status_code, named.headers["location"]) == (303, f"{mapped}#finding-cardiomegaly-maps")
    assert shown(client.get(mapped)).maps("Cardiomegaly", "phantom-untrained").made.groups[0].name == "the corner <marker>"
    assert "the corner &lt;marker&gt;" in client.get(mapped).text
    assert client.post(f"{mapped}/maps/name", data=ASKED | {"group": 99, "called": "x"}).status_code == 404
    assert client.post(f"{mapped}/maps/name", data=ASKED | {"group": 0, "called": "x" * 81}).status_code == 422


def test_what_is_measured_again_loses_its_maps(client: TestClient, store: Store, mapped: str) -> None:
    from tests.web.test_cohorts import FORM

    client.post(mapped, data=FORM)
    with store.view() as tx:
        assert tx.cohorts.maps(mapped.rpartition("/")[2]) == ()


def test_films_that_were_rightly_not_called_are_not_looked_at() -> None:
    assert maps.outcome_of(1.0, 0.6, 0.5) == "found"
    assert maps.outcome_of(1.0, 0.4, 0.5) == "missed"
    assert maps.outcome_of(0.0, 0.5, 0.5) == "false alarm"
    assert maps.outcome_of(0.0, 0.4, 0.5) is None
    assert maps.outcome_of(None, 0.9, 0.5) is None


def test_many_films_are_thinned_out_evenly() -> None:
    assert maps.spread(range(10), 5) == [0, 2, 4, 6, 8]
    assert maps.spread(range(3), 5) == [0, 1, 2]
    assert maps.spread([], 5) == []


def test_a_place_in_two_chests_is_one_place_in_the_mean_map() -> None:
    """Films that were laid as films lie on the average count too; where one has no chest at all, means lie in what was read."""
    square, other = np.zeros((2, maps.SIDE, maps.SIDE), np.float32)
    square[3, 4], other[20, 21] = 1, 1
    lungs = np.ones_like(square)
    chests = [maps.Chest(other, (lungs, 0 * lungs)), maps.Chest(2 * other)]
    both = maps.gathered("net", "Mass", "cam", [maps.Posed(at, "found", square, one) for at, one in enumerate(chests)])
    assert both.laid == 1
    assert np.asarray(both.averages[0].mean).tolist() == other.tolist()
    assert np.asarray(both.parts).tolist() == [lungs.tolist(), (0 * lungs).tolist()]
    assert np.argmax(np.asarray(both.groups[0].mean)) == np.argmax(square)
    without = maps.gathered("net", "Mass", "cam", [maps.Posed(0, "found", square, chests[0]), maps.Posed(1, "found", square)])
    assert (without.laid, without.parts) == (None, ())
    assert np.asarray(without.averages[0].mean).tolist() == square.tolist()
    assert maps.Maps.of(both.plain()) == both


def test_means_count_each_film_alike_and_groups_know_their_cases() -> None:
    spots, random = [], np.random.default_rng(0)
    for case in range(30):
        values = (0.1 * random.random((maps.SIDE, maps.SIDE))).astype(np.float32)
        values[4:8, slice(4, 8) if case < 24 else slice(24, 28)] += 10
        values *= 10.0 ** (case % 5)
        spots.append(maps.Posed(100 + case, "found" if case < 20 else "missed", values))
    spots.append(maps.Posed(200, "missed", np.zeros((maps.SIDE, maps.SIDE), np.float32)))
    made = maps.gathered("net", "Mass", "cam", spots)
    assert {one.outcome: one.films for one in made.averages} == {"found": 20, "missed": 10}
    assert all(np.abs(np.asarray(one.mean)).sum() == pytest.approx(1, abs=1e-3) for one in made.averages)
    assert {frozenset(one.cases) for one in made.groups} == {frozenset(range(100, 124)), frozenset(range(124, 130))}
    assert maps.Maps.of(made.plain()) == made
    assert made.named(0, "drain").groups[0].name == "drain"
    with pytest.raises(NotFound):
        made.named(-1, "x")
    with pytest.raises(InputError):
        made.named(0, "x" * 100)
