"""The flagged maps: listed, filtered, sorted, and exported without running anything."""

import csv
import io
import json
import re
from pathlib import Path

import pydicom
import pytest
from fastapi.testclient import TestClient

from app.domain import Answer, Region, Score
from app.domain.cells import harmless
from app.store import FlagQuery, Store, WorklistQuery
from app.web.exports import NOTICE, FlagLine, heading
from app.web.flagged import FlaggedPage
from tests.store.exams import stack_review
from tests.web import exams, films
from tests.web.conftest import Send, shown, template


@pytest.fixture
def flags(study: str, store: Store) -> list[str]:
    """Three verdicts on one study, the oldest first."""
    return [
        films.flag(store, study, "cam", "wrong", "points at the marker").id,
        films.flag(store, study, "lrp", "right").id,
        films.flag(store, study, "rap_contrastive", "partly", '=HYPERLINK("http://evil")').id,
    ]


def ids(client: TestClient, **asked: str) -> list[str]:
    """The verdicts on the page for a form; the address gives the same unless it holds a text."""
    by_form = [row.row.id for row in shown(client.post("/flagged", follow_redirects=True, data=asked)).flags.rows]
    if "text" not in asked:
        named = {"order" if name == "sort" else name: value for name, value in asked.items()}
        assert by_form == [row.row.id for row in shown(client.get("/flagged", params=named)).flags.rows]
    return by_form


def test_without_verdicts_the_page_says_how_to_give_one(client: TestClient) -> None:
    answer = client.get("/flagged")
    assert "No verdict yet" in answer.text
    assert shown(answer).flags.total == 0


def test_the_page_is_what_its_dataclass_says(client: TestClient, store: Store, flags: list[str]) -> None:
    answer = client.get("/flagged")
    page = shown(answer)
    with store.view() as tx:
        expected = FlaggedPage(
            query=FlagQuery(),
            flags=tx.flags.page(FlagQuery()),
            choices=tx.flags.choices(),
            columns=page.columns,
            order="-created",
            methods=page.methods,
            against={row: page.against[row] for row in flags},
            lines={row: page.lines[row] for row in flags},
            forgotten=False,
            address="/flagged",
            show="",
            views={"": "/flagged", "counts": "/flagged?show=counts", "sheet": "/flagged?show=sheet"},
            counts=(),
        )
    assert page == expected
    assert all(line.called for line in page.lines.values())
    assert page.methods["gradcam"] == "Grad-CAM"
    assert [row.row.id for row in page.flags.rows] == flags[::-1]


def test_a_row_shows_the_verdict_and_leads_to_its_map(client: TestClient, study: str, flags: list[str]) -> None:
    text = client.get("/flagged").text
    for words in (
        "Wrong region",
        "Right region",
        "Partly right",
        "points at the marker",
        "text marker",
        "Nodule",
        "87 %",
        "CAM",
    ):
        assert words in text, words
    cells = [re.sub(r"<[^>]*>|\s+", " ", cell).split() for cell in re.findall(r"<td[^>]*>(.*?)</td>", text, re.S)]
    assert ["16", "×", "25", "pixels", "rectangle"] in cells
    at = cells.index(["points", "at", "the", "marker"])
    assert cells[at - 4 : at] == [["hit"], ["0.25"], ["∞"], ["–"]], "a column each"
    assert f'src="/reviews/{flags[0]}/thumbnail.png"' in text
    assert f'href="/read?list=%2Fflagged&amp;row=flag-{flags[0]}&amp;study={study}"' in text
    opened = client.get(f"/read?list=/flagged&row=flag-{flags[0]}&study={study}").headers["location"]
    assert re.fullmatch(rf"/studies/{study}\?flag={flags[0]}&queue=[a-z2-7]{{12}}&place=2", opened)


def test_a_case_that_is_opened_at_a_verdict_says_which_and_shows_what_it_is_about(
    client: TestClient, study: str, store: Store, flags: list[str]
) -> None:
    page = client.get(f"/studies/{study}?flag={flags[0]}")
    told = shown(page).judged
    assert (told.method, told.finding, told.verdict, told.reader) == ("cam", "Nodule", "wrong", "reader")
    assert list(told.regions) == [shown(page).data.image]
    words = " ".join(re.sub(r"<[^>]*>", " ", page.text[page.text.index('id="judged"') :]).split())
    assert "Wrong region CAM · Nodule · text marker · judged by Reader · “points at the marker”" in words
    assert "which reads now" not in page.text
    with store.begin() as tx:
        stack = tx.stacks.of_image(tx.studies.get(study).images[0].id).fingerprint
        said = (Score("Nodule", 0.9, 2.2),)
        sha256, versions = "ef" * 32, {"torch": "2"}
        answer = Answer.of_film(
            stack, model="phantom-untrained", model_sha256=sha256, scores=said, device="cpu", versions=versions
        )
        tx.answers.save(study, answer)
    newer = client.get(f"/studies/{study}?flag={flags[0]}").text
    assert "by version cdcdcdcd of the network; the one that is shown is by version efefefef, which reads now" in newer
    assert "points at the marker" not in newer[newer.index('id="judged-data"') :].split("</script>")[0]
    client.delete(f"/reviews/{flags[0]}")
    assert shown(client.get(f"/studies/{study}?flag={flags[0]}")).judged is None
    assert shown(client.get(f"/studies/{study}?flag=nobody")).judged is None


