"""Verdicts from the case page, on films and stacks alike: stored with the layer they are about, taken back, or refused."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.domain import Extent
from app.evaluation import truth
from app.store import Store
from tests.store.exams import SHA
from tests.web import exams, films
from tests.web.conftest import Send

JSON = {"Accept": "application/json"}
OVAL = {"kind": "ellipse", "points": [[1.0, 2.0], [7.5, 9.0]]}
SEVERAL = [
    {"kind": "ellipse", "points": [[2, 3], [20, 17]]},
    {"kind": "polygon", "points": [[22, 4], [38, 12], [25, 36]]},
    {"kind": "freehand", "points": [[4, 25], [14, 22], [12, 35], [5, 38]]},
]


@dataclass(frozen=True)
class Case:
    """A case that was analysed: a verdict as its page sends it, and the images of the stack that it is about."""

    client: TestClient
    study: str
    given: dict[str, Any]
    images: list[str]
    methods: set[str]

    def send(self, status: int = 201, **changed: Any) -> Any:
        """Send the verdict with changes; what came back."""
        answer = self.client.post(f"/studies/{self.study}/reviews", json=self.given | changed, headers=JSON)
        assert answer.status_code == status, answer.text
        return answer.json()

    def told(self) -> dict[str, Any]:
        """The payload."""
        return dict(self.client.get(f"/studies/{self.study}/case.json", headers=JSON).json())


@pytest.fixture
def film(client: TestClient, study: str) -> Case:
    """A film."""
    told = client.get(f"/studies/{study}/case.json", headers=JSON).json()
    given = {
        "stack": told["stack"],
        "model": told["prediction"]["model"],
        "model_sha256": told["prediction"]["model_sha256"],
        "method": "lrp",
        "finding": "Nodule",
        "verdict": "wrong",
        "reason": "text marker",
        "comment": " beside the L ",
        "regions": {told["image"]: [{"kind": "rectangle", "points": [[4, 5.5], [20, 30]]}]},
    }
    return Case(client, study, given, [told["image"]], set(films.METHODS))


@pytest.fixture
def exam(client: TestClient, store: Store, tmp_path: Path) -> Case:
    """An exam; the verdict is on its sagittal stack, with a region on two slices."""
    study = exams.store(store, tmp_path)
    with store.view() as tx:
        stack = tx.stacks.of_study(study)[0]
    given = {
        "stack": stack.id,
        "model": "knee",
        "model_sha256": SHA,
        "method": "lrp",
        "finding": "ACL tear",
        "verdict": "wrong",
        "reason": "other anatomy",
        "comment": " behind it ",
        "regions": {stack.images[2]: [OVAL], stack.images[0]: [OVAL, {"kind": "rectangle", "points": [[0, 0], [4, 40]]}]},
    }
    return Case(client, study, given, list(stack.images), {"cam", "lrp"})


@pytest.fixture(params=["film", "exam"])
def case(request: pytest.FixtureRequest) -> Case:
    """One and the other."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def test_a_verdict_is_stored_with_everything_and_is_the_same_everywhere(case: Case, store: Store) -> None:
    review = case.send()["review"]
    assert set(review) == set(case.given) | {"id", "created_at", "measures", "doubtful"}
    rest = {"comment": case.given["comment"].strip(), "regions": review["regions"]}
    assert {name: review[name] for name in case.given} == case.given | rest
    assert set(review["regions"]) == set(case.given["regions"])
    assert set(review["measures"]) == case.methods
    with store.view() as tx:
        (row,) = tx.reviews.of_study(case.study)
    assert (row.id, row.model_sha256) == (review["id"], case.given["model_sha256"])
    assert row.review.created_at.tzinfo is not None


def test_a_films_verdict_is_shown_on_reload(film: Case) -> None:
    review = film.send()["review"]
    assert film.told()["reviews"] == [review]
    page = film.client.get(f"/studies/{film.study}").text
    assert 'verdict-wrong" name="verdict" value="wrong" aria-pressed="true"' in page


def test_a_film_may_be_named_by_its_image_and_its_region_by_one_rectangle(film: Case) -> None:
    """As scripts and forms had it before stacks had ids of their own."""
    del film.given["stack"], film.given["regions"]
    edges = {"left": 4, "top": 5.5, "right": 20, "bottom": 30}
    (image,) = film.images
    review = film.send(image=image, region=edges)["review"]
    assert review["stack"] == film.told()["stack"]
    assert review["regions"] == {image: [{"kind": "rectangle", "points": [[4.0, 5.5], [20.0, 30.0]]}]}
    again = film.send(image=image, region={"shapes": SEVERAL})["review"]
    assert again["regions"] == {image: SEVERAL}


