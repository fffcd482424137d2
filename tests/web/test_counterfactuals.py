"""Counterfactuals over HTTP with a real worker: page, API and Python give the same; the film at any strength; every doubt."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image as Picture
from PIL import ImageSequence

from app import reading
from app.classifiers.critic import WIDTHS, Critic
from app.classifiers.registry import Registry
from app.config import Settings
from app.counterfactuals import seeing, there
from app.counterfactuals.edit import Edit, in_its_units
from app.counterfactuals.seeing import Seeing
from app.desk import opening
from app.domain import Extent, frozen
from app.grey import grey
from app.phantoms import chest, dicom
from app.reading import counterfactuals
from app.store import Store
from app.web.counterfactuals import follows
from app.worker import Worker
from tests.changing import KEPT_BACK, OFFERED, OWN, changing
from tests.waiting import until
from tests.web.conftest import Send
from tests.web.test_what_if import app, client, worker

__all__ = ["app", "client", "worker"]

API = "/api/v1"
SIZE = 192
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks among which a generator is."""
    return changing(tmp_path_factory.mktemp("changing"))


@pytest.fixture
def study(send: Send, client: TestClient) -> str:
    """A drawn chest that the worker has read."""
    octets = dicom.encode(chest.draw(3, ("Effusion",), size=SIZE), dicom.Header(number=3))
    sent = send(("film.dcm", octets))
    until(lambda: client.get(f"{API}/studies/{sent}/job").json()["state"] == "done")
    return sent


def asked(client: TestClient, study: str, **about: Any) -> dict[str, Any]:
    """What the page is answered."""
    answer = client.post(f"/studies/{study}/counterfactual", json={"model": OWN, **about})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def pixels(client: TestClient, told: dict[str, Any], strength: float, halved: int = 0) -> np.ndarray[Any, np.dtype[np.int_]]:
    """The film's stored values at a strength."""
    answer = client.get(f"{told['pixels_url']}/{strength}/pixels", params={"halved": halved})
    assert answer.headers["X-Shape"] == f"{SIZE >> halved},{SIZE >> halved}"
    return np.frombuffer(answer.content, answer.headers["X-Dtype"]).reshape(SIZE >> halved, SIZE >> halved).astype(int)


def test_page_and_python_say_the_same(client: TestClient, store: Store, worker: Worker, study: str) -> None:
    told = asked(client, study, finding="Effusion", direction=-1)
    assert (told["way"], told["finding"], told["direction"]) == ("generator", "Effusion", -1)
    with store.view() as tx:
        row = tx.studies.get(study)
        image = tx.studies.load_image(row.images[0].id)
        series = replace(row.series[0].outline(), images=(image,))
    loaded = worker._loaded()
    made = reading.counterfactual(loaded, loaded.registry.card(OWN), series, "Effusion", direction=-1)
    assert [one["model"] for one in told["said"]] == [OWN, "referee"]
    assert [one["referee"] for one in told["said"]] == [False, True]
    for page, mine in zip(told["said"], made.said, strict=True):
        assert page["probabilities"] == pytest.approx(mine.probabilities)
    assert told["said"][0]["moved"] == pytest.approx(made.said[0].moved)
    assert told["said"][1]["moved"] == [None] * 7, "nobody measured the gap of this referee"
    assert told["pixels"] == pytest.approx(made.pixels)
    assert told["inside"] == pytest.approx(made.inside)
    script = client.post(f"{API}/studies/{study}/counterfactual", json={"model": OWN, "finding": "Effusion", "direction": -1})
    assert script.json()["said"] == told["said"]
    assert script.json()["doubts"] == told["doubts"]
    octets = client.get(script.json()["pixels_at"].format(strength=0.5)).content
    assert octets == client.get(f"{told['pixels_url']}/0.5/pixels").content
    assert client.get(script.json()["values"]).content == client.get(told["values_url"]).content
    changed = {one["finding"]: one for one in told["changes"]}
    assert changed["Effusion"]["after"] == pytest.approx(made.said[0].probabilities[counterfactuals.ONE])
    assert abs(told["changes"][0]["change"]) == max(abs(one["change"]) for one in told["changes"])


