"""A cohort looked at again: other networks and columns, another table, moved points, names that stay, what guards said."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime

from fastapi.testclient import TestClient

from app.classifiers.reasons import FRAMED, MIRRORED
from app.classifiers.registry import Registry
from app.cohorts.maps import Group, Maps
from app.config import Settings
from app.desk import wishes
from app.domain import Inspection, Region, Review
from app.phantoms import cohort
from app.store import Store, Transaction
from app.worker import Worker
from tests.web import paper
from tests.web.conftest import shown
from tests.web.test_cohort_maps import ASKED, mapped  # noqa: F401 - a fixture
from tests.web.test_cohorts import FILMS, FORM, drawn, measured, send, table  # noqa: F401 - fixtures


def unmeasured(client: TestClient, films: list[cohort.Drawn]) -> str:
    files = ((film.name, film.file) for film in films[:3])
    return send(client, ("labels.csv", table(films[:3])), *files).partition("?")[0]


def test_taking_a_network_keeps_what_was_set(client: TestClient, drawn: list[cohort.Drawn]) -> None:  # noqa: F811
    address = unmeasured(client, drawn)
    form = FORM | {"of": "phantom-untrained", "second": "phantom-by-name", "patient": "", "groups": ["drain"], "columns": "yes"}
    form |= {"label:Nodule": "", "uncertain": "negative"}
    page = shown(client.get(address, params=form))
    assert (page.choice.first, page.choice.second) == ("phantom-untrained", "phantom-by-name")
    told = page.choice.columns
    assert (told.patient, told.groups, told.uncertain) == ("", ("drain",), "negative")
    assert told.labels["Effusion"] == "Effusion"
    assert "Nodule" not in told.labels, "that a finding has no labels was said, too"


def test_a_network_that_was_chosen_and_not_taken_is_measured_all_the_same(
    client: TestClient,
    drawn: list[cohort.Drawn],  # noqa: F811
) -> None:
    address = unmeasured(client, drawn)
    assert 'form method="get"' not in re.sub(r"\s+", " ", client.get(address).text), "one form has networks and columns"
    form = FORM | {"of": "phantom-by-name", "label:Gone": "drain", "second": "phantom-by-name"}
    form.pop("label:Effusion")
    assert client.post(address, data=form).status_code == 303
    again = shown(client.get(f"{address}?columns=yes")).choice
    assert (again.first, again.second) == ("phantom-untrained", "phantom-by-name")
    assert again.columns.labels["Effusion"] == "Effusion", "what the form did not show is as its name says"
    assert "Gone" not in again.columns.labels


def test_names_of_groups_outlive_a_new_measurement_where_groups_are_much_the_same(
    client: TestClient,
    store: Store,
    settings: Settings,
    mapped: str,  # noqa: F811
) -> None:
    client.post(f"{mapped}/maps/name", data=ASKED | {"group": 0, "called": "the marker"})
    client.post(mapped, data=FORM)
    worker = Worker(settings, store)
    assert worker.work_once()
    client.post(f"{mapped}/maps", data=ASKED)
    assert worker.work_once()
    groups = shown(client.get(mapped)).maps("Cardiomegaly", "phantom-untrained").made.groups
    assert [one.name for one in groups][:1] == ["the marker"]
    client.post(f"{mapped}/maps", data=ASKED)
    assert worker.work_once()
    groups = shown(client.get(mapped)).maps("Cardiomegaly", "phantom-untrained").made.groups
    assert [one.name for one in groups][:1] == ["the marker"], "made anew, without a new measurement"


def test_a_name_goes_to_the_group_that_has_most_of_its_films() -> None:
    made = Maps("net", "Mass", "cam", 9, (), (Group((1, 2, 3, 4), ()), Group((5, 6), ()), Group((7, 8, 9), (), name="own")))
    before = [("most", frozenset({2, 3, 4})), ("half", frozenset({5, 10})), ("other", frozenset({7, 8, 9}))]
    assert [one.name for one in made.called_before(before).groups] == ["most", "", "own"]


def test_another_table_takes_the_place_of_the_first(
    client: TestClient,
    store: Store,
    settings: Settings,
    measured: str,  # noqa: F811
    drawn: list[cohort.Drawn],  # noqa: F811
) -> None:
    before = client.get(f"{measured}/report.json").json()
    rows = list(csv.reader(io.StringIO(table(drawn).decode())))
    place = rows[0].index("Nodule")
    turned = [[*row[:place], str(1 - int(row[place])), *row[place + 1 :]] for row in rows[1:]]
    text = io.StringIO()
    csv.writer(text).writerows([[*rows[0], "reader"], *([*row, "B"] for row in turned)])
    new = text.getvalue().encode()
    answer = client.post(f"{measured}/table", files={"files": ("second.csv", new)})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{measured}?columns=yes")
    assert shown(client.get(answer.headers["location"])).choice.header[-1] == "reader"
    assert client.get(f"{measured}/report.json").json() == before
    assert "These figures are of the table “labels.csv”; “second.csv” was sent since." in client.get(measured).text
    assert client.post(f"{measured}/maps", data=ASKED).status_code == 409
    assert client.post(measured, data=FORM).status_code == 303
    assert Worker(settings, store).work_once()
    page = shown(client.get(measured))
    assert page.row.earlier_table == ""
    nodule = next(one for one in page.report.findings if one.finding == "Nodule")
    was = next(one for one in before["findings"] if (one["network"], one["finding"]) == (nodule.network, "Nodule"))
    assert (nodule.positives, nodule.negatives) == (was["negatives"], was["positives"])
    for name, octets, sentence in (
        ("film.dcm", drawn[0].file, "is no table"),
        ("empty.csv", b"", "is empty"),
        ("boxes.csv", b"image,finding,left,top,width,height\na,Mass,1,2,3,4\n", "There is no table among these files"),
    ):
        refused = client.post(f"{measured}/table", files={"files": (name, octets)})
        assert refused.status_code == 422
        assert sentence in shown(refused).problem


def test_figures_call_from_moved_points_where_the_reader_says_so(
    client: TestClient,
    store: Store,
    settings: Settings,
    measured: str,  # noqa: F811
) -> None:
    assert "the points of the networks’ cards" in client.get(measured).text
    with store.view() as tx:
        study = tx.cohorts.cases(measured.rpartition("/")[2])[0].study_id
    form = {"image": "", "model": "phantom-untrained", "about": "Nodule", "percent": "12.5"}
    assert client.post(f"/studies/{study}/points", data=form).status_code in {200, 303}
    assert "measure from where you have moved them" in client.get(measured).text
    assert 'name="moved"' in client.get(f"{measured}?columns=yes").text
    assert client.post(measured, data=FORM | {"moved": "yes"}).status_code == 303
    assert Worker(settings, store).work_once()
    page = shown(client.get(measured))
    points = {one.finding: one.point for one in page.report.findings}
    assert points == {"Cardiomegaly": 0.5, "Effusion": 0.5, "Nodule": 0.125}
    assert page.report.networks[0].moved == ("Nodule",)
    assert not page.moved
    assert "points that a reader moved, for Nodule" in client.get(measured).text
    cases = csv.DictReader(io.StringIO(client.get(f"{measured}/cases.csv").text.removeprefix("\ufeff")))
    for case in cases:
        probability = float(case["probability: phantom-untrained: Nodule"])
        assert case["called: phantom-untrained: Nodule"] == str(int(probability >= 0.125))


def test_what_guards_said_is_counted_and_listed(client: TestClient, store: Store, measured: str) -> None:  # noqa: F811
    with store.view() as tx:
        cases = tx.cohorts.cases(measured.rpartition("/")[2])
        images = [tx.studies.load_image(case.image_id or "") for case in cases]

    def said(place: int, verdict: str, *remarks: str) -> Callable[[Transaction], object]:
        image = images[place]
        told = Inspection(image.sop_instance_uid, 1, "phantom-untrained", "g", "0" * 64, verdict, (), 0.9, 0.5, remarks=remarks)  # type: ignore[arg-type]
        return lambda tx: tx.inspections.save(cases[place].study_id or "", told)

    with store.begin() as tx:
        for keep in (said(0, "warned"), said(1, "ok", MIRRORED), said(2, "warned", MIRRORED, FRAMED), said(3, "ok")):
            keep(tx)
    page = shown(client.get(measured))
    told = {one.kind: (one.films, one.href) for one in page.guarded["phantom-untrained"]}
    assert {kind: count for kind, (count, _) in told.items()} == {"warned": 2, "mirrored": 2, "framed": 1}
    assert page.guarded["phantom-by-name"] == ()
    text = client.get(measured).text
    assert "2 with a caution" in text
    assert "2 seem mirrored" in text
    for kind, places in (("warned", (0, 2)), ("mirrored", (1, 2)), ("framed", (2,))):
        films = shown(client.get(told[kind][1])).films
        assert [film.row.name for film in films.rows] == [cases[place].name for place in places]
        assert client.get(films.rows[0].href).status_code == 200
    nodules = shown(client.get(f"{told['warned'][1]}&finding=Nodule")).films
    assert {film.row.name for film in nodules.rows} == {cases[0].name, cases[2].name}
    assert all(film.probability is not None for film in nodules.rows)


def test_a_cohort_that_was_refused_as_a_whole_says_so(
    client: TestClient,
    store: Store,
    measured: str,  # noqa: F811
) -> None:
    report = client.get(f"{measured}/report.json").json()
    report["networks"] = [one | {"read": 0, "refused": FILMS, "failed": 0} for one in report["networks"][:1]]
    report |= {"findings": [], "means": [], "groups": [], "within": [], "differences": []}
    with store.begin() as tx:
        tx.cohorts.keep(measured.rpartition("/")[2], report)
    text = client.get(measured).text
    assert "“phantom-untrained” has read none of them" in text
    assert "Its guard refused all" in text
    assert '<caption class="hidden-visually">Every finding' not in text


def test_a_groups_films_open_as_a_list(client: TestClient, mapped: str) -> None:  # noqa: F811
    found = shown(client.get(mapped)).maps("Cardiomegaly", "phantom-untrained")
    for place, group in enumerate(found.made.groups):
        address = found.films(mapped, place)
        assert address.replace("&", "&amp;") in client.get(mapped).text
        films = shown(client.get(address)).films
        assert {film.row.number for film in films.rows} == set(group.cases)
    client.post(f"{mapped}/maps/name", data=ASKED | {"group": 0, "called": "left corner"})
    assert "left corner" in client.get(found.films(mapped, 0)).text
    assert client.get(found.films(mapped, 50)).status_code == 404


def test_groups_of_maps_are_in_the_report_and_the_pdf(client: TestClient, mapped: str) -> None:  # noqa: F811
    client.post(f"{mapped}/maps/name", data=ASKED | {"group": 0, "called": "left corner"})
    page = client.get(f"{mapped}/report").text
    assert "left corner" in page
    assert 'action="/cohorts' not in page
    assert page.count("mean.png") >= 2
    printed = paper.read(client.get(f"{mapped}/report.pdf").content)
    assert "left corner" in printed.text
    assert "Layer-CAM" in printed.text
    assert "layer_cam" not in client.get(mapped).text


def test_what_a_reader_asks_for_at_a_case_goes_before_the_rest_of_a_cohort(
    client: TestClient,
    store: Store,
    settings: Settings,
    measured: str,  # noqa: F811
) -> None:
    """While a cohort's maps are made, a case's own maps are asked for: they are there before the cohort's."""
    cohort_id = measured.rpartition("/")[2]
    client.post(f"{measured}/maps", data=ASKED)
    with store.begin() as tx:
        cases = tx.cohorts.cases(cohort_id)
        study = cases[-1].study_id or ""
    worker = Worker(settings, store)
    with store.view() as tx:
        mine = tx.jobs.of_cohort(cohort_id)
    asked = wishes.maps(store, Registry(settings.models), study, model="phantom-untrained", finding="Nodule").job
    assert mine
    assert asked
    assert worker.run_job(mine.id)
    with store.view() as tx:
        whole, own = tx.jobs.get(mine.id), tx.jobs.get(asked.id)
    assert (whole.state, own.state) == ("done", "done")
    assert whole.finished_at
    assert own.finished_at
    assert own.finished_at < whole.finished_at
    with store.view() as tx:
        upload = tx.jobs.of_study(study)
    assert upload
    assert upload.state == "queued", "what nobody waits for waits until the cohort is done"


