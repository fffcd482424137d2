"""The maps of a cohort that somebody asked for: a layer per film of a finding that was called, missed or called wrongly, what
they have in common, and the layers of the most typical films kept with their studies. Films only."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from app.anatomy import HEART, LEFT_LUNG, RIGHT_LUNG
from app.classifiers.card import Card
from app.classifiers.likely import pose_of
from app.cohorts import maps
from app.cohorts.report import Report
from app.domain import Image, Layer, Series
from app.errors import AppError, NotFound
from app.evaluation.cohort_maps import posed
from app.reading import explained
from app.reading.lying import chest
from app.store import CohortCaseRow, CohortRow, JobRow, Store, Transaction

if TYPE_CHECKING:
    from app.classifiers.loading import Loaded

MAPS_MADE = "Maps of the cohort are being made."


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """One cohort whose maps are due. ``leave`` says that nothing more is to be done, ``write`` keeps a step."""

    store: Store
    job: JobRow
    owner: str
    loaded: "Loaded"
    write: Callable[[Callable[[Transaction], None]], None]
    leave: Callable[[], bool]

    def carry_out(self, row: CohortRow) -> bool:
        """Every network and finding that was asked for and is not there yet; False when it was left unfinished."""
        with self.store.view() as tx:
            due = [(network, finding) for network, finding, values in tx.cohorts.maps(row.id) if values is None]
            cases = tx.cohorts.cases(row.id)
        for network, finding in due:
            made = self._made(row, cases, network, finding)
            if made is None:
                return False
            plain = made.plain()
            self.write(lambda tx, at=(network, finding), plain=plain: tx.cohorts.keep_maps(row.id, *at, plain))  # type: ignore[misc]
        return True

    def _made(self, row: CohortRow, cases: tuple[CohortCaseRow, ...], network: str, finding: str) -> maps.Maps | None:
        known = {case.number: outcome for case, outcome in looked_at(row, cases, network, finding)}
        by_number = {case.number: case for case in cases}
        wanted = maps.spread(list(known)) if known else []
        layers: dict[int, Layer] = {}
        found: list[maps.Posed] = []
        for at, number in enumerate(wanted):
            if self.leave():
                return None
            seen = self._layer(by_number[number], network, finding)
            if seen is not None:
                film, layer = seen
                layers[number] = layer
                values = posed(layer.values[0], layer.extent, side=maps.SIDE)
                chest = on_chest(self.loaded, self.loaded.registry.card(network), film, layer)
                found.append(maps.Posed(number, known[number], values, chest))
            if at % 8 == 0:
                self._told(at, len(wanted))
        self._told(len(wanted), len(wanted))
        made = maps.gathered(network, finding, maps.METHOD, found).called_before(self._names(by_number, network, finding))
        return replace(made, groups=tuple(self._kept(group, by_number, layers) for group in made.groups))

    def _names(self, cases: dict[int, CohortCaseRow], network: str, finding: str) -> list[tuple[str, frozenset[int]]]:
        """What groups of these films were called before the cohort was measured anew."""
        numbers = {case.key: number for number, case in cases.items()}
        with self.store.view() as tx:
            known = tx.cohorts.names(self.job.cohort_id)
        return [
            (name, frozenset(numbers[key] for key in keys if key in numbers))
            for (by, about, name), keys in known
            if (by, about) == (network, finding)
        ]

    def _told(self, step: int, of: int) -> None:
        self.write(lambda tx: tx.jobs.progress(self.job.id, self.owner, step, of, MAPS_MADE))

    def _layer(self, case: CohortCaseRow, network: str, finding: str) -> tuple[Image, Layer] | None:
        """A film and its map; None where the film is gone, or nothing speaks for the finding."""
        if case.image_id is None or case.study_id is None:
            return None
        with suppress(NotFound), self.store.view() as tx:
            image = tx.studies.load_image(case.image_id)
            study = tx.studies.get(case.study_id)
            series = next(one for one in study.series if any(each.id == case.image_id for each in one.images))
            film: Series = replace(series.outline(), images=(image,))
            card = self.loaded.registry.card(network)
            with suppress(AppError):
                return image, explained(self.loaded.get(card), film, maps.METHOD, finding)
        return None

    def _kept(self, group: maps.Group, cases: dict[int, CohortCaseRow], layers: dict[int, Layer]) -> maps.Group:
        """A group with the maps of its most typical films in the store."""
        kept: list[str] = []

        def keep(tx: Transaction) -> None:
            kept.clear()
            for number in group.cases[: maps.SHOWN]:
                study = cases[number].study_id
                if study is not None:
                    with suppress(NotFound):
                        kept.append(tx.layers.save(study, layers[number]).id)

        self.write(keep)
        return replace(group, layers=tuple(kept))


def on_chest(loaded: "Loaded", card: Card, film: Image, layer: Layer) -> maps.Chest | None:
    """A film's map in the canonical pose of the chest; None where no network tells the parts of films that ``card`` reads."""
    told = chest(loaded, card, film)
    if told is None:
        return None
    pose = pose_of(told.image)
    values = pose.warp(layer.values[0], layer.extent, maps.SIDE)
    if not pose.measured:
        return maps.Chest(values)
    labels = told.segmented.labels
    parts = (np.isin(labels, (RIGHT_LUNG, LEFT_LUNG)), labels == HEART)
    return maps.Chest(values, tuple(pose.warp(one, told.segmented.extent, maps.SIDE) for one in parts))


def looked_at(
    row: CohortRow, cases: tuple[CohortCaseRow, ...], network: str, finding: str
) -> Iterator[tuple[CohortCaseRow, maps.Outcome]]:
    """The films of a finding that were called, missed or called wrongly, at the point that the figures call from."""
    matched = row.matched or {}
    place, at = row.models.index(network), list(matched["findings"]).index(finding)
    figures = Report.of(row.report).findings if row.report is not None else ()
    point = next((one.point for one in figures if (one.network, one.finding) == (network, finding)), 0.5)
    for case in cases:
        told = case.said[place][0] if case.said else None
        if told is None or finding not in told:
            continue
        outcome = maps.outcome_of(case.labels[at], told[finding], point)
        if outcome is not None:
            yield case, outcome
