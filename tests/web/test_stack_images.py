"""Stacks' maps as octets and as pictures."""

import io
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image as Picture

from app.store import LayerRow, Store
from tests.store.exams import SLICES, stack_review
from tests.web import exams


@pytest.fixture
def exam(store: Store, tmp_path: Path) -> str:
    """An exam that was analysed."""
    return exams.store(store, tmp_path)


@pytest.fixture
def row(store: Store, exam: str) -> LayerRow:
    """CAM's maps of the sagittal stack."""
    with store.view() as tx:
        return tx.layers.of_study(exam)[0]


def test_all_slices_arrive_at_once_and_are_not_sent_again(client: TestClient, store: Store, row: LayerRow) -> None:
    answer = client.get(f"/layers/{row.id}/values", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["X-Shape"] == f"{SLICES},4,5"
    assert (answer.headers["X-Dtype"], answer.headers["X-Extent"]) == ("<f4", "-1,0,11,12")
    assert answer.headers["Content-Encoding"] == "gzip"
    with store.view() as tx:
        expected = tx.layers.values(row.id)
    assert np.array_equal(np.frombuffer(answer.content, "<f4").reshape(SLICES, 4, 5), expected)
    again = client.get(f"/layers/{row.id}/values", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = client.get(f"/layers/{row.id}/values", headers={"Accept-Encoding": "identity"})
    assert plain.headers["ETag"] != answer.headers["ETag"]
    assert plain.content == expected.tobytes()
    assert client.get("/layers/aaaaaaaaaaaa/values").status_code == 404


def test_a_slices_map_has_the_colours_of_its_stack(client: TestClient, row: LayerRow) -> None:
    pictures = [client.get(f"/layers/{row.id}/overlay.png?slice={n}") for n in (1, 2)]
    first, second = (Picture.open(io.BytesIO(answer.content)) for answer in pictures)
    assert first.size == second.size
    assert pictures[0].content != pictures[1].content
    bar = [np.asarray(one)[first.height - 60 :, 20:-20].max((0, 1)).tolist() for one in (first, second)]
    assert bar[0] == bar[1]
    assert client.get(f"/layers/{row.id}/overlay.png?slice={SLICES + 1}").status_code == 404
    assert client.get(f"/layers/{row.id}/overlay.png?slice=0").status_code == 422


def test_a_verdicts_picture_is_its_slice_under_the_map_with_the_region(client: TestClient, store: Store, exam: str) -> None:
    with store.begin() as tx:
        cam, lrp = tx.layers.of_study(exam)[:2]
        drawn = tx.reviews.add(cam.id, stack_review())
        plain = tx.reviews.add(lrp.id, stack_review(regions={}))
    pictures = {row.id: client.get(f"/reviews/{row.id}/thumbnail.png").content for row in (drawn, plain)}
    assert len(set(pictures.values())) == 2
    assert client.get(f"/exam-reviews/{drawn.id}/thumbnail.png").content == pictures[drawn.id], "the address of before"
    yellow = (np.asarray(Picture.open(io.BytesIO(pictures[drawn.id]))) == (255, 209, 102)).all(-1)
    assert yellow.any()
    assert client.get("/exam-reviews/aaaaaaaaaaaa/thumbnail.png").status_code == 404


def test_maps_answer_at_their_addresses_of_before(client: TestClient, row: LayerRow) -> None:
    now = client.get(f"/layers/{row.id}/values").content
    assert client.get(f"/stack-explanations/{row.id}/values").content == now
    assert client.get(f"/stack-explanations/{row.id}/overlay.png?slice=2").status_code == 200
