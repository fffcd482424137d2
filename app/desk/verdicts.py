"""Keeping a reader's verdict on a layer, and taking one back.

The store only ever adds: a new verdict on the same layer replaces the one in force, and taking one back puts the one before in
force again. What the reader saw comes along, so that two pages that judge one layer apart both get to know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from app.domain import EVERY_REASON, SCALES, Localisation, Region, Review, Shape, Verdict
from app.errors import Conflict, InputError, NotFound
from app.evaluation import truth
from app.store import ImageRow, LayerRow, ReviewRow, StackRow, Store, Transaction

MEASURED = frozenset({"relevance", "attention", "probability"})
"""The kinds of layers that have a place where they are strongest, and so figures against a region."""
KINDS = tuple(SCALES)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One verdict as it comes in. ``regions``: what the reader drew, by the id of the slice's image.

    ``token`` is the sender's own name for it: what is sent again after a lost answer is kept once. ``expected`` is the id of
    the verdict that the reader saw in force on the layer, "" for none; None: whatever is there is replaced.
    """

    layer: str
    verdict: Verdict
    reason: str = ""
    comment: str = ""
    regions: Mapping[str, Region] = field(default_factory=dict, hash=False)
    token: str = ""
    expected: str | None = None


class Overtaken(Conflict):
    """Another verdict came in between; ``row`` is the one in force now, or None."""

    def __init__(self, row: ReviewRow | None) -> None:
        super().__init__("This map was judged elsewhere in the meantime.")
        self.row = row


def layer_of(
    tx: Transaction, stack: StackRow, *, model: str, model_sha256: str, method: str, finding: str, kind: str = ""
) -> LayerRow:
    """The newest layer of a stack by a producer, for a finding (else for none), of one version of a network. Where one producer
    has several kinds and none is named, the first in the order of the kinds. NotFound."""
    rows = tx.layers.of_stack(stack.id, model_sha256=model_sha256, finding=finding, general=True)
    named = [
        row
        for row in rows
        if (row.model, row.method) == (model, method) and row.finding in {finding, ""} and kind in {row.kind, ""}
    ]
    if not named:
        raise NotFound(
            "The map that was judged is not stored. If it was just asked for, wait for its job to end; else load the page "
            "again."
        )
    return min(named, key=lambda row: (row.finding != finding, KINDS.index(row.kind)))


def newest_version(tx: Transaction, stack: StackRow, model: str) -> str:
    """The version of a network that said something of a stack last; NotFound where it has not."""
    answers = (row.answer.model_sha256 for row in tx.answers.of_stack(stack.id) if row.answer.model == model)
    layers = (row.model_sha256 for row in reversed(tx.layers.of_stack(stack.id)) if row.model == model)
    version = next(answers, None) or next(layers, None)
    if version is None:
        raise NotFound("The network “%(model)s” has said nothing about this image yet.", {"model": model})
    return version


def keep(store: Store, study_id: str, given: Judgement, reader: str) -> ReviewRow:
    """Store one verdict.

    NotFound where the study, the layer or a slice is not there; InputError for a reason there is not, or a region off its
    image; Overtaken when another verdict than the expected one is in force.
    """
    if given.reason and given.reason not in EVERY_REASON:
        raise InputError("There is no such reason.")
    with store.view() as tx:
        layer = tx.layers.get(given.layer)
        if layer.study_id != study_id:
            raise NotFound("This study has no such image.")
        review = _review(tx, layer, given, reader)
    with store.begin(study_id) as tx:
        if given.token and (before := tx.reviews.sent(given.token)):
            return before
        there = tx.reviews.in_force(layer.id, reader)
        if given.expected is not None and (there.id if there else "") != given.expected:
            raise Overtaken(there)
        return tx.reviews.add(layer.id, review, sent_as=given.token or None)


def take_back(store: Store, review_id: str) -> ReviewRow | None:
    """Take a verdict back; the one that is in force on the same layer now, or None. NotFound.

    Overtaken when a newer one is in force: the reader has not seen it. Once more changes nothing.
    """
    with store.view() as tx:
        study_id = tx.reviews.get(review_id).study_id
    with store.begin(study_id) as tx:
        row = tx.reviews.get(review_id)
        there = tx.reviews.in_force(row.layer_id, row.review.reader)
        if row.withdrawn_at is None and there is not None and there.id != review_id:
            raise Overtaken(there)
        tx.reviews.withdraw(review_id)
        return tx.reviews.in_force(row.layer_id, row.review.reader)


