"""Octets and pictures: exact, small, and never kept without asking."""

import io
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.config import Settings
from app.desk import opening
from app.desk.opening import picture_png
from app.domain import frozen
from app.grey import apply_window, grey, window_for
from app.store import Store
from app.store.engine import connect
from tests.web import films
from tests.web.conftest import Send

PLAIN = {"Accept-Encoding": "identity"}


def test_pixels_are_the_files_own(client: TestClient, study: str, store: Store) -> None:
    with store.view() as tx:
        image = tx.studies.get(study).images[0]
    answer = client.get(f"/images/{image.id}/pixels", headers=PLAIN)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-dtype"] == "<u2"
    shape = tuple(int(n) for n in answer.headers["x-shape"].split(","))
    pixels = np.frombuffer(answer.content, answer.headers["x-dtype"]).reshape(shape)
    assert np.array_equal(pixels, pydicom.dcmread(io.BytesIO(films.dicom(1))).pixel_array)


def test_pixels_travel_compressed_and_once(client: TestClient, study: str, store: Store) -> None:
    with store.view() as tx:
        address = f"/images/{tx.studies.get(study).images[0].id}/pixels"
    plain = client.get(address, headers=PLAIN)
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    again = client.get(address, headers={"Accept-Encoding": "gzip", "If-None-Match": f'"x", W/{packed.headers["etag"]}'})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["cache-control"] == "private, no-cache"
    assert client.get(address, headers={**PLAIN, "If-None-Match": packed.headers["etag"]}).status_code == 200