def test_a_judge_follows_hardly_follows_or_moves_far_more_by_gaps() -> None:
    own = {"moved": [0.0, -2.0], "referee": False}
    cases: list[tuple[float | None, str]] = [
        (-2.0, "follows"),
        (-0.9, "alone"),
        (0.5, "alone"),
        (-3.1, "elsewhere"),
        (None, ""),
    ]
    told = [follows({"moved": [0.0, moved], "referee": True}, own, 1) for moved, _ in cases]
    assert told == [badge for _, badge in cases]
    assert follows(own, own, 1) == "", "nobody judges themselves"
    still = {"moved": [0.0, -0.001], "referee": False}
    assert follows({"moved": [0.0, 0.01], "referee": True}, still, 1) == "", "what does not move cannot be followed"


def test_the_film_at_a_strength_is_what_the_edit_makes(client: TestClient, store: Store, study: str) -> None:
    told = asked(client, study, finding="Cardiomegaly", direction=-1)
    octets = np.frombuffer(client.get(told["values_url"]).content, "<f4")
    planes = {
        plane["name"]: octets[plane["offset"] :][: np.prod(plane["shape"])].reshape(plane["shape"]) for plane in told["planes"]
    }
    with store.view() as tx:
        image = tx.studies.load_image(told["image"])
    edit = Edit(
        planes["flow"], planes["attention"], planes["residual"], Extent.of(told["extent"]), told["black"], told["white"]
    )
    film = pixels(client, told, 0)
    np.testing.assert_array_equal(film, image.stored, "the film itself")
    for strength in (0.4, 1.0, 1.5):
        made = pixels(client, told, strength)
        np.testing.assert_array_equal(made, in_its_units(image, edit, strength))
        again = grey(replace(image, stored=frozen(made.astype(np.uint16))))
        np.testing.assert_allclose(again, edit.apply(grey(image), strength), atol=2e-3)
    small = pixels(client, told, 1.0, halved=1)
    assert np.abs(small - opening.half(pixels(client, told, 1.0).astype(np.uint16), 1)).mean() < 0.01 * np.ptp(film)
    for address, status in ((f"{told['pixels_url']}/2/pixels", 422), ("/counterfactuals/aaaaaaaaaaaa/1/pixels", 404)):
        assert client.get(address).status_code == status


def test_what_is_kept_are_layers_of_the_case(client: TestClient, store: Store, study: str) -> None:
    told = asked(client, study, finding="Cardiomegaly", direction=-1)
    answer = client.post(f"{told['pixels_url']}/kept", json={"strength": 1.5})
    assert answer.status_code == 201, answer.text
    with store.view() as tx:
        rows = [tx.layers.get(one) for one in answer.json()["layers"]]
        values = [tx.layers.values(row.id)[0] for row in rows]
        image = tx.studies.load_image(told["image"])
    kinds = [(row.kind, row.scale, row.method) for row in rows]
    assert kinds == [
        ("image", "grey", "counterfactual"),
        ("change", "signed", "counterfactual"),
        ("attention", "unit", "counterfactual-attention"),
        ("attention", "positive", "counterfactual-flow"),
    ]
    assert {(row.model, row.finding, row.producer.parameters["strength"]) for row in rows} == {(OWN, "Cardiomegaly", 1.5)}
    film, change, attention, flow = values
    np.testing.assert_array_equal(film, pixels(client, told, 1.5) * image.slope + image.intercept)
    after = grey(replace(image, stored=frozen(pixels(client, told, 1.5).astype(np.uint16))))
    np.testing.assert_allclose(change, after - grey(image), atol=1e-6)
    assert change.min() < 0
    assert 0 <= attention.min() < attention.max() <= 1
    assert 1 < flow.max() < 0.1 * SIZE
    again = client.post(f"{API}{told['pixels_url']}/kept", json={"strength": 1.5})
    assert again.json() == answer.json(), "kept once"
    for strength in (0, 1.6):
        assert client.post(f"{told['pixels_url']}/kept", json={"strength": strength}).status_code == 422


def test_kept_layers_are_named_by_their_strength_beside_the_network_that_they_explain(client: TestClient, study: str) -> None:
    told = asked(client, study, finding="Cardiomegaly", direction=-1)
    client.post(f"{told['pixels_url']}/kept", json={})
    query = {"model": OWN, "finding": "Cardiomegaly"}
    data = client.get(f"/studies/{study}/case.json", params=query).json()
    titles = {one["name"]: one["title"] for one in data["more"]}
    assert titles["counterfactual"] == "Counterfactual 1.00: the film"
    assert titles["counterfactual.change"] == "Counterfactual 1.00: what changes"
    (entry,) = (one for one in data["more"] if one["name"] == "counterfactual.change")
    assert entry["ends"] == ["brighter", "darker"]
    assert entry["signed"]
    (layer,) = (one for one in data["explanations"] if one["method"] == "counterfactual.change")
    picture = client.get(f"/layers/{layer['id']}/overlay.png")
    assert Picture.open(io.BytesIO(picture.content)).format == "PNG"
    other = client.get(f"/studies/{study}/case.json", params=query | {"finding": "Effusion"}).json()
    assert not [one for one in other["more"] if one["name"].startswith("counterfactual")]
    verdict = {"layer": layer["id"], "verdict": "wrong"}
    assert client.post(f"{API}/studies/{study}/reviews", json=verdict).status_code == 201