def test_a_region_on_slices_is_cut_to_them_and_measured_over_the_stack(exam: Case, store: Store) -> None:
    review = exam.send()["review"]
    cut = {"kind": "rectangle", "points": [[0.0, 0.0], [4.0, 12.0]]}
    assert review["regions"] == {exam.images[0]: [OVAL, cut], exam.images[2]: [OVAL]}
    with store.view() as tx:
        (row,) = tx.reviews.of_study(exam.study)
        maps = tx.layers.get(row.layer_id)
        assert maps.mass[row.review.shown] == max(maps.mass[0], maps.mass[2])
        values = tx.layers.values(maps.id)
    assert set(row.review.regions) == {0, 2}
    figures = row.review.localisations["lrp"]
    assert figures == truth.localise(values, Extent(-1.0, 0.0, 11.0, 12.0), row.review.regions, (12, 10))
    assert figures.iou is not None


def test_without_a_region_a_stack_is_shown_where_it_opens(exam: Case, store: Store) -> None:
    assert exam.send(regions=None)["review"]["regions"] is None
    with store.view() as tx:
        (row,) = tx.reviews.of_study(exam.study)
    assert (row.review.regions, row.image_id, dict(row.review.localisations)) == ({}, exam.images[1], {})


def test_a_form_without_scripts_is_stored_and_leads_back_to_where_it_was_given(case: Case, store: Store) -> None:
    form = {name: case.given[name] for name in ("stack", "model", "model_sha256", "method", "finding", "verdict")}
    answer = case.client.post(f"/studies/{case.study}/reviews", data=form)
    assert answer.status_code == 303
    at = f"image={case.images[0]}&" if len(case.images) == 1 else ""
    finding = form["finding"].replace(" ", "%20")
    assert answer.headers["location"] == f"/studies/{case.study}?{at}model={form['model']}&finding={finding}"
    with store.view() as tx:
        (row,) = tx.reviews.of_study(case.study)
    assert (row.review.verdict, row.review.regions) == ("wrong", {})


def test_taking_back_puts_the_verdict_before_in_force(case: Case) -> None:
    first = case.send()["review"]
    second = case.send(verdict="partly")["review"]
    other = case.send(method="cam")["review"]
    client = case.client
    assert client.delete(f"/reviews/{second['id']}", headers=JSON).json() == {"review": first}
    assert client.delete(f"/reviews/{first['id']}", headers=JSON).json() == {"review": None}
    assert client.delete(f"/reviews/{first['id']}", headers=JSON).json() == {"review": None}
    assert client.delete(f"/reviews/{other['id']}", headers=JSON).json() == {"review": None}


def test_taking_back_what_is_not_there(client: TestClient) -> None:
    assert client.delete("/reviews/aaaaaaaaaaaa", headers=JSON).status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"verdict": "excellent"}, 422),
        ({"reason": "bad weather"}, 422),
        ({"comment": "x" * 4001}, 422),
        ({"unknown": 1}, 422),
        ({"regions": {"aaaaaaaaaaaa": [OVAL]}}, 404),
        ({"method": "tea leaves"}, 404),
        ({"method": "lrp.labels"}, 404),
        ({"finding": "Hernia"}, 404),
        ({"model_sha256": "00" * 32}, 404),
        ({"model": "another"}, 404),
        ({"stack": "aaaaaaaaaaaa"}, 404),
        ({"stack": "aaaaaaaaaaaa-0"}, 404),
        ({"stack": "../../etc"}, 404),
        ({"stack": "", "image": "aaaaaaaaaaaa"}, 404),
        ({"stack": "", "image": ""}, 404),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_is_stored(
    case: Case, store: Store, change: dict[str, Any], status: int
) -> None:
    assert len(case.send(status, **change)["error"]) > 10
    with store.view() as tx:
        assert tx.reviews.of_study(case.study) == ()


@pytest.mark.parametrize(
    "shapes",
    [
        [{"kind": "ellipse", "points": [[50, 50], [60, 60]]}],
        [{"kind": "ellipse", "points": [[5, 5]]}],
        [{"kind": "rectangle", "points": [[5, 5], [5, 10]]}],
        [{"kind": "polygon", "points": [[1, 1], [5, 5]]}],
        [OVAL, {"kind": "ellipse", "points": [[1, 1], [5, 5], [9, 1]]}],
        [OVAL, {"kind": "ellipse", "points": [[41, 1], [50, 5]]}],
        [OVAL, {"kind": "freehand", "points": [[3, 1], [3, 5], [3, 9]]}],
        [OVAL, {"kind": "star", "points": [[1, 1], [5, 5]]}],
        [OVAL, {"kind": "rectangle", "points": [[1, 1], [1e9, 5]]}],
        [],
    ],
)
def test_a_region_that_is_none_is_refused(case: Case, store: Store, shapes: list[dict[str, Any]]) -> None:
    case.send(422, regions={case.images[0]: shapes})
    with store.view() as tx:
        assert tx.reviews.of_study(case.study) == ()


