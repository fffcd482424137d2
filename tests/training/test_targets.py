"""What films are asked in training: balanced answers, a teacher's share, helper questions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain import FINDINGS, NO_FINDING
from app.training import targets
from app.training.films import Film
from app.training.targets import HELPERS, RAREST, Recipe, balanced


def film(
    source: str = "a", *, soft: float | None = None, age: float | None = None, nothing: float = 0.0, **found: float
) -> Film:
    labels = tuple(found.get(finding, 0.0) for finding in FINDINGS)
    taught = () if soft is None else (soft,) * len(FINDINGS)
    return Film(Path("film.png"), "a", "1", "train", labels, taught, (), age, "M", "AP", nothing)


def test_both_answers_weigh_the_same_within_a_source() -> None:
    told = np.array([[1.0], [0], [0], [0], [1], [1], [np.nan]], np.float32)
    target, weights = balanced(told, told, np.array(["a"] * 4 + ["b"] * 3))
    assert weights[6, 0] == 0
    assert target[:4, 0].tolist() == [1, 0, 0, 0]
    assert weights[0, 0] == pytest.approx(weights[1:4, 0].sum())
    rare = np.array([[1.0]] + [[0.0]] * 999, np.float32)
    assert balanced(rare, rare, np.full(1000, "a"))[1][0, 0] == 12.0


def test_a_film_between_yes_and_no_pulls_as_both_would_in_those_shares() -> None:
    told, mixed = np.array([[1.0], [0], [0], [0]], np.float32), np.array([[0.6], [0], [0], [0]], np.float32)
    hard_weights = balanced(told, told, np.full(4, "a"))[1]
    target, weights = balanced(told, mixed, np.full(4, "a"))
    assert target[0, 0] * weights[0, 0] == pytest.approx(0.6 * hard_weights[0, 0])
    assert (1 - target[0, 0]) * weights[0, 0] == pytest.approx(0.4 * hard_weights[1, 0])


def test_a_teacher_moves_the_targets_of_its_films_alone_and_makes_them_count_more() -> None:
    films = [film(Mass=1.0, soft=0.5), film(), film(Mass=1.0), film(soft=0.5)]
    answers = targets.asked(films, FINDINGS)
    mass = answers.index("Mass")
    plain_target, plain_weight = targets.targets(films, answers, Recipe())
    target, weight = targets.targets(films, answers, Recipe(teacher=0.5, taught=2.0))
    assert target[2, mass] == plain_target[2, mass] == 1
    assert target[0, mass] < 1
    assert target[3, mass] > 0
    assert weight[1, mass] == plain_weight[1, mass]
    assert weight[3].sum() > 1.9 * plain_weight[3].sum()


def test_what_a_source_cannot_show_is_not_learned_from_the_teacher_either() -> None:
    films = [film(soft=0.9, Effusion=float("nan")), film(Effusion=1.0), film()]
    answers = targets.asked(films, FINDINGS)
    _, weight = targets.targets(films, answers, Recipe(teacher=1.0))
    assert weight[0, answers.index("Effusion")] == 0


def test_no_finding_is_asked_only_where_films_tell_it() -> None:
    assert targets.asked([film()], FINDINGS)[-1] == NO_FINDING
    unsaid = film(nothing=float("nan"))
    assert targets.asked([unsaid], FINDINGS) == FINDINGS
    assert targets.labels([unsaid], FINDINGS).shape == (1, 14)
    assert np.isnan(targets.published([film(soft=0.2)], (*FINDINGS, NO_FINDING))[0, -1])


def test_helper_questions_come_last_and_unknown_ones_weigh_nothing() -> None:
    films = [film(age=40.0), film(age=None)]
    answers = targets.asked(films, FINDINGS)
    target, weight = targets.targets(films, answers, Recipe(helpers=0.5))
    assert target.shape == (2, len(answers) + len(HELPERS))
    older = {name: len(answers) + place for place, name in enumerate(HELPERS)}
    assert target[0, older["older than 35"]] == 1
    assert target[0, older["older than 45"]] == 0
    assert weight[0, older["older than 35"]] == 0.5
    assert weight[1, older["older than 35"]] == 0
    assert target[1, older["male"]] == target[1, older["anteroposterior"]] == 1


def taken(view: str, source: str = "a", **found: float) -> Film:
    labels = tuple(found.get(finding, 0.0) for finding in FINDINGS)
    return replace(film(), labels=labels, view=view, source=source)


def test_source_projection_and_heart_say_nothing_of_a_finding_once_weighed() -> None:
    rng = np.random.default_rng(3)
    films = []
    for source, view, big, share in (
        ("a", "AP", 0.0, 0.3),
        ("a", "AP", 1.0, 0.6),
        ("a", "PA", 0.0, 0.05),
        ("a", "PA", 1.0, 0.4),
        ("b", "AP", 0.0, 0.5),
        ("b", "", 0.0, 0.01),
    ):
        for place in range(100):
            told = {"Effusion": float(place < 100 * share), "Cardiomegaly": big, "Mass": float(rng.random() < share)}
            soft = float(rng.random()) if place % 3 == 0 else None
            films.append(replace(taken(view, source, **told), soft=() if soft is None else (soft,) * len(FINDINGS)))
    answers = targets.asked(films, FINDINGS)
    for teacher in (0.0, 0.7):
        target, weight = targets.targets(films, answers, Recipe(teacher=teacher, within=["projection", "heart"]))
        cells = targets.cells(films, answers, ["projection", "heart"])
        effusion = answers.index("Effusion")
        assert len(np.unique(cells[:, effusion])) == 6
        for cell in np.unique(cells[:, effusion]):
            rows = cells[:, effusion] == cell
            shares = (target * weight)[rows].sum(0) / np.maximum(weight[rows].sum(0), 1e-9)
            assert shares[effusion] == pytest.approx(0.5, abs=1e-4)
        for source, view in (("a", "AP"), ("a", "PA"), ("b", "AP")):  # and so it is in every projection as a whole
            rows = np.array([f.source == source and f.view == view for f in films])
            assert (target * weight)[rows, effusion].sum() / weight[rows, effusion].sum() == pytest.approx(0.5, abs=1e-4)
        assert weight.max() <= RAREST + 1e-4
        rare = np.array([f.source == "b" and f.view == "" for f in films])
        if not teacher:
            assert weight[rare, effusion].sum() == pytest.approx(2 * RAREST)  # one positive carries no more than that
            assert (weight[rare, answers.index("Hernia")] == 0).all()  # all negative: nothing to learn but the cell


def test_what_the_heart_decides_is_not_divided_by_it() -> None:
    films = [taken("AP", Cardiomegaly=1.0), taken("AP"), taken("PA")]
    answers = targets.asked(films, FINDINGS)
    cells = targets.cells(films, answers, ["projection", "heart"])
    for answer in ("Cardiomegaly", NO_FINDING):
        place = answers.index(answer)
        assert cells[0, place] == cells[1, place] != cells[2, place]
    effusion = answers.index("Effusion")
    assert len(set(cells[:, effusion])) == 3
    assert len(set(targets.cells(films, answers, ["projection"])[:, effusion])) == 2


def test_the_projection_may_be_left_unasked_while_age_and_sex_are_not() -> None:
    films = [film(age=40.0)]
    answers = targets.asked(films, FINDINGS)
    _, weight = targets.targets(films, answers, Recipe(helpers=0.5, projection=0.0))
    asked = dict(zip(HELPERS, weight[0, len(answers) :], strict=True))
    assert asked["anteroposterior"] == 0
    assert asked["male"] == asked["older than 35"] == 0.5
