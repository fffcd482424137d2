"""The layers that can lie over what is shown, and the names under which a page tells them apart. Knows rows, cards and methods.

A method of ours is called by its name. Other software may hand in several kinds of layers under one name: the first of them, in
the order of the kinds, has it as it is, the others with their kind behind a point ("segmenter.labels").
"""

from collections.abc import Iterable, Mapping, Sequence

from app import explainers
from app.classifiers.card import Card
from app.counterfactuals.kept import MOVED, WHERE, is_kept
from app.desk import drawn
from app.domain import SCALES, Extent
from app.domain.layers import ProducerKind
from app.render import Known
from app.store import LayerRow
from app.web import evidence
from app.web.addresses import served
from app.web.case import anatomy, looking
from app.web.case.payload_results import DrawingData, ExplanationData, MethodData
from app.web.wording import Translate, kind, note_text, padding_text, state_text

KINDS = tuple(SCALES)
Named = Sequence[tuple[str, LayerRow]]
"""Layers by the names that a page has for them."""


def split(name: str) -> tuple[str, str]:
    """The producer's name and the kind that a name on a page means, "" for the first there is. Behind the point of a method of
    ours stands a variant, which is a producer of its own."""
    if explainers.known(name):
        return name, ""
    method, _, of_kind = name.partition(".")
    return method, of_kind


def named(card: Card | None, rows: Sequence[LayerRow], finding: str) -> Named:
    """What panes can draw: the maps of the methods that the network opens with, in their order, then what other software said,
    its newest version, then what somebody asked for besides. What is about the shown finding stands before what is about
    none."""
    order = {name: place for place, name in enumerate(explainers.panel(card))}
    mine = [row for row in rows if row.producer.kind == "method" and explainers.known(row.method)]
    ours = [row for row in mine if row.method in order]
    others: dict[tuple[str, str, str], LayerRow] = {}
    for row in sorted(rows, key=lambda row: (row.finding == finding, row.created_at)):
        if row.producer.kind != "method":
            others[row.stack_id, row.method, row.kind] = row
    names = called(others.values(), taken=explainers.names())
    theirs = sorted(others.values(), key=lambda row: (row.method, KINDS.index(row.kind)))
    return [
        *((row.method, row) for row in sorted(ours, key=lambda row: order[row.method])),
        *((names[row.method, row.kind], row) for row in theirs),
        *((row.method, row) for row in mine if row.method not in order),
    ]


def called(rows: Iterable[LayerRow], taken: Iterable[str]) -> Mapping[tuple[str, str], str]:
    """The names of other software's layers by producer and kind; those that are ``taken`` are our methods'."""
    used = set(taken)
    names: dict[tuple[str, str], str] = {}
    for method, shows in sorted({(row.method, row.kind) for row in rows}, key=lambda one: (one[0], KINDS.index(one[1]))):
        names[method, shows] = f"{method}.{shows}" if method in used else method
        used.add(method)
    return names


def methods(card: Card | None, layers: Named, _: Translate) -> tuple[MethodData, ...]:
    """What can lie over a stack: the methods that the network opens with, in their order; then what other software said."""
    ours = tuple(method_data(name, _) for name in explainers.panel(card))
    return ours + others(layers, ("import", "reader"), _)


def others(layers: Named, kinds: Sequence[ProducerKind], _: Translate) -> tuple[MethodData, ...]:
    """What no method of ours made: other software, or networks that stand beside the one that answered. It is there or is not,
    and cannot be asked for by its name."""
    return tuple(
        MethodData(
            name=name,
            title=titled(name, row, _),
            imported=True,
            kind=row.kind,
            signed=row.signed,
            summary=imported(row, _),
            caution="",
            ends=ends(drawn.known(row, row.width, None, None).words, _),
            influence=False,
        )
        for name, row in dict(layers).items()
        if row.producer.kind in kinds
    )


def more(card: Card | None, layers: Named, _: Translate) -> tuple[MethodData, ...]:
    """What can lie over a stack besides: what networks drew that stand beside the one that answered; then what can be asked
    for, the methods that the network does not open with and every method's variants."""
    return others(layers, ("network",), _) + asked_for(card, _)


def asked_for(card: Card | None, _: Translate) -> tuple[MethodData, ...]:
    """The methods that a network does not open with, then every method's variants."""
    if card is None:
        return ()
    opens = explainers.panel(card)
    rest = [name for name in explainers.names(card) if name not in opens]
    ordered = [*opens, *rest]
    return tuple(
        method_data(name, _) for name in [*rest, *(one for name in ordered for one in explainers.variants(name, card))]
    )