def test_the_film_changes_and_goes_back_in_a_moving_picture(client: TestClient, study: str) -> None:
    told = asked(client, study, finding="Cardiomegaly", direction=-1)
    answer = client.get(f"{API}{told['pixels_url']}/film.webp")
    assert answer.headers["content-type"] == "image/webp"
    assert "counterfactual" in answer.headers["content-disposition"]
    picture = Picture.open(io.BytesIO(answer.content))
    frames = [np.asarray(frame.convert("L"), np.float32)[:500] for frame in ImageSequence.Iterator(picture)]
    assert (len(frames), picture.width) == (16, 512)
    apart = [float(np.abs(frame - frames[0]).mean()) for frame in frames]
    assert apart[8] > apart[4] > 0.05
    assert apart[4] == pytest.approx(apart[12], rel=0.2)


def test_a_change_by_flow_tells_the_ratio_beside_a_control(client: TestClient, study: str) -> None:
    told = asked(client, study, finding="Cardiomegaly", direction=-1)
    film, after, control = told["ratio"]
    assert 0.2 < film < 0.8
    assert film != after
    assert control != after
    assert told["recess"] is None
    fluid = asked(client, study, finding="Effusion")
    assert fluid["ratio"] is None
    film, after, control = fluid["recess"]
    assert -1 < film < 2
    assert film != after


def test_what_flips_the_answer_is_asked_where_no_direction_is_named(client: TestClient, study: str) -> None:
    told = asked(client, study, finding="Effusion")
    before = told["said"][0]["probabilities"][0]
    assert told["direction"] == (-1 if before >= 0.5 else 1)
    assert asked(client, study, finding="Effusion", direction=told["direction"])["id"] != told["id"]


def test_only_what_is_offered_is_made(client: TestClient, study: str, settings: Settings) -> None:
    for about, words in (
        ({"finding": KEPT_BACK}, "no counterfactual of “Mass”"),
        ({"finding": "Effusion", "way": "shift"}, "no counterfactual of “Effusion”"),
        ({"finding": "Warts"}, "no counterfactual of “Warts”"),
    ):
        answer = client.post(f"/studies/{study}/counterfactual", json={"model": OWN, **about}, headers=JSON)
        assert answer.status_code == 422
        assert words in answer.json()["error"]
    assert client.post("/studies/aaaaaaaaaaaa/counterfactual", json={"model": OWN, "finding": "Effusion"}).status_code == 404
    registry = Registry(settings.models)
    assert set(there.ways(registry, registry.card(OWN))) == set(OFFERED)


@pytest.mark.parametrize(("bound", "seen"), [(-1e9, True), (1e9, False)])
def test_a_critic_that_sees_through_a_film_says_so(
    client: TestClient, study: str, settings: Settings, bound: float, seen: bool
) -> None:
    registry = Registry(settings.models)
    card = registry.counterfactual(registry.card(OWN))
    assert card is not None
    seeing.write(card, {"Effusion": Seeing(Critic(1, WIDTHS).eval(), bound)})
    try:
        told = asked(client, study, finding="Effusion", direction=-1)
    finally:
        (card.folder / seeing.CRITICS).unlink()
    assert ("seen through" in {one["name"] for one in told["doubts"]}) == seen


def test_a_doubt_is_said_in_the_readers_language(client: TestClient, study: str) -> None:
    told = asked(client, study, finding="Effusion", direction=1)  # darker is not more of it to everybody
    names = {one["name"] for one in told["doubts"]}
    assert names <= set(counterfactuals.DOUBTS)
    client.cookies.set("whylight-language", "ko")
    korean = asked(client, study, finding="Effusion", direction=1)
    assert {one["name"] for one in korean["doubts"]} == names
    for english, other in zip(told["doubts"], korean["doubts"], strict=True):
        assert english["sentence"] != other["sentence"]
