"""Manifests of other software by the command line: found by their images, and told of in a line each."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from app.desk import cli, imports, rasters
from app.desk.imports import Manifest
from app.errors import InputError, NotFound, TooLarge
from app.store import Store
from tests.store.films import store_file, study

LAYER: dict[str, Any] = {"file": "m.npy", "image": {"sop_instance_uid": "1.2.3.1"}, "kind": "relevance", "finding": "Mass"}


def written(folder: Path, *layers: dict[str, Any], producer: str = "Acme") -> Path:
    """A manifest in a folder of its own."""
    folder.mkdir(exist_ok=True)
    path = folder / "manifest.json"
    path.write_text(json.dumps({"version": 1, "producer": {"name": producer}, "layers": layers}), encoding="utf-8")
    return path


def test_the_command_finds_the_study_and_keeps_all_or_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], models: Path
) -> None:
    study_id = store_file(store, tmp_path, study()).study_id
    monkeypatch.setenv("WHYLIGHT_VAR", str(store.blobs.folder.parent))
    monkeypatch.setenv("WHYLIGHT_MODELS", str(models))
    good, bad = written(tmp_path / "good", LAYER), written(tmp_path / "bad", LAYER, {**LAYER, "finding": "Plague"})
    for folder in (good.parent, bad.parent):
        np.save(folder / "m.npy", np.ones((4, 4), np.float32))
    assert cli.main(["import", str(good), str(bad)]) == 1
    told = capsys.readouterr()
    assert told.out == f"{good}: 1 layers of study {study_id}, with answers about 0 of its stacks\n"
    assert "Layer 2: there is no finding called “Plague” here" in told.err
    assert cli.main(["import", str(tmp_path / "none.json"), "--study", study_id]) == 2
    assert "The manifest cannot be read" in capsys.readouterr().err
    with store.view() as tx:
        assert [(row.producer.title, row.finding) for row in tx.layers.of_study(study_id)] == [("Acme", "Mass")]


def test_the_study_is_that_of_the_first_image(store: Store, tmp_path: Path) -> None:
    study_id = store_file(store, tmp_path, study()).study_id
    for image in ({"sop_instance_uid": "1.2.3.1"}, {"file_name": "film.dcm"}):
        manifest = imports.read(written(tmp_path, {**LAYER, "image": image}).read_bytes())
        assert imports.find(store, manifest) == study_id
    with pytest.raises(NotFound):
        imports.find(store, imports.read(written(tmp_path, {**LAYER, "image": {"file_name": "no.dcm"}}).read_bytes()))


@pytest.mark.parametrize(
    "text", [b"", b"\xff", b"[]", b"{" * 100_000, b'{"version": 2, "producer": {"name": "A"}, "layers": []}', b'{"a": NaN}']
)
def test_what_is_no_manifest_is_refused_in_words(text: bytes) -> None:
    with pytest.raises(InputError, match="manifest"):
        imports.read(text)


def test_only_files_beside_the_manifest_are_read(tmp_path: Path) -> None:
    (tmp_path / "secret.npy").write_bytes(b"1")
    found = rasters.beside(written(tmp_path / "in", LAYER))
    for name in ("../secret.npy", str(tmp_path / "secret.npy"), "", "."):
        with pytest.raises(NotFound):
            found(name)


def test_a_png_spans_from_lo_to_hi(tmp_path: Path) -> None:
    for codes, most in ((np.array([[0, 51], [255, 102]], np.uint8), 255), (np.array([[0, 65535]], np.uint16), 65535)):
        Picture.fromarray(codes).save(tmp_path / "m.png")
        values = rasters.read(["m.png"], rasters.beside(tmp_path / "manifest.json"), 1, 100, (-1.0, 3.0))
        np.testing.assert_allclose(values[0], -1 + codes * 4.0 / most, rtol=1e-6)
        np.testing.assert_array_equal(rasters.read(["m.png"], rasters.beside(tmp_path / "x"), 1, 100, None)[0], codes)


def test_a_size_is_weighed_before_anything_is_allocated(tmp_path: Path) -> None:
    header = (
        b"\x93NUMPY\x01\x00\x76\x00"
        + b"{'descr': '<f8', 'fortran_order': False, 'shape': (8000, 8000, 8000), }".ljust(117)
        + b"\n"
    )
    (tmp_path / "huge.npy").write_bytes(header)
    with pytest.raises(TooLarge):
        rasters.read(["huge.npy"], rasters.beside(tmp_path / "x"), 1, rasters.MOST_VALUES, None)


def test_the_manifest_in_the_documents_is_one() -> None:
    text = Path("docs/reference/layers.md").read_text(encoding="utf-8")
    example = text.split("```json\n")[1].split("```")[0]
    assert isinstance(imports.read(example.encode()), Manifest)