def _review(tx: Transaction, layer: LayerRow, given: Judgement, reader: str) -> Review:
    """The verdict with all that follows from it: which slice stands for the stack, and every layer against the region."""
    stack = tx.stacks.get(layer.stack_id)
    regions = _placed(tx, stack, given.regions)
    return Review(
        verdict=given.verdict,
        reason=given.reason,
        comment=given.comment.strip(),
        regions=regions,
        reader=reader,
        created_at=datetime.now(UTC),
        shown=_shown(layer, regions, opening(tx, layer)),
        localisations=localised(tx, stack, layer, regions) if regions else {},
    )


def _placed(tx: Transaction, stack: StackRow, drawn: Mapping[str, Region]) -> dict[int, Region]:
    """Regions by the place of their slice, cut to their images, in the order of the slices."""
    places = {image: place for place, image in enumerate(stack.images)}
    if not set(drawn) <= set(places):
        raise NotFound("The stack has no such slice.")
    return {places[image]: within(drawn[image], tx.studies.image(image)) for image in sorted(drawn, key=places.__getitem__)}


def within(region: Region, image: ImageRow) -> Region:
    """A region on its image, rectangles cut to it; InputError when nothing of a shape lies on the film, or it has no size."""
    cut = Region(tuple(_cut(shape, image) for shape in region.shapes))
    for shape in cut.shapes:
        edge = shape.bounds()
        off = edge.right <= 0 or edge.bottom <= 0 or edge.left >= image.columns or edge.top >= image.rows
        if off or edge.right <= edge.left or edge.bottom <= edge.top:
            raise InputError("The drawn region lies outside the film, or has no size.")
    return cut


def _cut(shape: Shape, image: ImageRow) -> Shape:
    if shape.kind != "rectangle":
        return shape
    edge = shape.bounds()
    left, right = (min(max(x, 0.0), image.columns) for x in (edge.left, edge.right))
    top, bottom = (min(max(y, 0.0), image.rows) for y in (edge.top, edge.bottom))
    return replace(shape, points=((left, top), (right, bottom)))


def opening(tx: Transaction, layer: LayerRow) -> int | None:
    """The slice with the largest score by the network version that a layer is about; None where it scored no slices."""
    version = (layer.model, layer.model_sha256)
    for row in tx.answers.of_stack(layer.stack_id):
        if (row.answer.model, row.answer.model_sha256) == version:
            return row.answer.parts[row.stacks.index(layer.stack_id)].opens_at(layer.finding)
    return None


def _shown(layer: LayerRow, regions: Mapping[int, Region], opens: int | None) -> int:
    """The slice that stands for the stack: of the region's slices the one where the layer weighs most; without a region the
    slice at which the network's answer opens the stack, else the heaviest of all."""
    if not regions and opens is not None:
        return opens
    return max(regions or range(layer.slices), key=lambda place: layer.mass[place])


def localised(tx: Transaction, stack: StackRow, layer: LayerRow, regions: Mapping[int, Region]) -> dict[str, Localisation]:
    """Every layer of the same stack and finding against the region, by its method."""
    image = tx.studies.image(stack.images[0])
    return {
        row.method: truth.localise(tx.layers.values(row.id), row.extent, regions, (image.rows, image.columns))
        for row in beside(tx, layer)
        if row.kind in MEASURED and row.values_sha256 is not None
    }


def beside(tx: Transaction, layer: LayerRow) -> tuple[LayerRow, ...]:
    """The layers that stand beside one: of the same stack and finding, by the same version of the network (beside an imported
    one, by the version of ours that read the stack last), and all that was imported."""
    rows = tx.layers.of_stack(layer.stack_id, finding=layer.finding)
    version = (layer.model, layer.model_sha256)
    if layer.producer.kind == "import":
        ours = {(row.model, row.model_sha256) for row in rows if row.producer.kind != "import"}
        read = ((row.answer.model, row.answer.model_sha256) for row in tx.answers.of_stack(layer.stack_id))
        version = next((one for one in read if one in ours), version)
    return tuple(row for row in rows if row.producer.kind == "import" or (row.model, row.model_sha256) == version)
