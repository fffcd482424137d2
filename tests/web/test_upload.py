"""Uploads: streamed, read, stored once, and each file told of."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from app.config import Settings
from app.store import Store
from app.web import receiving
from app.web.application import create_app
from app.web.upload import Line, UploadPage
from tests.web import films
from tests.web.conftest import HOST, SAME_SITE, Send, shown


def outcomes(client: TestClient, location: str) -> dict[str, tuple[str, str]]:
    """State and reason per file name, as the case page reports them."""
    found = shown(client.get(location)).report
    return {line.name: (line.state, line.reason) for line in found.lines}


def test_the_page_names_the_limits(client: TestClient, settings: Settings) -> None:
    answer = client.get("/upload")
    assert shown(answer) == UploadPage(settings.max_files, settings.max_file_mb, settings.max_upload_mb, None)
    assert 'enctype="multipart/form-data"' in answer.text
    assert "webkitdirectory" in answer.text


def test_a_bad_file_among_good_ones(client: TestClient, store: Store, woken: list[str]) -> None:
    files = [
        ("files", ("a.dcm", films.dicom(1))),
        ("files", ("empty.dcm", b"")),
        ("files", ("notes.txt", b"The patient was well.")),
        ("files", ("cut.dcm", films.dicom(2)[:300])),
        ("files", ("folder/b.dcm", films.dicom(3))),
    ]
    answer = client.post("/studies", files=files)
    assert answer.status_code == 303
    told = outcomes(client, answer.headers["location"])
    assert list(told) == ["a.dcm", "empty.dcm", "notes.txt", "cut.dcm", "folder/b.dcm"]
    assert told["a.dcm"] == told["folder/b.dcm"] == ("accepted", "")
    for name in ("empty.dcm", "notes.txt", "cut.dcm"):
        state, reason = told[name]
        assert state == "rejected"
        assert len(reason) > 15
    with store.view() as tx:
        assert tx.studies.count() == 2
        assert tx.jobs.waiting() == 2
    assert woken == ["wake"]


def test_the_case_page_lists_the_files_and_the_other_studies(client: TestClient) -> None:
    files = [("files", (f"{n}.dcm", films.dicom(n))) for n in (1, 2)] + [("files", ("<b>bad</b>.txt", b"no"))]
    answer = client.post("/studies", files=files)
    page = client.get(answer.headers["location"])
    report = shown(page).report
    assert len(report.studies) == 2
    assert (report.count("accepted"), report.count("rejected"), report.count("already here")) == (2, 1, 0)
    assert report.titles == {report.studies[n - 1]: f"PHANTOM CHEST {n}" for n in (1, 2)}
    for n, study in enumerate(report.studies, start=1):
        assert f'<a href="/studies/{study}?upload={report.id}">PHANTOM CHEST {n}</a>' in page.text
    assert "&lt;b&gt;bad&lt;/b&gt;.txt" in page.text
    assert "<b>bad</b>" not in page.text
    plain = client.get(f"/studies/{report.studies[0]}")
    assert shown(plain).report is None
    unknown = client.get(f"/studies/{report.studies[0]}?upload=aaaaaaaaaaaa")
    assert unknown.status_code == 200
    assert shown(unknown).report is None


def test_what_is_new_opens_and_not_what_was_here_before(client: TestClient, send: Send) -> None:
    known = send(("old.dcm", films.dicom(50)))
    both = [("files", ("a-old.dcm", films.dicom(50))), ("files", ("b-new.dcm", films.dicom(51)))]
    sent = client.post("/studies", files=both, follow_redirects=False)
    assert known not in sent.headers["location"]
    again = client.post("/studies", files=both, follow_redirects=False)
    assert known in again.headers["location"], "nothing is new: the first of all"


def test_the_report_begins_with_the_rejected_in_the_order_sent(client: TestClient, send: Send) -> None:
    send(("known.dcm", films.dicom(1)))
    names = ("new.dcm", "z.txt", "known.dcm", "a.txt", "film.png")
    sent = (films.dicom(2), b"no", films.dicom(1), b"not this either", films.png())
    files = [("files", file) for file in zip(names, sent, strict=True)]
    page = client.get(client.post("/studies", files=files).headers["location"])
    assert [line.name for line in shown(page).report.rows()] == ["z.txt", "a.txt", "new.dcm", "known.dcm", "film.png"]
    places = [page.text.index(f'class="mono">{line.name}<') for line in shown(page).report.rows()]
    assert places == sorted(places)
    assert ">film.png</a>" in page.text
    assert "Nothing new" not in page.text


def test_the_report_says_when_nothing_was_new(client: TestClient, send: Send) -> None:
    send(("a.dcm", films.dicom(1)))
    page = client.get(client.post("/studies", files={"files": ("again.dcm", films.dicom(1))}).headers["location"])
    assert "Nothing new: 1 file was here already" in page.text
    assert "0 files accepted" not in page.text


def test_the_same_file_twice(client: TestClient, send: Send, store: Store) -> None:
    study = send(("a.dcm", films.dicom(1)))
    films.analyse(store, study)
    answer = client.post("/studies", files={"files": ("again.dcm", films.dicom(1))})
    assert answer.headers["location"].startswith(f"/studies/{study}?")
    assert outcomes(client, answer.headers["location"]) == {"again.dcm": ("already here", "")}
    with store.view() as tx:
        assert tx.jobs.waiting() == 0


def test_another_file_under_the_same_identity_is_not_stored(client: TestClient, send: Send) -> None:
    send(("a.dcm", films.dicom(1)))
    answer = client.post("/studies", files={"files": ("forged.dcm", films.dicom(1, PatientName="OTHER"))})
    assert answer.status_code == 422
    line = shown(answer).report.lines[0]
    assert line.state == "rejected"
    assert "differ" in line.reason or "other" in line.reason


def test_nothing_usable_lists_every_reason(client: TestClient, woken: list[str]) -> None:
    files = [("files", ("notes.txt", b"text")), ("files", ("zero.dcm", b""))]
    answer = client.post("/studies", files=files)
    assert answer.status_code == 422
    page = shown(answer)
    assert isinstance(page, UploadPage)
    assert page.report is not None
    assert [line.name for line in page.report.lines] == ["notes.txt", "zero.dcm"]
    for line in page.report.lines:
        assert isinstance(line, Line)
        assert line.reason in answer.text.replace("&#39;", "'").replace("&#34;", '"')
    fragment = client.post("/studies", files=files, headers={"HX-Request": "true"})
    assert fragment.status_code == 422
    assert "<html" not in fragment.text
    assert "notes.txt" in fragment.text
    assert '<html lang="ko"' in client.post("/studies", files=files, headers={"Accept-Language": "ko"}).text


def test_scripts_of_the_page_are_sent_on_by_a_header(client: TestClient) -> None:
    answer = client.post("/studies", files={"files": ("a.dcm", films.dicom(1))}, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.headers["hx-redirect"].startswith("/studies/")


def test_an_archive_with_a_broken_member(client: TestClient) -> None:
    zipped = films.archive({"one.dcm": films.dicom(1), "two.dcm": films.dicom(2), "readme.txt": b"hello"}, broken="two.dcm")
    answer = client.post("/studies", files={"files": ("all.zip", zipped)})
    assert answer.status_code == 303
    told = outcomes(client, answer.headers["location"])
    states = {name.rsplit("/", 1)[-1].rsplit(" ", 1)[-1]: state for name, (state, _) in told.items()}
    assert states["one.dcm"] == "accepted"
    assert states["two.dcm"] == "rejected"
    assert states["readme.txt"] == "rejected"


def test_names_lead_nowhere(client: TestClient, settings: Settings) -> None:
    evil = "../../../../tmp/evil\x00\r\n\u202e.dcm"
    answer = client.post("/studies", files={"files": (evil, films.dicom(1))})
    assert answer.status_code == 303
    (name,) = outcomes(client, answer.headers["location"])
    assert name.isprintable()
    assert list((settings.var / "uploads").iterdir()) == []
    assert not Path("/tmp/evil.dcm").exists()  # noqa: S108 - that is where it would have gone


def test_a_file_over_the_limit_is_left_out_and_the_others_kept(settings: Settings, store: Store) -> None:
    small = settings.model_copy(update={"max_file_mb": 1})
    browser = TestClient(create_app(small, store, lambda: None), HOST, headers=SAME_SITE, follow_redirects=False)
    files = [("files", ("large.dcm", bytes(1024 * 1024 + 1))), ("files", ("a.dcm", films.dicom(1)))]
    answer = browser.post("/studies", files=files)
    told = outcomes(browser, answer.headers["location"])
    assert told["large.dcm"] == ("rejected", "The file is larger than 1 MB.")
    assert told["a.dcm"] == ("accepted", "")


def test_too_many_files(settings: Settings, store: Store) -> None:
    few = settings.model_copy(update={"max_files": 2})
    browser = TestClient(create_app(few, store, lambda: None), HOST, headers=SAME_SITE, follow_redirects=False)
    answer = browser.post("/studies", files=[("files", (f"{n}.txt", b"x")) for n in range(3)])
    assert answer.status_code == 413
    assert "2 files" in answer.text
    archives = [films.archive({f"{n}.dcm": films.dicom(n) for n in numbers}) for numbers in ((1, 2), (3, 4))]
    files = [("files", (f"{n}.zip", zipped)) for n, zipped in enumerate(archives)]
    told = outcomes(browser, browser.post("/studies", files=files).headers["location"])
    assert [state for state, _ in told.values()] == ["accepted", "accepted", "rejected"]
    assert "not read" in list(told.values())[-1][1]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"", "multipart/form-data; boundary=" + "x" * 300),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.dcm"\r\n\r\nhalf',
            "multipart/form-data; boundary=x",
        ),
        (b"--x\r\nContent-Disposition\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    ],
)
def test_a_body_that_is_no_whole_form(client: TestClient, settings: Settings, body: bytes, kind: str) -> None:
    answer = client.post("/studies", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert list((settings.var / "uploads").iterdir()) == []


def test_fields_and_empty_inputs_are_no_files(client: TestClient, store: Store) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\n\r\n'
        b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--x--\r\n'
    )
    answer = client.post("/studies", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 422
    assert shown(answer).report.lines == ()
    assert "There is no file to read" in answer.text


def test_archives_that_unpack_to_too_much(settings: Settings, store: Store) -> None:
    small = settings.model_copy(update={"max_upload_mb": 1})
    browser = TestClient(create_app(small, store, lambda: None), HOST, headers=SAME_SITE, follow_redirects=False)
    black = [films.dicom(n, size=600, PixelData=bytes(2 * 600 * 600)) for n in (1, 2, 3)]
    archives = [films.archive({"film.dcm": film}, deflated=True) for film in black]
    files = [("files", (f"{n}.zip", zipped)) for n, zipped in enumerate(archives)]
    told = outcomes(browser, browser.post("/studies", files=files).headers["location"])
    assert [state for state, _ in told.values()] == ["accepted", "rejected"]
    assert "unpack" in list(told.values())[-1][1]


def test_pixels_that_decode_to_too_much(settings: Settings, store: Store) -> None:
    small = settings.model_copy(update={"max_decoded_mb": 1})
    browser = TestClient(create_app(small, store, lambda: None), HOST, headers=SAME_SITE, follow_redirects=False)
    files = [("files", (f"{n}.dcm", films.dicom(n, size=600))) for n in (1, 2)]  # 0.69 MB each
    told = outcomes(browser, browser.post("/studies", files=files).headers["location"])
    assert list(told) == ["1.dcm", "2.dcm"]
    assert told["1.dcm"] == ("accepted", "")
    assert told["2.dcm"] == (
        "rejected",
        "The pixels of one upload may decode to 1 MB; this file and those after were not read.",
    )
    before = {path for path in store.blobs.folder.rglob("*") if path.is_file()}
    browser.post("/studies", files=[("files", ("3.dcm", films.dicom(3, size=800)))])  # 1.2 MB: not even staged
    assert {path for path in store.blobs.folder.rglob("*") if path.is_file()} == before


def test_a_full_disk_is_told_in_words(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch, app: FastAPI
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(receiving._Writer, "_data", full)
    answer = client.post("/studies", files={"files": ("a.dcm", films.dicom(1))})
    assert answer.status_code == 503
    assert "disk is full" in answer.text
    assert list((settings.var / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        (b"a.dcm", "a.dcm"),
        ("흉부/가슴.dcm".encode(), "흉부/가슴.dcm"),
        (b"a%22b.dcm", 'a"b.dcm'),
        (b"C:\\films\\a.dcm", "C:/films/a.dcm"),
        (b"\xff.dcm", "\ufffd.dcm"),
        (b"x" * 300, "x" * 200),
        (b"\x00\x1b[31m", "[31m"),
    ],
)
def test_a_files_name_for_the_report(filename: bytes, name: str) -> None:
    assert receiving.shown(filename) == name


def test_many_who_upload_the_same_at_once_store_it_once(app: FastAPI, store: Store) -> None:
    files = [("files", (f"{n}.dcm", films.dicom(n))) for n in range(1, 6)]

    def upload(_: int) -> int:
        return TestClient(app, HOST, headers=SAME_SITE, follow_redirects=False).post("/studies", files=files).status_code

    with ThreadPoolExecutor(4) as readers:
        assert set(readers.map(upload, range(4))) == {303}
    with store.view() as tx:
        assert tx.studies.count() == 5
        assert tx.jobs.waiting() == 5


def part(client: TestClient, query: str, *files: tuple[str, bytes]) -> Response:
    """Send a part of an upload as the page's script does; one without files has nothing but the form's end."""
    body = b"".join(
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode() + octets + b"\r\n"
        for name, octets in files
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x", "HX-Request": "true"}
    return client.post(f"/studies?upload=abcdefghij23{query}", content=body + b"--x--\r\n", headers=headers)


def test_an_upload_comes_in_parts(client: TestClient, woken: list[str]) -> None:
    first = part(client, "&more=yes", ("a.dcm", films.dicom(1)), ("notes.txt", b"text"))
    assert first.status_code == 200
    assert [(file["name"], file["state"]) for file in first.json()["files"]] == [
        ("a.dcm", "accepted"),
        ("notes.txt", "rejected"),
    ]
    assert "text file" in first.json()["files"][1]["reason"]
    second = part(client, "&more=yes", ("b.dcm", films.dicom(2)))
    assert second.json()["files"][0]["state"] == "accepted"
    last = part(client, "")
    target = last.headers["hx-redirect"]
    assert target.endswith("?upload=abcdefghij23")
    assert outcomes(client, target) == {
        "a.dcm": ("accepted", ""), "b.dcm": ("accepted", ""), "notes.txt": ("rejected", first.json()["files"][1]["reason"]),
    }  # fmt: skip
    assert woken


def test_an_upload_in_parts_with_nothing_usable_says_so(client: TestClient) -> None:
    assert part(client, "&more=yes", ("a.txt", b"text")).status_code == 200
    last = part(client, "", ("b.txt", b"text"))
    assert last.status_code == 422
    assert all(name in last.text for name in ("a.txt", "b.txt"))


def test_a_part_of_no_upload_is_refused(client: TestClient) -> None:
    assert client.post("/studies?upload=../x", files=[("files", ("a.dcm", films.dicom(1)))]).status_code == 404
