"""Which panes a report has, and what their pictures are made of: an image each, the layer over it, and what lies over both.

Knows the case's payload, the view and the store's arrays; draws nothing and says nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from app import render
from app.domain import Image, Layer, Region, Window, frozen
from app.store import AnnotationRow, Transaction
from app.web.case.page import CasePage
from app.web.case.payload import CaseData
from app.web.case.payload_results import ExplanationData, ReviewData
from app.web.case.payload_stacks import ImageData, StackData
from app.web.printing import plates
from app.web.printing.view import UPRIGHT, View

FILM = "film"


@dataclass(frozen=True, slots=True, eq=False)
class Pane:
    """One pane: an image of a run, and the layer over it by its name, "film" for none. ``name`` is the pane's own, for the
    address of its picture: the layer's, of a plane's pane with the plane in front ("sagittal|rap"), of one that shows an image
    of its own with that in front ("@4w6hcjmfcdq3|film")."""

    name: str
    run: StackData
    image: ImageData
    layer: str

    @property
    def key(self) -> plates.Key:
        """Where its layer is found."""
        return self.image.stack, self.layer

    @property
    def place(self) -> int:
        """Of its image in the run, from 0, in the reader's order."""
        return next(at for at, image in enumerate(self.run.images) if image.id == self.image.id)

    def view(self, whole: View) -> View:
        """How it is seen. A stack opens with the one window of all its slices; a film of its own has a window and a place of
        its own."""
        front = self.name.partition("|")[0]
        if self.run.kind == "film" and front.startswith("@"):
            return replace(whole, zoom=1.0, x=0.5, y=0.5, turn=UPRIGHT, window=None, invert=False).of(front, front)
        mine = whole.of(self.run.plane or self.run.id, self.run.series, self.run.id)
        if mine.window is not None or self.image.voi_lut or not self.run.windows:
            return mine
        first = self.run.windows[0]
        shape = cast(Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"], first.function)
        return replace(mine, window=Window(first.centre, first.width, shape, first.label))


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What pictures are made of: images by their ids with their marks; layers with the values that are drawn, the ends of
    their colours, and what else is ``known`` of how they are drawn."""

    images: Mapping[str, Image]
    marks: Mapping[str, plates.Marks]
    layers: Mapping[plates.Key, Layer]
    scales: Mapping[plates.Key, plates.Ends]
    known: Mapping[plates.Key, render.Known]
    most: bool = False
    fading: bool = True

    def over(self, pane: Pane) -> render.Over | None:
        """What lies over a pane's image: the layer's slice, or the largest values of them all; None for nothing, or for what
        has no picture. Of classes and pictures the largest says nothing."""
        layer = self.layers.get(pane.key)
        if layer is None:
            return None
        known, scale = self.known[pane.key], self.scales[pane.key]
        strength = known.strength if self.fading else 1.0
        if not self.most or layer.scale in {"classes", "grey"}:
            return render.Over(layer, pane.image.at, scale, strength, known.influence)
        largest = frozen(layer.values.max(axis=0, keepdims=True))
        return render.Over(replace(layer, values=largest), 0, scale, strength, known.influence)


def panes(page: CasePage, view: View) -> tuple[Pane, ...]:
    """The panes in their order: as the reader laid them, else as a case opens: the film and every method, or an exam's planes
    under the first; of an enlarged one that one alone."""
    data = page.data
    opens = (FILM, *(method.name for method in data.methods)) if page.grid else (FILM,)
    known = opens + (tuple(method.name for method in data.more) if page.grid else ())
    if view.large in known:
        return tuple(filter(None, (_pane(data, view, view.large, known),)))
    laid = tuple(pane for entry in view.layers if (pane := _pane(data, view, entry, known)))
    if not laid:
        usual = _planes(data, opens) if data.planes else opens
        laid = tuple(pane for entry in usual if (pane := _pane(data, view, entry, known)))
    alone = [pane for number, pane in enumerate(laid, start=1) if view.large == str(number)]
    return tuple(alone) or laid


def _planes(data: CaseData, known: tuple[str, ...]) -> tuple[str, ...]:
    """An exam as it opens: every plane that there is, under the first method where a network answered."""
    first = known[1] if data.prediction and len(known) > 1 else FILM
    return tuple(f"{plane}|{first}" for plane, run in data.planes.items() if run)


def _pane(data: CaseData, view: View, entry: str, known: tuple[str, ...]) -> Pane | None:
    """The pane that an entry of a layout means; None for what is not there. In front of the bar stands a plane, or a run."""
    front, _, layer = entry.rpartition("|")
    if front.startswith("@"):
        return _own(data, view, entry, layer)
    wanted = data.planes.get(front, front) if front else view.run
    run = data.run(wanted) or (data.shown[0] if data.shown and not front else None)
    if run is None or layer not in known:
        return None
    at = view.slices.get(run.id)
    image = run.stored(at) if at is not None and run.kind == "slices" else data.opening(run)
    return Pane(entry, run, image, layer)


def _own(data: CaseData, view: View, entry: str, layer: str) -> Pane | None:
    """The pane that shows an image of its own of this study; None for a layer over another film than the page's, and for
    another study's."""
    named = entry[1:].partition("|")[0]
    run = next((run for run in data.stacks if any(image.id == named for image in run.images)), None)
    if run is None or (layer != FILM and run.kind == "film"):
        return None
    at = view.slices.get(run.id)
    stored = run.stored(at) if at is not None and run.kind == "slices" else None
    return Pane(entry, run, stored or next(image for image in run.images if image.id == named), layer)


def told(page: CasePage, pane: Pane) -> ExplanationData | None:
    """What is known of a pane's layer."""
    return page.data.explanation(pane.layer, pane.image.stack)


def material(tx: Transaction, page: CasePage, view: View, shown: tuple[Pane, ...]) -> Material:
    """The arrays of a report's panes. Shared scales run over every layer of the finding, shown or not, as on the page."""
    wanted = {pane.key for pane in shown}
    found = {(one.stack, one.method): one.id for one in page.data.explanations if one.state == "ok"}
    known = {(one.stack, one.method): of_layer(page, one) for one in page.data.explanations}
    asked = plates.look(view)
    layers = {
        key: render.as_drawn(tx.layers.load(id_), known[key], asked)
        for key, id_ in found.items()
        if view.shared or key in wanted
    }
    drawn = regions(tx, page)
    numbered = list(enumerate(measures(tx, page, shown), start=1))
    return Material(
        images={pane.image.id: tx.studies.load_image(pane.image.id) for pane in shown},
        marks={
            pane.image.id: plates.Marks(
                drawn.get(pane.image.stack, {}).get(pane.image.at),
                tuple((number, row.annotation) for number, row in numbered if row.image_id == pane.image.id),
            )
            for pane in shown
        },
        layers=layers,
        scales=plates.scales(layers, view, known),
        known=known,
        most=view.most,
        fading=view.fading,
    )


def of_layer(page: CasePage, one: ExplanationData) -> render.Known:
    """What a case's payload says of how a layer is drawn."""
    method = next((method for method in page.data.methods if method.name == one.method), None)
    how = one.drawing
    return render.Known(
        high=how.high,
        evened=how.evened,
        source=how.source,
        probability=how.probability,
        sigma=how.sigma,
        pixels=how.pixels,
        words=method.ends if method else ("", ""),
        influence=method.influence if method else False,
    )


def measures(tx: Transaction, page: CasePage, shown: tuple[Pane, ...]) -> list[AnnotationRow]:
    """The rulers on the images that are shown, in the order of these; on a film numbered as on the page."""
    rows = tx.annotations.of_study(page.study.id)
    images = dict.fromkeys(pane.image.id for pane in shown)
    return [row for image in images for row in rows if row.image_id == image]


def judged(page: CasePage) -> tuple[ReviewData, ...]:
    """The reader's verdicts on the shown finding: by the network version that answered, or that the judged layer is of."""
    data = page.data
    version = data.prediction.model_sha256 if data.prediction else ""

    def current(review: ReviewData) -> bool:
        layer = data.explanation(review.method, review.stack)
        return review.model_sha256 == (layer.model_sha256 if layer else version)

    return tuple(review for review in data.reviews if review.finding == data.finding and current(review))


def regions(tx: Transaction, page: CasePage) -> Mapping[str, Mapping[int, Region]]:
    """The true region of the shown finding by stack and place: of each stack, that of the last verdict that has one."""
    rows = {row.id: row.review.regions for row in tx.reviews.of_study(page.study.id)}
    return {review.stack: rows[review.id] for review in judged(page) if rows.get(review.id)}