def test_filters(client: TestClient, flags: list[str]) -> None:
    assert ids(client, verdict="wrong") == [flags[0]]
    assert ids(client, method="lrp") == [flags[1]]
    assert ids(client, finding="Nodule", model="phantom-untrained") == flags[::-1]
    assert ids(client, finding="Mass") == []
    assert ids(client, text="marker") == [flags[0]]
    assert ids(client, sort="method") == flags
    assert ids(client, sort="-method") == flags[::-1]
    nothing = client.post("/flagged", follow_redirects=True, data={"text": "nobody"}, headers={"HX-Request": "true"})
    assert template(nothing) == "partials/flagged_table.html"
    assert "No verdict fits" in nothing.text


def test_a_withdrawn_verdict_is_gone(client: TestClient, flags: list[str]) -> None:
    assert client.delete(f"/reviews/{flags[0]}").status_code == 200
    assert flags[0] not in ids(client)


def test_csv(client: TestClient, study: str, flags: list[str]) -> None:
    answer = client.get("/flagged.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="whylight-flagged-')
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert tuple(rows[0]) == heading(FlagLine)
    assert [row["review"] for row in rows] == flags[::-1]
    first = rows[-1]
    assert first["study"] == study
    assert (first["model"], first["model_sha256"], first["method"], first["finding"]) == (
        "phantom-untrained", "cd" * 32, "cam", "Nodule",
    )  # fmt: skip
    assert [float(first[f"region_{edge}"]) for edge in ("left", "top", "right", "bottom")] == [4, 5, 20, 30]
    assert json.loads(first["region_shapes"]) == [{"kind": "rectangle", "points": [[4, 5], [20, 30]]}]
    assert first["region_area"] == str(16 * 25)
    assert [first[name] for name in ("pointing", "iou", "outside_inside", "mass")] == ["1.0", "0.25", "inf", ""]
    assert (first["image_columns"], first["image_rows"]) == ("40", "40")
    assert float(first["probability"]) == pytest.approx(0.87)
    assert (first["verdict"], first["reason"], first["comment"]) == ("wrong", "text marker", "points at the marker")
    assert first["created_at"].endswith("+00:00")
    assert {row["use"] for row in rows} == {NOTICE}


def test_json(client: TestClient, flags: list[str]) -> None:
    body = client.get("/flagged.json").json()
    assert body["use"] == "Research use only — not for clinical use"
    assert [flag["review"] for flag in body["flags"]] == flags[::-1]
    assert tuple(body["flags"][0]) == heading(FlagLine)
    assert body["flags"][0]["comment"] == '=HYPERLINK("http://evil")'


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_exports_take_the_filters(client: TestClient, flags: list[str], ending: str) -> None:
    for answer in (
        client.get(f"/flagged.{ending}?verdict=wrong"),
        client.post(f"/flagged.{ending}", data={"verdict": "wrong"}),
        client.post(f"/flagged.{ending}", data={"text": "marker"}),
    ):
        assert flags[0] in answer.text
        assert flags[1] not in answer.text


def test_no_cell_is_a_formula(client: TestClient, send: Send, store: Store, flags: list[str]) -> None:
    study = send(("evil.dcm", films.dicom(9, PatientName="=cmd|' /C calc'!A0", PatientID="@SUM(1)", AccessionNumber="-1+1")))
    films.analyse(store, study)
    films.flag(store, study, comment="\t=1+1")
    text = client.get("/flagged.csv").content.decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert not cell.startswith(("=", "@", "+", "\t", "\r", "|", "%")), cell
            assert not cell.startswith("-"), cell
    assert "'=HYPERLINK" in text


@pytest.mark.parametrize(
    "text",
    [
        "=1",
        "+1",
        "-1",
        "@x",
        " =1",
        "|x",
        "%x",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "\u3000＝1",
        "\ufeff=1",
        '"=1"',
        "\tx",
        "\rx",
        "\nx",
    ],
)
def test_risky_text_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a;=1", "a;'=1"),
        ("a; ＝cmd()", "a;' ＝cmd()"),
        ("a\t=1", "a\t'=1"),
        ("a\r\n+1", "a\r'\n'+1"),
        ("\t=1", "'\t'=1"),
        ("=1;-1", "'=1;'-1"),
    ],
)
def test_text_is_no_formula_after_what_another_spreadsheet_takes_for_the_end_of_a_cell(text: str, told: str) -> None:
    assert harmless(text) == told


