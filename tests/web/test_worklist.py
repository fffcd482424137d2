"""The worklist: searched, filtered, sorted, paged, and asked again while something runs."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.config import UNFINISHED_DEMO, Settings
from app.store import AgreementKey, Store, WorklistQuery
from app.web.tables import Column, columns, number, ordering
from app.web.worklist import Finding, Findings, WorklistPage
from tests.store.exams import CORONAL, SAGITTAL, SHA, SLICES, exam_answer, knee, slice_of, stack
from tests.store.films import store_file
from tests.web import exams, films
from tests.web.conftest import Send, shown, template

HALF = "No operating point on the card: called from 0.5 on."
XSS = "<script>alert(1)</script>"


def test_an_empty_worklist_says_what_to_do(client: TestClient) -> None:
    answer = client.get("/")
    page = shown(answer)
    assert isinstance(page, WorklistPage)
    assert page.empty
    assert "No study here yet" in answer.text
    assert 'href="/upload"' in answer.text


def test_the_first_studies_appear_by_themselves_and_their_number_is_honest(
    client: TestClient, send: Send, settings: Settings
) -> None:
    (settings.var / UNFINISHED_DEMO).touch()
    assert "The first studies are being put in" in client.get("/").text
    waiting = client.get("/?poll=1&seen=nothing", headers={"HX-Request": "true"})
    assert (waiting.status_code, "hx-refresh" in waiting.headers) == (204, False)
    send(("1.dcm", films.dicom(1)))
    assert client.get("/?poll=1&seen=nothing", headers={"HX-Request": "true"}).headers["hx-refresh"] == "true"
    told = "so far: more are being put in"
    assert told in client.get("/").text
    (settings.var / UNFINISHED_DEMO).unlink()
    assert told not in client.get("/").text


def test_what_tells_nothing_is_not_shown_and_undated_studies_are_told_apart(client: TestClient, send: Send) -> None:
    first, _second = (
        send((f"{n}.dcm", films.dicom(n, StudyDate=None, AccessionNumber=None, PatientSex="0000", PatientID="K")))
        for n in (1, 2)
    )
    text = client.get("/").text
    assert "0000" not in re.sub(r"<[^>]*>", "", text)
    ends = re.findall(r"undated, UID …([0-9]+)", text)
    assert len(set(ends)) == 2
    page = client.get(f"/studies/{first}").text
    assert f"<dd>undated, UID …{ends[1]}</dd>" in page
    assert "<dt>Sex</dt><dd>–</dd>" in page
    film = send(("x.png", films.png(1)))
    assert "<title>x.png – Whylight</title>" in " ".join(client.get(f"/studies/{film}").text.split())


def test_the_page_is_what_its_dataclass_says(client: TestClient, study: str, store: Store) -> None:
    answer = client.get("/")
    page = shown(answer)
    with store.view() as tx:
        expected = WorklistPage(
            query=WorklistQuery(reader="reader"),
            calls="",
            outcomes=("found", "missed", "false alarm", "rightly not called"),
            evidence="",
            state="",
            studies=tx.worklist.page(WorklistQuery()),
            readings={},
            modalities=("DX",),
            states=("waiting", "analysing", "done", "failed", "no network", "not read"),
            findings={
                study: Findings(
                    (
                        Finding("Nodule", 0.87, True, None, HALF, 0.5),
                        Finding("Cardiomegaly", 0.31, False, None, HALF, 0.5),
                        Finding("Effusion", 0.12, False, None, HALF, 0.5),
                    ),
                    0,
                )
            },
            columns=page.columns,
            order="-received",
            unreal=frozenset({"phantom-untrained", "phantom-by-name"}),
            unfinished=False,
            empty=False,
            polled=False,
            forgotten=False,
            address="/",
            coming=False,
            networks=client.app.state.web.registry.cards(),  # type: ignore[attr-defined]  # FastAPI's application
            batches=(),
        )
    assert page == expected
    assert [(c.title, c.aria_sort, c.order) for c in page.columns if c.aria_sort not in {"", "none"}] == [
        ("Received", "descending", "received")
    ]


def test_a_row_shows_the_study(client: TestClient, study: str, store: Store) -> None:
    films.flag(store, study)
    text = client.get("/").text
    for words in ("PHANTOM CHEST 1", "PH-1", "2026-01-02", "DX", "analysed", "Nodule", "87 %", "⚑ 1", "phantom", "Chest PA"):
        assert words in text, words
    assert f'href="/read?list=%2F&amp;row=study-{study}&amp;study={study}"' in text
    assert "/thumbnail.png" in text
    assert text.index('<span class="finding-word">Nodule') < text.index('<span class="finding-word">Cardiomegaly')
    assert 'hx-trigger="every 5s"' in text, "nothing is unfinished, but new studies may come"


def test_the_table_asks_again_while_something_waits(client: TestClient, send: Send) -> None:
    send(("film.dcm", films.dicom(1)))
    page = client.get("/")
    assert shown(page).unfinished
    assert 'hx-trigger="every 2s"' in page.text
    digest = shown(page).digest
    assert f'"seen": "{digest}"' in page.text
    assert client.get(f"/?poll=1&seen={digest}", headers={"HX-Request": "true"}).status_code == 204, "there is nothing new"
    polled = client.get("/?poll=1&seen=older", headers={"HX-Request": "true"})
    assert "hx-replace-url" not in polled.headers
    assert shown(polled).polled
    assert 'role="status"' not in polled.text


def test_search_goes_through_the_body(client: TestClient, send: Send) -> None:
    for n in (1, 2, 3):
        send((f"{n}.dcm", films.dicom(n, PatientName=f"NAME{n}^X")))
    told = client.post("/", data={"text": "name2", "modality": "DX", "order": "-received", "sort": "patient"})
    where = told.headers["location"]
    assert told.status_code == 303, "no POST stays in the history"
    assert re.fullmatch(r"/\?search=[a-z2-7]{12}&modality=DX&order=patient", where), "a name never stands in an address"
    found = client.get(where)
    assert [row.patient.name for row in shown(found).studies.rows] == ["NAME2 X"]
    assert 'value="name2"' in found.text
    assert "<option selected>DX" in found.text
    fragment = client.get(where, headers={"HX-Request": "true"})
    assert template(fragment) == "partials/worklist_table.html"
    assert "<html" not in fragment.text
    assert fragment.headers["hx-replace-url"] == where, "the address says what is shown"
    assert len(shown(client.get("/?text=name2")).studies.rows) == 3  # an address is no place for a name
    nothing = client.post("/", follow_redirects=True, data={"text": "nobody"})
    assert "No study fits" in nothing.text
    assert not shown(nothing).empty


def test_the_same_words_are_kept_once_and_not_for_ever(client: TestClient, study: str, store: Store) -> None:
    where = client.post("/", data={"text": " doe "}).headers["location"]
    assert client.post("/", data={"text": "doe"}).headers["location"] == where
    assert client.post("/", data={"text": "", "order": "-received"}).headers["location"] == "/"
    forgotten = client.get("/?search=aaaaaaaaaaaa&state=done")
    assert shown(forgotten).forgotten
    assert shown(forgotten).address == "/?state=done"
    assert "no longer kept" in forgotten.text
    assert client.get("/flagged.csv?search=aaaaaaaaaaaa").status_code == 404, "never more than was asked for"
    with store.begin() as tx:
        assert tx.searches.text(where[-12:]) == "doe"


def test_filters(client: TestClient, study: str, send: Send, store: Store) -> None:
    other = send(("cr.dcm", films.dicom(2, Modality="CR")))
    films.flag(store, study)

    def ids(**asked: str) -> list[str]:
        by_form = shown(client.post("/", follow_redirects=True, data=asked)).studies.rows
        by_address = shown(client.get("/", params=asked)).studies.rows
        assert by_form == by_address
        return [row.id for row in by_form]

    assert ids(modality="CR") == [other]
    assert ids(state="done") == [study]
    assert ids(state="waiting") == [other]
    assert ids(flagged="yes") == [study]
    assert ids(flagged="no") == [other]
    assert len(ids(state="junk", flagged="junk", order="junk", go="junk")) == 2


def test_sorting_turns_round(client: TestClient, send: Send) -> None:
    for n, name in ((1, "B"), (2, "A"), (3, "C")):
        send((f"{n}.dcm", films.dicom(n, PatientName=name)))

    def names(**asked: str) -> list[str]:
        answer = client.post("/", follow_redirects=True, data=asked)
        return [row.patient.name for row in shown(answer).studies.rows]

    assert names(sort="patient") == ["A", "B", "C"]
    assert names(sort="-patient") == ["C", "B", "A"]
    assert names(order="patient") == ["A", "B", "C"]  # what the hidden field keeps
    page = client.post("/", follow_redirects=True, data={"sort": "patient"})
    assert 'aria-sort="ascending"' in page.text
    assert 'value="-patient"' in page.text
    assert names(sort="received") == ["B", "A", "C"]


def test_methods_that_disagree_on_an_exam_are_shown_as_on_a_film(client: TestClient, store: Store, tmp_path: Path) -> None:
    """Of its stacks the one on which they disagree most."""
    study = exams.store(store, tmp_path)
    with store.begin() as tx:
        for stack, rank in zip(tx.stacks.of_study(study), (0.7, 0.1), strict=True):
            key = AgreementKey(study, stack.id, "knee", SHA, "ACL tear")
            tx.agreements.save(key, ("cam", "lrp"), rank, 0.2, 1 - rank)
    text = client.get("/").text
    assert 'aria-label="ACL tear: disagreement of the methods 0.90">0.90</span>' in text
    assert text.count("methods disagree</span>") == 1
    assert f"study={study}" in client.get("/?methods=disagree").text


def test_disagreement_is_shown_sorted_and_filtered_by(client: TestClient, send: Send, store: Store) -> None:
    studies = [send((f"{n}.dcm", films.dicom(n))) for n in (1, 2, 3)]
    for study, rank in zip(studies, (0.9, 0.1, None), strict=True):
        films.analyse(store, study)
        if rank is not None:
            films.agree(store, study, rank)
    films.agree(store, studies[0], 0.2, "Effusion")
    text = client.get("/").text
    assert text.count("methods disagree</span>") == 2
    assert 'aria-label="Nodule: disagreement of the methods 0.90">0.90</span>' in text
    assert 'aria-label="Effusion: disagreement of the methods 0.80">0.80</span>' in text
    assert 'aria-label="Cardiomegaly: not compared">–</span>' in text
    assert text.count('aria-label="not compared">–</span>') == 1

    def ids(**asked: str) -> list[str]:
        return [row.id for row in shown(client.post("/", follow_redirects=True, data=asked)).studies.rows]

    assert ids(sort="-disagreement") == [studies[1], studies[0], studies[2]]
    assert ids(sort="disagreement") == [studies[2], studies[0], studies[1]]
    assert ids(methods="disagree", sort="-disagreement") == [studies[1], studies[0]]
    films.agree(store, studies[0], 0.3, "Effusion")
    assert ids(methods="disagree") == [studies[1]]
    assert '<option value="disagree" selected>' in client.post("/", follow_redirects=True, data={"methods": "disagree"}).text


def test_methods_are_not_said_to_disagree_on_an_unlikely_finding(client: TestClient, study: str, store: Store) -> None:
    films.agree(store, study, 0.05, "Effusion", weight=0.0)
    text = client.get("/").text
    assert 'aria-label="Effusion: disagreement of the methods 0.95">0.95</span>' in text
    assert "methods disagree</span>" not in text
    assert shown(client.get("/?methods=disagree")).studies.rows == ()
    scores = shown(client.get(f"/studies/{study}")).data.prediction.scores
    assert {score.finding: score.weighs for score in scores} == {"Nodule": True, "Cardiomegaly": True, "Effusion": False}


def test_paging(client: TestClient, send: Send) -> None:
    send(*((f"{n}.dcm", films.dicom(n)) for n in range(1, 28)))
    first = client.get("/")
    assert len(shown(first).studies.rows) == 25
    assert "Page 1 of 2" in first.text
    second = client.post("/", follow_redirects=True, data={"go": "2"})
    assert len(shown(second).studies.rows) == 2
    assert shown(client.post("/", follow_redirects=True, data={"go": "99"})).studies.number == 2


def test_a_patients_name_stays_text(client: TestClient, send: Send, store: Store) -> None:
    study = send(("x.dcm", films.dicom(1, PatientName=XSS, PatientID=XSS, StudyDescription=XSS, AccessionNumber="<b>&")))
    films.analyse(store, study)
    films.flag(store, study, comment=XSS)
    for path in ("/", "/flagged", f"/studies/{study}"):
        text = client.get(path).text
        assert "alert(1)" in text
        assert XSS not in text
        assert "<script>" not in text
    typed = client.post("/", follow_redirects=True, data={"text": f'"{XSS}'})
    assert XSS not in typed.text


@pytest.mark.parametrize(("text", "page"), [("3", 3), ("", 1), ("0", 1), ("-1", 1), ("x", 1), ("²", 1), ("9999999", 1)])
def test_a_page_number(text: str, page: int) -> None:
    assert number(text) == page


def test_an_order() -> None:
    assert ordering("patient", ("patient",), "received") == ("patient", False)
    assert ordering("-patient", ("patient",), "received") == ("patient", True)
    assert ordering("--patient", ("patient",), "received") == ("received", True)
    assert ordering("", ("patient",), "received") == ("received", True)


def test_headings() -> None:
    found = columns((("A", "a", False), ("B", "b", True), ("C", "", False)), "a", descending=False, falling=("b",))
    assert found == (
        Column("A", "a", "ascending", "-a", number=False),
        Column("B", "b", "none", "-b", number=True),
        Column("C"),
    )


def test_films_without_a_header_go_by_their_files_names(client: TestClient, send: Send) -> None:
    send(("films/left <b>.png", films.png(1)), ("right.png", films.png(2)), ("3.dcm", films.dicom(3)))
    answer = client.get("/")
    assert {row.description for row in shown(answer).studies.rows} == {"left <b>.png", "right.png", "Chest PA"}
    assert "data-row-link>right.png</a>" in answer.text
    assert 'title="Chest PA · A3"' in answer.text
    assert shown(answer).modalities == ("DX",)
    assert "<option selected>" not in answer.text
    assert '<option value="">All</option>' in answer.text


def test_what_a_network_of_phantoms_says_of_a_person_is_called_so(client: TestClient, send: Send, store: Store) -> None:
    person, phantom = send(("person.dcm", films.dicom(8, phantom=False))), send(("phantom.dcm", films.dicom(9)))
    for study in (person, phantom):
        films.analyse(store, study, model="phantom-untrained")
    page = client.get("/").text
    assert page.count("trained on phantoms: means nothing for a person") == 1


def agreed(store: Store, exam: str, series: str, disagreement: float) -> None:
    """Keep how far methods disagree on a stack of an exam."""
    with store.begin() as tx:
        found = tx.stacks.of_fingerprint(exam, stack(series)).id
        key = AgreementKey(exam, found, "knee", SHA, "ACL tear")
        tx.agreements.save(key, ("cam", "lrp", "rap"), 1 - disagreement, 0.1, disagreement)


def test_methods_that_disagree_on_an_exam_are_told_and_filtered_as_on_a_film(
    client: TestClient, store: Store, tmp_path: Path, study: str
) -> None:
    """Of an exam's stacks the one on which they disagree most."""
    exam = exams.store(store, tmp_path)
    agreed(store, exam, SAGITTAL, 0.2)
    (row,) = (row for row in shown(client.get("/")).studies.rows if row.id == exam)
    named = dict(zip((score.finding for score in row.top), row.disagreements, strict=True))
    assert named == {"ACL tear": 0.2, "abnormality": None, "meniscal tear": None}
    assert shown(client.get("/?methods=disagree")).studies.rows == ()
    agreed(store, exam, CORONAL, 0.9)
    films.agree(store, study, rank=0.2)
    listed = shown(client.get("/?methods=disagree&sort=-disagreement"))
    assert [one.id for one in listed.studies.rows] == [exam, study]
    assert "ACL tear: disagreement of the methods 0.90" in client.get("/?methods=disagree").text


def test_what_methods_made_of_an_earlier_state_of_a_series_is_not_told(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    exam = exams.store(store, tmp_path)
    agreed(store, exam, SAGITTAL, 0.9)
    agreed(store, exam, CORONAL, 0.3)
    store_file(store, tmp_path, knee(slice_of(SAGITTAL, SLICES)), b"a fourth", "fourth.dcm")
    with store.begin() as tx:
        parts = tuple(part for part in exam_answer().parts if part.plane == "coronal")
        tx.answers.save(exam, exam_answer(parts=parts))
    (row,) = shown(client.get("/")).studies.rows
    assert max(value for value in row.disagreements if value is not None) == 0.3
    assert shown(client.get("/?methods=disagree")).studies.rows == ()
