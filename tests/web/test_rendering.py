"""What every page shares: filters, addresses of static files, and that each template is rendered by some page."""

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.domain import Evidence, Producer, Share
from app.store import Store
from app.web import estimates, pages
from app.web.application import FOR_GOOD
from app.web.pages import STATIC, Assets
from app.worker import Worker
from tests.web import exams, films, test_regroupings
from tests.web.conftest import Send


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("DOE^JANE", "DOE, JANE"),
        ("Doe^Jane^Q^Dr^PhD", "Doe, Jane Q Dr PhD"),
        ("Kim^Minsu=金^民秀=김^민수", "Kim, Minsu"),
        ("=金^民秀", "金, 民秀"),
        ("DOE", "DOE"),
        ("^JANE", "JANE"),
        ("", ""),
        ("^^^", ""),
    ],
)
def test_a_persons_name(name: str, shown: str) -> None:
    assert pages.person(name) == shown


def test_dates_and_times() -> None:
    assert pages.day("20260123") == "2026-01-23"
    assert pages.day("") == ""
    assert pages.day("2026") == "2026"
    assert pages.day(date(2026, 1, 23)) == "2026-01-23"
    assert pages.moment(datetime(2026, 1, 23, 9, 5, tzinfo=UTC)) == "2026-01-23 09:05 UTC"
    assert pages.moment(datetime(2026, 1, 23, 9, 5)) == "2026-01-23 09:05 UTC"  # noqa: DTZ001 - as a database may give it


def test_a_static_files_address_follows_its_content(tmp_path: Path) -> None:
    assets = pages.Assets(tmp_path)
    assert assets.url("a.css") == "/static/a.css"
    (tmp_path / "a.css").write_text("a {}")
    first = assets.url("a.css")
    assert first.startswith("/static/a.css?v=")
    assert assets.url("a.css") == first
    (tmp_path / "a.css").write_text("b {}")
    import os

    os.utime(tmp_path / "a.css", (1, 1))
    assert assets.url("a.css") != first


def test_a_static_file_may_be_kept_by_its_hash_alone(client: TestClient) -> None:
    address = pages.Assets().url("css/tokens.css")
    assert client.get(address).headers["cache-control"] == FOR_GOOD
    plain = client.get("/static/css/tokens.css")
    assert plain.headers["cache-control"] == "no-cache"
    assert client.get("/static/css/tokens.css?v=0123456789ab").headers["cache-control"] == "no-cache"
    again = client.get("/static/css/tokens.css", headers={"If-None-Match": plain.headers["etag"]})
    assert again.status_code == 304


def test_pictures_are_drawn_once_while_there_is_room() -> None:
    drawn: list[str] = []

    def draw(name: str, octets: bytes) -> bytes:
        drawn.append(name)
        return octets

    kept = pages.Pictures(room=2, largest=4)
    for name in ("a", "a", "b", "c", "a"):
        assert kept.get(name, lambda name=name: draw(name, b"x")) == b"x"  # type: ignore[misc]
    assert drawn == ["a", "b", "c", "a"]
    kept.get("large", lambda: draw("large", b"xxxxx"))
    kept.get("large", lambda: draw("large", b"xxxxx"))
    assert drawn[-2:] == ["large", "large"]


