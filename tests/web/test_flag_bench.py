"""The flagged maps as a bench: filtered, sorted by figures, counted, printed, and exported with predictions."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from app.domain import Localisation, Review, Verdict
from app.store import Store
from tests.web import films
from tests.web.conftest import Send, shown

GIVEN: tuple[tuple[str, Verdict, str, float | None], ...] = (
    ("cam", "wrong", "text marker", 0.1),
    ("lrp", "right", "", 0.9),
    ("saliency", "wrong", "noise", None),
    ("rap_contrastive", "artefact", "noise", 0.5),
)
"""Method, judgement, reason, and the map's IoU with the true region; None where it is not defined."""


def judge(store: Store, study: str, reader: str = "reader") -> list[str]:
    """Verdicts as `GIVEN` on a study's first film, by a reader."""
    with store.begin() as tx:
        layers = {row.method: row.id for row in tx.layers.of_study(study)}
        return [
            tx.reviews.add(
                layers[method],
                Review(
                    verdict=verdict,
                    reason=reason,
                    comment="",
                    regions={},
                    reader=reader,
                    created_at=datetime.now(UTC),
                    localisations={method: Localisation(1.0, iou, None, None)},
                ),
            ).id
            for method, verdict, reason, iou in GIVEN
        ]


@pytest.fixture
def judged(study: str, store: Store) -> list[str]:
    """The verdicts' ids."""
    return judge(store, study)


def ids(client: TestClient, **asked: str) -> list[str]:
    """The verdicts that the address shows."""
    return [row.row.id for row in shown(client.get("/flagged", params=asked)).flags.rows]


def test_it_is_filtered_by_reason_and_reader(client: TestClient, store: Store, study: str, judged: list[str]) -> None:
    others = judge(store, study, "Kim")
    assert ids(client, reason="noise", order="created") == [judged[2], judged[3], others[2], others[3]]
    assert ids(client, reason="noise", reader="Kim", verdict="wrong") == [others[2]]
    choices = shown(client.get("/flagged")).choices
    assert (choices.reasons, choices.readers) == (("noise", "text marker"), ("Kim", "reader"))
    sent = client.post("/flagged", data={"reason": "noise", "reader": "Kim", "show": "counts"})
    assert sent.headers["location"] == "/flagged?reader=Kim&reason=noise&show=counts"
    back = client.get(sent.headers["location"]).text
    assert '<option value="noise" selected>' in back
    api = client.get("/api/v1/exports/flags.json", params={"reason": "text marker"}).json()
    assert [row["verdict"] for row in api["rows"]] == ["wrong", "wrong"]


def test_it_is_sorted_by_figures_and_what_has_none_comes_last(client: TestClient, judged: list[str]) -> None:
    cam, lrp, saliency, rap = judged
    assert ids(client, order="iou") == [cam, rap, lrp, saliency]
    assert ids(client, order="-iou") == [lrp, rap, cam, saliency]
    assert len(ids(client, order="-probability")) == 4
    page = shown(client.get("/flagged", params={"order": "-iou"}))
    assert [(one.key, one.aria_sort) for one in page.columns if one.aria_sort == "descending"] == [("iou", "descending")]
    exported = list(csv.DictReader(io.StringIO(client.get("/flagged.csv?order=iou").text.removeprefix("\ufeff"))))
    assert [row["review"] for row in exported] == [cam, rap, lrp, saliency]
    queue = client.get("/read", params={"list": "/flagged?order=iou"}).headers["location"]
    assert f"flag={cam}&" in queue


def test_it_is_counted_with_intervals_and_every_count_leads_to_its_verdicts(
    client: TestClient, store: Store, study: str, send: Send, judged: list[str]
) -> None:
    for number in range(8):  # of ten verdicts on CAM in all one is right
        other = send((f"{number}.dcm", films.dicom(40 + number)))
        films.analyse(store, other)
        films.flag(store, other, "cam", "wrong")
    last = send(("last.dcm", films.dicom(50)))
    films.analyse(store, last)
    films.flag(store, last, "cam", "right")
    answer = client.get("/flagged?show=counts")
    counts = shown(answer).counts
    assert [(one.method, one.total) for one in counts][:2] == [("", 13), ("cam", 10)]
    right, wrong = counts[1].judgements
    assert (right.verdict, right.all.count, wrong.all.count) == ("right", 1, 9)
    assert (round(right.all.low, 4), round(right.all.high, 4)) == (0.0179, 0.4042), "Wilson 1927, 1 of 10"
    assert [(reason, share.count) for reason, share in wrong.reasons] == [("text marker", 9)]
    assert "2–40 %" in answer.text
    for method in counts:
        for judgement in method.judgements:
            assert shown(client.get(judgement.all.address)).flags.total == judgement.all.count
            for _, share in judgement.reasons:
                assert shown(client.get(share.address)).flags.total == share.count
    narrowed = shown(client.get("/flagged?show=counts&reason=noise")).counts
    assert [(one.method, one.total) for one in narrowed] == [("", 2), ("rap_contrastive", 1), ("saliency", 1)]


def test_the_contact_sheet_shows_film_and_map_and_no_name(client: TestClient, study: str, judged: list[str]) -> None:
    text = client.get("/flagged?show=sheet&reason=noise").text
    sheet = text[text.index('<div class="sheet">') : text.index("data-print")]
    assert re.findall(r'src="(/reviews/[^"]+)"', sheet) == [
        f"/reviews/{review}/{picture}.png" for review in (judged[3], judged[2]) for picture in ("film", "thumbnail")
    ]
    words = " ".join(re.sub(r"<[^>]*>", " ", sheet).split())
    assert "Nodule 87 % · Contrastive RAP" in words
    assert "phantom-untrained cdcdcdcd Artefact · noise · IoU 0.50" in words
    assert "PHANTOM" not in sheet
    assert "PH-1" not in sheet
    for picture in ("film", "thumbnail"):
        answer = client.get(f"/reviews/{judged[0]}/{picture}.png")
        assert answer.headers["content-type"] == "image/png"
    assert client.get("/reviews/aaaaaaaaaaaa/film.png").status_code == 404


def test_predictions_of_the_selection_come_as_one_table(
    client: TestClient, store: Store, study: str, send: Send, judged: list[str]
) -> None:
    evil = send(("=1+1.dcm", films.dicom(60, PatientName="=cmd|' /C calc'!A0", AccessionNumber="a;=1")))
    films.analyse(store, evil)
    films.flag(store, evil, "cam", "partly")
    unjudged = send(("other.dcm", films.dicom(61)))
    films.analyse(store, unjudged)

    def rows(answer: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(answer.removeprefix("\ufeff"))))

    every = rows(client.get("/flagged/predictions.csv").text)
    assert {row["study"] for row in every} == {study, evil}
    assert len(every) == 2 * len(films.SCORES)
    chosen = rows(client.get("/flagged/predictions.csv?verdict=partly").text)
    assert {row["study"] for row in chosen} == {evil}
    assert {row["file"] for row in chosen} == {"'=1+1.dcm"}
    assert {row["accession"] for row in chosen} == {"a;'=1"}
    assert all(row["sop_instance_uid"] and row["study_uid"] for row in chosen)
    assert {"cohort", "cohort_case", "called", "point"} <= set(chosen[0])
    found = rows(client.post("/flagged/predictions.csv", data={"text": "phantom"}).text)
    assert {row["study"] for row in found} == {study}
