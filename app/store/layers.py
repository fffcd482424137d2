"""Layers: every picture of a stack, whoever made it. One table, one way in, one way out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager

from app.domain import Evidence, Extent, Layer, Producer, Share, frozen
from app.errors import NotFound
from app.store.answers import said, scores_of
from app.store.blobs import Blobs
from app.store.parties import network
from app.store.records import LayerRow
from app.store.stacks import missing
from app.store.tables import LayerTable, NetworkTable, SeriesTable, StackTable, now


class Layers:
    """The layers of a transaction."""

    def __init__(self, session: Session, blobs: Blobs, doomed: set[str]) -> None:
        self._session = session
        self._blobs = blobs
        self._doomed = doomed

    def save(self, study_id: str, layer: Layer) -> LayerRow:
        """Keep a layer; one of the same stack, network version, kind, producer, parameters and finding is replaced.

        NotFound when the stack is not of this study. ValueError for values that are not finite float32, one per slice.
        """
        values = layer.values
        if values.dtype != np.float32 or values.ndim != 3 or not values.size or not np.isfinite(values).all():
            raise ValueError("a layer's values are finite float32 (slices, height, width)")
        mine = (StackTable.study_id == study_id, StackTable.fingerprint == layer.stack)
        stack = self._session.scalar(select(StackTable).where(*mine))
        if stack is None:
            raise missing()
        if len(values) != stack.slices:
            raise ValueError(f"a layer has a picture for each of the {stack.slices} slices, not {len(values)}")
        octets = self._blobs.put(np.ascontiguousarray(values, dtype="<f4").reshape(-1).view(np.uint8).data)
        row = self._place(stack, layer)
        if row.values is not None and row.values != octets:
            self._doomed.add(row.values)
        row.values = octets
        row.slices, row.height, row.width = values.shape
        row.minimum, row.maximum = float(values.min()), float(values.max())
        row.mass = list(layer.mass())
        _fill(row, layer)
        row.created_at = now()
        self._session.flush()
        return self.get(row.id)

    def weigh(self, layer_id: str, told: Evidence) -> None:
        """Where the evidence of a map that is there lies; nothing where it is gone by now."""
        row = self._session.get(LayerTable, layer_id)
        if row is not None:
            _weigh(row, told)

    def _place(self, stack: StackTable, layer: Layer) -> LayerTable:
        """The row this layer belongs into: the one of the same key, else a new one."""
        producer = layer.producer
        imported = producer.kind == "import"
        party = network(
            self._session,
            layer.model,
            layer.model_sha256,
            title=producer.title if imported else "",
            version=producer.version if imported else "",
            imported=imported,
        )
        key = {
            "stack_id": stack.id,
            "network_id": party.id,
            "kind": layer.kind,
            "method": layer.method,
            "finding": layer.finding,
            "parameters_key": parameters_key(producer.parameters),
        }
        row = self._session.scalar(select(LayerTable).filter_by(**key))
        if row is None:
            row = LayerTable(study_id=stack.study_id, **key)
            self._session.add(row)
        return row

    def get(self, layer_id: str) -> LayerRow:
        """One layer without its values; NotFound. Values: ``store.blobs.path(row.values_sha256)``, float32 LE."""
        rows = self._rows(layer_rows().where(LayerTable.id == layer_id))
        if not rows:
            raise NotFound("There is no such explanation, or it was removed.")
        return rows[0]

    def values(self, layer_id: str) -> NDArray[np.float32]:
        """The pictures, float32 (slices, height, width), read-only; NotFound."""
        row = self.get(layer_id)
        if row.values_sha256 is None:
            raise NotFound("This file is no longer stored.")
        flat = np.frombuffer(self._blobs.read(row.values_sha256, "map"), "<f4")
        return cast("NDArray[np.float32]", frozen(flat.reshape(row.slices, row.height, row.width)))

    def load(self, layer_id: str) -> Layer:
        """A layer as the domain knows it; NotFound."""
        row = self.get(layer_id)
        return Layer(
            stack=self._session.get_one(StackTable, row.stack_id).fingerprint,
            kind=row.kind,
            scale=row.scale,
            producer=row.producer,
            model=row.model,
            model_sha256=row.model_sha256,
            finding=row.finding,
            values=self.values(layer_id),
            extent=row.extent,
            state=row.state,
            unit=row.unit,
            versions=row.versions,
            device=row.device,
            seconds=row.seconds,
            total=row.total,
            conservation_error=row.conservation_error,
            notes=row.notes,
            names=row.names,
            padding=row.padding,
            figures=row.figures,
            evidence=row.evidence,
        )

    def said(self, layer_ids: Sequence[str]) -> dict[str, float]:
        """By layer: what its network's version last said of its finding on its stack; nothing of those it said nothing of."""
        found = self._session.execute(select(LayerTable.id, LayerTable.finding, said()).where(LayerTable.id.in_(layer_ids)))
        told = ((layer, finding, scores_of(scores or ())) for layer, finding, scores in found)
        return {layer: one.probability for layer, finding, scores in told for one in scores if one.finding == finding}

    def of_stack(
        self, stack_id: str, *, model_sha256: str = "", finding: str = "", imported: bool = False, general: bool = False
    ) -> tuple[LayerRow, ...]:
        """A stack's layers, the newest per network version, kind, producer and finding, sorted by finding, then producer.

        ``model_sha256`` and ``finding`` narrow them; with ``imported``, what others made counts whatever its version: other
        software, and networks that stand beside the one that answered; with ``general``, layers that are about no finding count
        for each.
        """
        return self._newest(LayerTable.stack_id == stack_id, model_sha256, finding, imported, general)

    def of_study(
        self, study_id: str, *, model_sha256: str = "", finding: str = "", imported: bool = False
    ) -> tuple[LayerRow, ...]:
        """As `of_stack`, of all stacks of a study, earlier states of its series too, in their order."""
        return self._newest(LayerTable.study_id == study_id, model_sha256, finding, imported)

    def _newest(
        self, mine: Any, model_sha256: str, finding: str, imported: bool, general: bool = False
    ) -> tuple[LayerRow, ...]:
        query = layer_rows().where(mine)
        if model_sha256:
            version = NetworkTable.sha256 == model_sha256
            query = query.where(version | LayerTable.producer.in_(("import", "network")) if imported else version)
        if finding:
            query = query.where(LayerTable.finding.in_([finding, ""] if general else [finding]))
        newest = {
            (row.stack_id, row.finding, row.method, row.kind, row.model, row.model_sha256): row for row in self._rows(query)
        }
        return tuple(newest.values())

    def _rows(self, query: "Select[LayerTable]") -> list[LayerRow]:
        return [layer_row(row) for row in self._session.scalars(query.execution_options(populate_existing=True))]

    def titles(self) -> dict[str, str]:
        """What the producers of imported layers are called, by their names; the newest title of each."""
        query = select(LayerTable.method, LayerTable.title).where(LayerTable.producer == "import")
        return dict(self._session.execute(query.order_by(LayerTable.created_at)).all())

    def missing(
        self,
        stacks: Sequence[str],
        model_sha256: str,
        finding: str,
        methods: Sequence[str],
        versions: Mapping[str, str] | None = None,
    ) -> tuple[str, ...]:
        """Which of these methods lack a picture of a finding by a network version on one of the stacks; those of other
        ``versions`` of the software, where they are given, do not count."""
        known = {
            (row.method, stack_id)
            for stack_id in stacks
            for row in self.of_stack(stack_id, model_sha256=model_sha256, finding=finding)
            if row.values_sha256 is not None and (versions is None or row.versions == versions)
        }
        return tuple(method for method in methods if any((method, stack_id) not in known for stack_id in stacks))