@pytest.fixture
def models(models: Path, tmp_path: Path) -> Path:
    """The networks of every test, one of which crops, and one of exams."""
    folder = exams.beside(models, tmp_path / "networks")
    told = {"thresholds": [{"threshold": 0.3, "validation": 0.7}, {"threshold": 0.4, "validation": 0.8}]}
    (folder / "phantom-untrained" / "attention.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def hyphened(page: str) -> list[str]:
    """Figures of a page that have a hyphen for a minus sign."""
    text = re.sub(r"<(script|style|code|pre)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.findall(r"(?<![\w.-])-\.?\d[\d.]*", text)


def test_every_template_is_rendered(app: FastAPI, client: TestClient, send: Send, study: str, tmp_path: Path) -> None:
    app.state.web.templates["en"].env.cache.clear()
    films.flag(app.state.web.store, study)
    measured(app.state.web.store, study)
    refused = send(("second.dcm", films.dicom(2)))
    films.refuse(app.state.web.store, refused)
    visits = ["/", "/upload", "/flagged", "/flagged?show=counts", "/flagged?show=sheet"]
    visits += ["/models", "/models/compared", "/models/phantom-untrained", "/docs", "/help", "/nothing"]
    exam = exams.store(app.state.web.store, tmp_path, exams.READER)
    visits += [f"/studies/{exam}"]
    visits += [f"/studies/{study}", f"/studies/{study}/report", f"/studies/{refused}"]
    visits += [f"/studies/{study}/networks", f"/studies/{study}/networks/update"]
    visits += measured_cohort(client, app.state.web)
    for path in visits:
        answer = client.get(path)
        assert answer.status_code in {200, 404}
        assert path == "/docs" or hyphened(answer.text) == [], path  # that one writes JSON's numbers
    assert client.get(f"/studies/{study}/job").status_code == 200
    assert client.get(f"/studies/{study}", headers={"HX-Request": "true"}).status_code == 200
    assert client.get("/nothing", headers={"HX-Request": "true"}).status_code == 404
    assert client.post("/studies", files={"files": ("a.txt", b"no film")}).status_code == 422
    batch = client.post("/batches", data={"model": "phantom-by-name", "study": [study]}).headers["location"]
    assert {client.get(path).status_code for path in ("/batches", batch)} == {200}
    removed = client.post(f"/studies/{refused}/removal").headers["location"]
    assert client.get(removed).status_code == 200
    assert test_regroupings.asked(client, app.state.web.store, tmp_path, exam).status_code == 200
    there = {str(path.relative_to(pages.TEMPLATES)) for path in pages.TEMPLATES.rglob("*") if path.is_file()}
    cache = app.state.web.templates["en"].env.cache
    assert there - {name for _, name in cache.keys()} == set()  # noqa: SIM118 - jinja's cache iterates otherwise


def measured(store: Store, study: str) -> None:
    """A map with a table of where its evidence lies, and the anatomy of its film."""
    with store.begin() as tx:
        layer = tx.layers.load(next(row.id for row in tx.layers.of_study(study) if row.method == "cam"))
        tx.layers.save(study, replace(layer, evidence=Evidence((Share("outside the body", 0.6, 0.2),), "outside the body")))
        anatomy = replace(layer, kind="labels", scale="classes", producer=Producer("network", "chest-anatomy"), finding="")
        values = np.zeros_like(layer.values)
        tx.layers.save(study, replace(anatomy, values=values, figures={"right_lung": 30.0, "left_lung": 25.0}))


def measured_cohort(client: TestClient, web: pages.Web) -> list[str]:
    """The pages of a cohort before, while and after it is measured."""
    files = [("labels.csv", b"image,Effusion\nthird.dcm,1\n"), ("third.dcm", films.dicom(3))]
    address = client.post("/cohorts", files=[("files", file) for file in files]).headers["location"]
    assert client.get(address).status_code == 200
    address = address.partition("?")[0]
    form = {"model": "chest-untrained", "image": "image", "label:Effusion": "Effusion"}
    assert client.post(address, data=form).status_code == 303
    assert client.get(f"{address}/job").status_code == 200
    with web.store.view() as tx:
        job = tx.jobs.of_cohort(address.rpartition("/")[2])
    assert job is not None
    assert Worker(web.settings, web.store).run_job(job.id)
    return ["/cohorts", address, f"{address}/report", f"{address}/films?network=chest-untrained&finding=Effusion"]


def test_nothing_is_left_unescaped_by_its_ending(app: FastAPI) -> None:
    for templates in app.state.web.templates.values():
        assert templates.env.autoescape is True
        assert templates.env.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("probability", "shown"), [(0.0, "<1 %"), (0.012, "1 %"), (0.5, "50 %"), (0.994, "99 %"), (1.0, ">99 %")]
)
def test_no_network_is_so_sure_that_it_may_say_0_or_100(probability: float, shown: str) -> None:
    assert pages.percent(probability) == shown


@pytest.mark.parametrize(
    ("probability", "point", "shown"),
    [
        (0.049, 0.048, "5 %"),
        (0.046, 0.048, "4.6 %"),
        (0.142403, 0.1424, "14.24 %"),
        (0.004, 0.003, "0.4 %"),
        (0.002, 0.003, "<1 %"),
        (0.996, 0.9975, "99.6 %"),
    ],
)
def test_a_probability_near_a_point_is_told_on_the_side_where_it_is(probability: float, point: float, shown: str) -> None:
    assert pages.percent(probability, point) == shown


def test_figures_near_a_point_have_the_digits_that_part_them() -> None:
    assert [estimates.beside(value, 0.1658) for value in (0.1657, 0.16575, 0.1658, 0.17)] == [
        "0.1657", "0.16575", "0.166", "0.170",
    ]  # fmt: skip
    assert [estimates.point(value) for value in (0.0754462, 0.5, None)] == ["7.54 %", "50 %", "–"]


def test_bundles_are_fresh_until_a_script_is_changed_or_removed(tmp_path: Path) -> None:
    assert Assets().fresh()  # .ci/bundle.sh tells the same checksum as the server
    shutil.copytree(STATIC, tmp_path / "static")
    changed = tmp_path / "static" / "js" / "words.js"
    copy = Assets(tmp_path / "static")
    assert copy.fresh()
    changed.write_text(changed.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert not copy.fresh()
    changed.unlink()
    assert not copy.fresh()
    shutil.rmtree(tmp_path / "static" / "built")
    assert not copy.fresh()


def test_a_page_asks_for_one_script_and_one_style_of_its_own(client: TestClient) -> None:
    page = client.get("/").text
    asked = re.findall(r'(?:href|src)="(/static/[^"?]+\.(?:js|css))', page)
    assert asked == ["/static/built/lists.css", "/static/vendor/htmx.min.js", "/static/built/worklist.js"]
    for address in asked:
        assert client.get(address).status_code == 200
