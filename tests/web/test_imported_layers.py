"""Layers of other software on the pages: they have panes beside our methods', and are judged as those are."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.domain import Layer, Producer, frozen
from app.store import LayerRow, Store
from tests.store.films import layer

JSON = {"Accept": "application/json"}
OUTSIDE: dict[str, Any] = {"model": "outside", "model_sha256": "0a" * 32}


def imported(found: Layer, values: Any) -> Layer:
    """A probability per pixel as other software hands it in."""
    producer = Producer("import", "lung-segmenter", "2.1", "Lung segmenter")
    changed: dict[str, Any] = {
        "kind": "probability",
        "scale": "unit",
        "producer": producer,
        "total": None,
        "conservation_error": None,
        **OUTSIDE,
    }
    return replace(found, values=frozen(values.astype(np.float32)), **changed)


@pytest.fixture
def row(store: Store, study: str) -> LayerRow:
    """A probability per pixel that somebody brought along for the shown finding."""
    with store.begin() as tx:
        image = tx.studies.get(study).images[0]
        found = layer(image.sop_instance_uid, frame=image.frame)
        values = np.linspace(0.1, 0.6, 20).reshape(1, 4, 5)
        return tx.layers.save(study, imported(found, values))


def told(client: TestClient, study: str) -> dict[str, Any]:
    return dict(client.get(f"/studies/{study}/case.json", headers=JSON).json())


def test_a_layer_of_other_software_has_a_pane_and_says_how_it_is_to_be_read(
    client: TestClient, study: str, row: LayerRow
) -> None:
    data = told(client, study)
    assert [method["name"] for method in data["methods"] if method["imported"]] == [row.method]
    (entry,) = (entry for entry in data["explanations"] if entry["id"] == row.id)
    assert (entry["kind"], entry["scale"], entry["signed"], entry["min"]) == ("probability", "unit", False, pytest.approx(0.1))
    assert (entry["model"], entry["model_sha256"]) == (OUTSIDE["model"], OUTSIDE["model_sha256"])
    ours = {(e["model"], e["model_sha256"]) for e in data["explanations"]} - {tuple(OUTSIDE.values())}
    assert ours == {(data["prediction"]["model"], data["prediction"]["model_sha256"])}
    page = client.get(f"/studies/{study}").text
    assert f'id="pane-{row.method}"' in page
    assert "Imported: Lung segmenter 2.1" in page


def test_it_is_judged_as_our_maps_are(client: TestClient, study: str, row: LayerRow, store: Store) -> None:
    """Seen: the page sent its own network's name along, and no such map was found."""
    page = client.get(f"/studies/{study}").text
    (form,) = re.findall(rf'<form class="verdicts"(?:(?!</form>).)*value="{row.method}".*?</form>', page, re.DOTALL)
    given = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)) | {"verdict": "wrong"}
    answer = client.post(f"/studies/{study}/reviews", data=given)
    assert answer.status_code == 303
    assert client.get(answer.headers["location"]).status_code == 200
    with store.view() as tx:
        (review,) = tx.reviews.of_study(study)
    assert review.layer_id == row.id
    page = client.get(f"/studies/{study}").text
    (form,) = re.findall(rf'<form class="verdicts"(?:(?!</form>).)*value="{row.method}".*?</form>', page, re.DOTALL)
    assert 'value="wrong" aria-pressed="true"' in form
    (entry,) = told(client, study)["reviews"]
    assert (entry["method"], entry["model_sha256"]) == (row.method, OUTSIDE["model_sha256"])


def test_the_list_leads_to_it(client: TestClient, study: str, row: LayerRow) -> None:
    given = {"image": told(client, study)["image"], **OUTSIDE, "method": row.method, "finding": row.finding, "verdict": "right"}
    assert client.post(f"/studies/{study}/reviews", json=given, headers=JSON).status_code == 201
    flagged = client.get("/flagged").text
    assert "Lung segmenter" in flagged
    (link,) = re.findall(r'data-row-link href="([^"]+)"|class="row-link"[^>]* href="([^"]+)"', flagged)
    assert client.get("".join(link).replace("&amp;", "&"), follow_redirects=True).status_code == 200


def test_the_list_of_networks_tells_of_the_software_and_that_it_has_no_card(client: TestClient, row: LayerRow) -> None:
    page = client.get("/models").text
    assert "Lung segmenter 2.1" in page
    assert "1 layer" in page
    assert f'href="/models/{row.model}"' not in page
    assert client.get(f"/models/{row.model}").status_code == 404