def test_maps_are_compared_with_what_readers_drew(
    client: TestClient,
    store: Store,
    settings: Settings,
    measured: str,  # noqa: F811
) -> None:
    """A table without boxes: a reader draws the true region on three films, and the next measurement has the figures of it."""
    worker, regions = Worker(settings, store), {}
    assert client.get(f"{measured}/report.json").json()["localised"] == []
    with store.view() as tx:
        cases = tx.cohorts.cases(measured.rpartition("/")[2])[:3]
    for place, case in enumerate(cases):
        asked = wishes.maps(store, Registry(settings.models), case.study_id or "", model="phantom-untrained", finding="Nodule")
        assert asked.job
        worker.run_job(asked.job.id)
        regions[case.name] = Region.rectangle(10 + place, 20, 40, 50 + place)
        with store.begin() as tx:
            layer = next(row for row in tx.layers.of_study(case.study_id or "") if row.finding == "Nodule")
            tx.reviews.add(layer.id, Review("partly", "", "", {0: regions[case.name]}, "A", datetime.now(UTC)))
    assert client.post(measured, data=FORM).status_code == 303
    with store.view() as tx:
        job = tx.jobs.of_cohort(measured.rpartition("/")[2])
    assert job
    assert worker.run_job(job.id)
    told = client.get(f"{measured}/report.json").json()["localised"]
    assert {row["finding"] for row in told} == {""}, "one finding alone has regions"
    assert {row["films"] for row in told if row["measure"] == "pointing" and not row["control"]} == {3}
    assert {row["method"] for row in told if row["control"]} == {"random map", "centre prior", "mean box"}
    assert "or against what readers drew on a film" in client.get(measured).text