@pytest.mark.parametrize("value", ["", "a=1", "a; b - c", "a;b", "x\ny", -1.5, 3, None, True])
def test_harmless_values_stay(value: object) -> None:
    assert harmless(value) is value


def test_verdicts_on_stacks_are_listed_and_exported_beside_those_on_films(
    client: TestClient, store: Store, flags: list[str], tmp_path: Path
) -> None:
    exam = exams.store(store, tmp_path)
    with store.begin() as tx:
        sagittal = tx.stacks.of_study(exam)[0]
        first, second, _ = sagittal.images
        layer = tx.layers.of_stack(sagittal.id)[0].id
        regions = {0: Region.rectangle(0, 0, 4, 4), 1: Region.rectangle(2, 2, 8, 10)}
        given = tx.reviews.add(layer, stack_review(regions=regions, comment="behind it")).id
    text = client.get("/flagged").text
    for words in (f'src="/reviews/{given}/thumbnail.png"', "on 2 slices", "MR · sagittal", "ACL tear", "88 %"):
        assert words in text, words
    assert ids(client, finding="ACL tear") == [given]
    assert ids(client) == [given, *flags[::-1]]
    rows = list(csv.DictReader(io.StringIO(client.get("/flagged.csv").content.decode("utf-8-sig"))))
    told = rows[0]
    assert (told["review"], told["study"], told["image"], told["explanation"]) == (given, exam, second, layer)
    assert (told["stack"], told["plane"]) == (sagittal.id, "sagittal")
    assert [float(told[f"region_{edge}"]) for edge in ("left", "top", "right", "bottom")] == [0, 0, 8, 10]
    assert [shape["image"] for shape in json.loads(told["region_shapes"])] == [first, second]
    assert told["region_area"] == str(16 + 48)
    assert (told["pointing"], told["outside_inside"], told["mass"]) == ("1.0", "inf", "")
    assert (told["slices"], told["current"], told["doubtful"]) == ("3", "True", "False")
    assert (told["file"], told["sop_instance_uid"]) == ("1.9.1.1.dcm", "1.9.1.1")
    assert {(row["plane"], row["slices"]) for row in rows[1:]} == {("", "1")}
    assert client.get("/flagged.json").json()["flags"][0]["stack"] == told["stack"]


def test_a_film_without_a_name_is_called_by_its_file(client: TestClient, store: Store, send: Send) -> None:
    study = send(("scan/film-7.png", films.png(7)))
    films.analyse(store, study)
    films.flag(store, study)
    assert re.search(r"data-row-link>film-7.png</a>", client.get("/flagged").text)
    (row,) = csv.DictReader(io.StringIO(client.get("/flagged.csv").text.removeprefix("\ufeff")))
    assert (row["file"], row["patient_name"]) == ("scan/film-7.png", "")
    assert (row["cohort"], row["cohort_case"]) == ("", "")


def test_verdicts_join_a_cohorts_table_of_labels(client: TestClient, store: Store) -> None:
    drawn = [(f"{number}.dcm", films.dicom(number)) for number in (1, 2, 3)]
    labels = b"image,Effusion,Nodule\n" + b"".join(f"{name},{n % 2},1\n".encode() for n, (name, _) in enumerate(drawn))
    sent = client.post("/cohorts", files=[("files", one) for one in (("labels.csv", labels), *drawn)])
    address = sent.headers["location"].partition("?")[0]
    form = {"model": "chest-untrained", "image": "image", "label:Effusion": "Effusion", "label:Nodule": "Nodule"}
    assert client.post(address, data=form).status_code == 303
    with store.view() as tx:
        rows = tx.worklist.page(WorklistQuery()).rows
    for row in rows[:2]:
        films.analyse(store, row.id)
        films.flag(store, row.id)
    truth = {row["image"]: row["Effusion"] for row in csv.DictReader(io.StringIO(labels.decode()))}
    verdicts = list(csv.DictReader(io.StringIO(client.get("/flagged.csv").text.removeprefix("\ufeff"))))
    assert len(verdicts) == 2
    for one in verdicts:
        assert one["cohort_case"] in truth, "by the cohort's own key"
        assert one["file"].rpartition("/")[2] == one["cohort_case"], "by the file"
        header = pydicom.dcmread(io.BytesIO(dict(drawn)[one["cohort_case"]]), stop_before_pixels=True)
        uids = (header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID)
        assert (one["study_uid"], one["series_uid"], one["sop_instance_uid"]) == uids, "by DICOM's identifiers"
    told = client.get("/flagged.json").json()["flags"]
    api = client.get("/api/v1/exports/flags.json").json()["rows"]
    keys = [one["cohort_case"] for one in verdicts]
    assert [one["cohort_case"] for one in told] == [one["cohort_case"] for one in api] == keys
    assert all(one["cohort"] and one["sop_instance_uid"] for one in api)