def method_data(name: str, _: Translate) -> MethodData:
    """What a page says of a method of ours, or of a variant of one."""
    told = explainers.describe(name)
    caution = _(told.caution) if told.caution else ""
    return MethodData(
        name=name,
        title=told.titled(_),
        imported=False,
        kind=told.kind,
        signed=told.signed,
        summary=_(told.summary),
        caution=caution,
        ends=ends(told.ends, _),
        influence=told.influence,
        of=_(told.of) if told.of else "",
        prior=evidence.MASK if told.prior else "",
    )


def ends(words: tuple[str, str], _: Translate) -> tuple[str, str]:
    """What the upper and the lower end of a map's colours mean."""
    above, below = words
    return (_(above) if above else "", _(below) if below else "")


def titled(name: str, row: LayerRow, _: Translate) -> str:
    """What people call a layer that other software made: with its kind where the name has it."""
    title = row.producer.title or row.method
    if row.producer.kind == "network":
        return beside(row, _)
    return f"{title}: {kind(row.kind, _)}" if split(name)[1] else title


def beside(row: LayerRow, _: Translate) -> str:
    """What people call a layer of a network that stands beside the one that answered."""
    if is_kept(row.producer):
        return changed(row, _)
    if row.kind == "image":
        return _("Aligned film")
    if row.kind == "probability":
        return _("Markers and text") if row.method.endswith("-markers") else _(row.producer.title)
    if row.kind == "attention":
        return _("Attention gate, %(width)s × %(height)s", width=row.width, height=row.height)
    return f"{_(row.producer.title or row.method)}: {kind(row.kind, _)}"


def changed(row: LayerRow, _: Translate) -> str:
    """What people call a layer of a counterfactual that was kept."""
    strength = f"{float(row.producer.parameters['strength']):.2f}"
    if row.producer.name == MOVED:
        return _("Counterfactual %(strength)s: how far it moves", strength=strength)
    if row.kind == "change":
        return _("Counterfactual %(strength)s: what changes", strength=strength)
    if row.producer.name == WHERE:
        return _("Counterfactual %(strength)s: where it may add or take away", strength=strength)
    return _("Counterfactual %(strength)s: the film", strength=strength)


def imported(row: LayerRow, _: Translate) -> str:
    """What is known of a layer that other software made, or a network that stands beside the one that answered."""
    if is_kept(row.producer):
        return _("It shows what moves the network, not how this patient would look.")
    if row.producer.kind == "network":
        return _("By the network “%(title)s”, whichever network answers", title=_(row.producer.title or row.method))
    return _("Imported: %(title)s %(version)s", title=row.producer.title or row.method, version=row.producer.version)


def layer_data(name: str, row: LayerRow, finding: str, opens: int | None, known: Known, _: Translate) -> ExplanationData:
    """One layer's entry under its name and the shown finding; ``opens`` is the slice at which its stack opens, None on a
    film; ``known`` decides how it is drawn."""
    picture = served(f"/layers/{row.id}/overlay.png")
    return ExplanationData(
        id=row.id,
        stack=row.stack_id,
        model=row.model,
        model_sha256=row.model_sha256,
        method=name,
        finding=row.finding or finding,
        kind=row.kind,
        scale=row.scale,
        state=row.state,
        state_text=state_text(row.state, _),
        signed=row.signed,
        slices=row.slices,
        width=row.width,
        height=row.height,
        extent=edges(row.extent),
        reach=edges(row.extent.drawn),
        min=row.minimum,
        max=row.maximum,
        mass=row.mass,
        values_url=served(f"/layers/{row.id}/values?v={(row.values_sha256 or '')[:12]}"),
        overlay_url=picture if opens is None else f"{picture}?slice={opens + 1}",
        names={str(number): _(text) if row.producer.kind == "network" else text for number, text in row.names.items()},
        notes=(*looking.told(row, _), *(note_text(note, _) for note in row.notes), *padding_text(row.padding, _)),
        conservation_error=row.conservation_error,
        drawing=DrawingData(
            high=known.high,
            evened=known.evened,
            source=known.source,
            probability=known.probability,
            strength=known.strength,
            sigma=known.sigma,
            pixels=known.pixels,
        ),
        rules=anatomy.rules(row),
        frame=looking.frame(row),
        evidence=evidence.data(row.evidence, _),
        moves=anatomy.moves(row) or looking.moves(row),
        path=looking.path(row),
    )


def edges(extent: Extent) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    return (extent.left, extent.top, extent.right, extent.bottom)