def parameters_key(parameters: Mapping[str, str | float | int | bool]) -> str:
    """The sha256 of a producer's parameters, written the same way every time."""
    return hashlib.sha256(json.dumps(dict(parameters), sort_keys=True).encode()).hexdigest()


def _fill(row: LayerTable, layer: Layer) -> None:
    """All that a row repeats of a layer as it is."""
    row.scale, row.unit, row.state = layer.scale, layer.unit, layer.state
    row.producer, row.version, row.title = layer.producer.kind, layer.producer.version, layer.producer.title
    row.parameters = dict(layer.producer.parameters)
    row.extent = layer.extent.numbers()
    row.names = {str(number): name for number, name in layer.names.items()}
    row.versions = dict(layer.versions)
    row.device, row.seconds = layer.device, layer.seconds
    row.total, row.conservation_error, row.padding = layer.total, layer.conservation_error, layer.padding
    row.notes, row.figures = list(layer.notes), dict(layer.figures)
    _weigh(row, layer.evidence)


def _weigh(row: LayerTable, told: Evidence | None) -> None:
    row.evidence = None if told is None else [[share.region, share.share, share.area] for share in told.shares]
    row.odd = told.odd if told else ""


def layer_rows() -> "Select[LayerTable]":
    """Layers with their networks, in the order of their stacks."""
    order = (LayerTable.finding, LayerTable.method, LayerTable.kind, LayerTable.created_at, LayerTable.id)
    return (
        select(LayerTable)
        .join(LayerTable.network)
        .join(StackTable, StackTable.id == LayerTable.stack_id)
        .join(SeriesTable, SeriesTable.id == StackTable.series_id)
        .options(contains_eager(LayerTable.network))
        .order_by(SeriesTable.number, StackTable.number, StackTable.id, *order)
    )


def layer_row(row: LayerTable) -> LayerRow:
    """A stored layer from its row, with its network loaded."""
    return LayerRow(
        id=row.id,
        study_id=row.study_id,
        stack_id=row.stack_id,
        kind=cast(Any, row.kind),
        scale=cast(Any, row.scale),
        unit=row.unit,
        finding=row.finding,
        producer=Producer(cast(Any, row.producer), row.method, row.version, row.title, row.parameters),
        model=row.network.name,
        model_sha256=row.network.sha256,
        state=row.state,
        slices=row.slices,
        height=row.height,
        width=row.width,
        extent=Extent.of(row.extent),
        minimum=row.minimum,
        maximum=row.maximum,
        mass=tuple(row.mass),
        names={int(number): name for number, name in row.names.items()},
        versions=row.versions,
        device=row.device,
        seconds=row.seconds,
        total=row.total,
        conservation_error=row.conservation_error,
        padding=row.padding,
        notes=tuple(row.notes),
        values_sha256=row.values,
        created_at=row.created_at,
        figures=row.figures,
        evidence=None if row.evidence is None else Evidence(tuple(Share(*one) for one in row.evidence), row.odd),
    )