def test_halved_pixels_are_rounded_averages_with_the_whole_films_spread(client: TestClient, study: str, store: Store) -> None:
    with store.view() as tx:
        image = tx.studies.get(study).images[0]
        whole = tx.studies.load_image(image.id).stored.astype(np.float64)
    answer = client.get(f"/images/{image.id}/pixels?halved=1", headers=PLAIN)
    rows, columns = (int(n) for n in answer.headers["x-shape"].split(","))
    assert (rows, columns) == (image.rows // 2, image.columns // 2)
    blocks = whole[: rows * 2, : columns * 2].reshape(rows, 2, columns, 2)
    half = np.frombuffer(answer.content, answer.headers["x-dtype"]).reshape(rows, columns)
    assert np.array_equal(half, np.floor(blocks.mean(axis=(1, 3)) + 0.5))
    spread = [float(value) for value in answer.headers["x-spread"].split(",")]
    assert spread == pytest.approx(np.percentile(whole, (0, 0.5, 99.5, 100)))
    assert client.get(f"/images/{image.id}/pixels?halved=6").status_code == 422
    assert client.get(f"/images/{image.id}/pixels?halved=7").status_code == 422


def test_maps_are_the_stored_values(client: TestClient, study: str, store: Store) -> None:
    with store.view() as tx:
        row = tx.layers.of_study(study)[0]
        stored = tx.layers.values(row.id)[0]
    answer = client.get(f"/explanations/{row.id}/values", headers=PLAIN)
    assert answer.headers["x-extent"] == "0,0,40,40"
    assert np.array_equal(np.frombuffer(answer.content, "<f4").reshape(8, 8), stored)
    npy = client.get(f"/api/v1/explanations/{row.id}/values.npy")
    assert np.array_equal(np.load(io.BytesIO(npy.content), allow_pickle=False), stored)
    assert npy.headers["content-disposition"] == f'attachment; filename="{row.method}-{row.id}.npy"'


def test_thumbnails_and_overlays_are_pictures(client: TestClient, study: str, store: Store) -> None:
    review = films.flag(store, study)
    with store.view() as tx:
        image = tx.studies.get(study).images[0].id
        row = tx.layers.of_study(study)[0]
    sizes = {}
    for path in (
        f"/images/{image}/thumbnail.png",
        f"/images/{image}/preview.png",
        f"/explanations/{row.id}/overlay.png",
        f"/reviews/{review.id}/thumbnail.png",
    ):
        answer = client.get(path)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["cache-control"] == "private, no-cache"
        sizes[path] = Image.open(io.BytesIO(answer.content)).size
        assert client.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert max(sizes[f"/images/{image}/thumbnail.png"]) <= 160
    assert client.get(f"/api/v1/explanations/{row.id}/overlay.png").content[:4] == b"\x89PNG"


def test_a_preview_has_the_greys_that_the_viewer_draws(client: TestClient, store: Store, study: str) -> None:
    """Halved as the script halves it, through the window of the whole film; a small film is not halved."""
    with store.view() as tx:
        small = tx.studies.load_image(tx.studies.get(study).images[0].id)
        image = tx.studies.get(study).images[0].id
    shown = np.asarray(Image.open(io.BytesIO(client.get(f"/images/{image}/preview.png").content)))
    assert np.array_equal(shown, np.rint(grey(small) * 255).astype(np.uint8))
    large = np.random.default_rng(0).integers(0, 4096, (1500, 1300)).astype(np.uint16)
    film = replace(small, sop_instance_uid="1.2.99", stored=frozen(large), voi_lut=None, windows=())
    made = np.asarray(Image.open(io.BytesIO(picture_png(film))))
    halved = (large[::2, ::2].astype(int) + large[1::2, ::2] + large[::2, 1::2] + large[1::2, 1::2] + 2) >> 2
    by_hand = apply_window(halved * np.float32(film.slope) + np.float32(film.intercept), window_for(film))
    by_hand = 1 - by_hand if film.photometric == "MONOCHROME1" else by_hand
    assert np.array_equal(made, np.rint(by_hand * 255).astype(np.uint8))
    strip = replace(film, stored=frozen(large[:1].repeat(4, axis=1)))
    assert Image.open(io.BytesIO(picture_png(strip))).size == (5200, 1), "of which halving would leave nothing"


def test_a_flags_picture_shows_the_region(client: TestClient, study: str, store: Store, settings: Settings) -> None:
    drawn = films.flag(store, study)
    plain = films.flag(store, study, method="layer_cam")
    with_region = client.get(f"/reviews/{drawn.id}/thumbnail.png").content
    assert with_region != client.get(f"/reviews/{plain.id}/thumbnail.png").content
    yellow = (np.asarray(Image.open(io.BytesIO(with_region))) == (255, 209, 102)).all(-1)
    assert yellow.any()
    with connect(settings).begin() as connection:  # as a verdict that was carried over without its map
        connection.exec_driver_sql(f"update layers set \"values\" = null where id = '{plain.layer_id}'")  # noqa: S608
    film = Image.open(io.BytesIO(client.get(f"/reviews/{plain.id}/thumbnail.png").content))
    assert film.mode == "L"  # the map is gone: the film alone
    assert client.get(f"/layers/{plain.layer_id}/values").status_code == 404


def test_a_voi_lut(client: TestClient, send: Send, store: Store) -> None:
    lut = pydicom.Dataset()
    lut.LUTDescriptor, lut.LUTData = [256, 0, 12], np.array([n * 16 for n in range(256)], "<u2").tobytes()
    study = send(("lut.dcm", films.dicom(5, VOILUTSequence=[lut], WindowCenter=None, WindowWidth=None)))
    with store.view() as tx:
        image = tx.studies.get(study).images[0].id
    answer = client.get(f"/images/{image}/voi-lut", headers=PLAIN)
    assert np.frombuffer(answer.content, "<u2").tolist() == [n * 16 for n in range(256)]
    assert answer.headers["x-shape"] == "256"


def test_an_image_without_a_voi_lut(client: TestClient, study: str, store: Store) -> None:
    with store.view() as tx:
        image = tx.studies.get(study).images[0].id
    assert client.get(f"/images/{image}/voi-lut").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/images/{}/pixels", "/images/{}/thumbnail.png", "/images/{}/preview.png", "/images/{}/voi-lut",
        "/explanations/{}/values", "/explanations/{}/overlay.png", "/reviews/{}/thumbnail.png", "/api/v1/images/{}/pixels",
        "/api/v1/explanations/{}",
        "/api/v1/explanations/{}/values", "/api/v1/explanations/{}/values.npy", "/api/v1/explanations/{}/overlay.png",
    ],
)  # fmt: skip
def test_an_unknown_id_is_not_found(client: TestClient, path: str) -> None:
    for unknown in ("aaaaaaaaaaaa", "1", "..%2F..%2Fetc%2Fpasswd", "%00", "a" * 500):
        assert client.get(path.format(unknown)).status_code == 404, unknown


def test_what_a_large_film_opens_with_is_kept_and_goes_with_the_study(client: TestClient, send: Send, store: Store) -> None:
    study = send(("large.dcm", films.dicom(3, size=800)))
    opening.keep(store, study)
    with store.view() as tx:
        row = tx.studies.get(study).images[0]
    blob = store.blobs.path(row.pixels_sha256)
    kept = {path.name.partition(".")[2] for path in blob.parent.glob(f"{blob.name}.*")}
    assert kept == {f"picture-1-{row.id}", "halved-1-1-u2-800"}
    shown = Image.open(io.BytesIO(client.get(f"/images/{row.id}/preview.png").content))
    assert shown.size == (800, 800)
    with store.begin() as tx:
        tx.studies.remove(study)
    assert list(blob.parent.glob(f"{blob.name}*")) == []