def test_no_region_may_be_sent_as_nothing_on_any_image(case: Case) -> None:
    assert case.send(regions={})["review"]["regions"] is None


def test_a_stack_may_be_named_as_before_it_had_an_id(exam: Case, store: Store) -> None:
    with store.view() as tx:
        series = tx.stacks.of_study(exam.study)[0].series_id
    exam.send(404, stack=f"{series}-7")
    exam.send(stack=f"{series}-0")


def test_a_region_is_cut_to_the_film(film: Case) -> None:
    (image,) = film.images
    sent = [{"kind": "rectangle", "points": [[-5, -5], [400, 12]]}]
    review = film.send(regions={image: sent})["review"]
    assert review["regions"] == {image: [{"kind": "rectangle", "points": [[0.0, 0.0], [40.0, 12.0]]}]}


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[]", b'{"region": NaN}'])
def test_a_body_that_is_no_verdict(client: TestClient, study: str, body: bytes) -> None:
    headers = JSON | {"Content-Type": "application/json"}
    assert client.post(f"/studies/{study}/reviews", content=body, headers=headers).status_code == 422


def test_a_stack_or_an_image_of_another_study_is_refused(film: Case, send: Send) -> None:
    other = send(("other.dcm", films.dicom(9)))
    for place in ({}, {"stack": "", "image": film.images[0]}):
        answer = film.client.post(f"/studies/{other}/reviews", json=film.given | place, headers=JSON)
        assert answer.status_code == 404


def test_another_site_gives_no_verdict(case: Case) -> None:
    headers = JSON | {"Sec-Fetch-Site": "cross-site"}
    assert case.client.post(f"/studies/{case.study}/reviews", json=case.given, headers=headers).status_code == 403


def test_a_region_of_several_shapes_is_measured_against_every_map(film: Case, store: Store) -> None:
    review = film.send(regions={film.images[0]: SEVERAL})["review"]
    assert review["regions"] == {film.images[0]: SEVERAL}
    with store.view() as tx:
        (row,) = tx.reviews.of_study(film.study)
        for found in tx.layers.of_stack(row.stack_id):
            values = tx.layers.values(found.id)
            expected = truth.localise(values, found.extent, row.review.regions, (40, 40))
            assert row.review.localisations[found.method] == expected
            assert review["measures"][found.method] == asdict(expected)
    assert film.told()["reviews"] == [review]


def test_what_is_sent_twice_is_kept_once(case: Case, store: Store) -> None:
    """An answer that was lost on its way makes the page send again; it must not fall over its own verdict."""
    first = case.send(token="a-1", expected="")  # noqa: S106 - no secret
    assert case.send(token="a-1", expected="") == first  # noqa: S106 - no secret
    case.client.delete(f"/reviews/{first['review']['id']}", headers=JSON)
    with store.view() as tx:
        assert tx.reviews.of_study(case.study) == ()


def test_who_did_not_see_the_verdict_in_force_is_shown_it(case: Case) -> None:
    first = case.send(expected="")["review"]
    late = case.send(409, expected="", verdict="partly")
    assert (late["code"], late["review"]) == ("Conflict", first)
    assert "meantime" in late["error"]
    second = case.send(expected=first["id"], verdict="partly")["review"]
    overtaken = case.client.delete(f"/reviews/{first['id']}", headers=JSON)
    assert (overtaken.status_code, overtaken.json()["review"]) == (409, second)
    assert case.client.delete(f"/reviews/{second['id']}", headers=JSON).json() == {"review": first}
    assert case.client.delete(f"/reviews/{second['id']}", headers=JSON).json() == {"review": first}
    assert case.send(409, expected=second["id"])["review"] == first


def test_a_readers_own_name_is_kept_with_the_verdict(film: Case) -> None:
    first = film.send(expected="")["review"]
    assert film.client.post("/preferences", data={"reader": " Dr.  김\u200b "}).status_code == 303
    second = film.send(expected="")["review"]  # another reader has judged nothing yet
    exported = {flag["review"]: flag["reader"] for flag in film.client.get("/flagged.json").json()["flags"]}
    assert exported == {first["id"]: "reader", second["id"]: "Dr. 김"}
