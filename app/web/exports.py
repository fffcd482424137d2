"""Exports: verdicts, predictions and layers as rows that other tables can be joined to, as CSV and for JSON.

The rows of the CSV and of the JSON are the same; docs/reference/api.md says what each column is. A file may be read anywhere,
so that every row carries the notice, in English.
"""

import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from app.domain import LayerKind, OperatingPoint, ProducerKind, Region, Scale, Verdict, cells
from app.store import AnsweredRow, FlagRow, LayeredRow, Provenance, Slice, Source
from app.web import regions
from app.web.addresses import served
from app.web.calling import Calling

NOTICE = "Research use only — not for clinical use"
"""On every export, in English: the file may be read anywhere."""
IN_MEMORY = 1024 * 1024
"""Octets of a file that are held in memory; beyond, it lies in a temporary file until it is sent."""


class Line(BaseModel):
    """One row of an export."""

    model_config = ConfigDict(frozen=True)


def heading(kind: type[Line]) -> tuple[str, ...]:
    """The columns of an export's CSV, which are the keys of its JSON."""
    return tuple(kind.model_fields)


class FlagLine(Line):
    """One verdict in force."""

    review: str = Field(description="The verdict's id.")
    study: str = Field(description="The study's id.")
    image: str = Field(description="The film's id, or that of the slice that stands for the stack.")
    file: str = Field(description="The name of the file that the image came in.")
    study_uid: str = Field(description="Study Instance UID (0020,000D).")
    series_uid: str = Field(description="Series Instance UID (0020,000E).")
    sop_instance_uid: str = Field(description="SOP Instance UID (0008,0018) of the image.")
    frame: int = Field(description="Its frame.")
    patient_name: str = Field(description="Patient's Name (0010,0010).")
    patient_id: str = Field(description="Patient ID (0010,0020).")
    study_date: str = Field(description="Study Date (0008,0020).")
    accession: str = Field(description="Accession Number (0008,0050).")
    modality: str = Field(description="Modality (0008,0060).")
    phantom: bool = Field(description="A drawn phantom, no patient.")
    cohort: str = Field(description="The newest cohort with a row about the image or its exam; empty where none has one.")
    cohort_case: str = Field(description="What that row calls it, by which the cohort's table of labels can be joined.")
    model: str = Field(description="The network that was judged.")
    model_sha256: str = Field(description="The checksum of its weights.")
    method: str = Field(description="What made the layer.")
    kind: LayerKind = Field(description="What the layer is.")
    finding: str = Field(description="The finding.")
    probability: float | None = Field(description="What the network said of it.")
    called: bool | None = Field(description="Whether the probability reaches the point; null where there is none.")
    point: float = Field(description="The operating point: the finding is called from this probability on.")
    card_point: float | None = Field(description="The point by the network's card; null where it has none: then 0.5.")
    point_by: Literal["card", "reader", ""] = Field(description="Who says where it is: whoever exports moved it, or the card.")
    disagreement: float | None = Field(description="How far the methods' maps disagree on it, 0 to 1.")
    verdict: Verdict = Field(description="The judgement.")
    reason: str = Field(description="What the map shows instead.")
    comment: str = Field(description="In the reader's words.")
    region_left: float | None = Field(description="Of the rectangle around the region, in image pixels.")
    region_top: float | None = Field(description="See region_left.")
    region_right: float | None = Field(description="See region_left.")
    region_bottom: float | None = Field(description="See region_left.")
    region_shapes: list[dict[str, Any]] | None = Field(description="The true region; on a stack every shape names its image.")
    region_area: int | None = Field(description="Pixels whose centre lies in it.")
    pointing: float | None = Field(description="The judged layer against the region.")
    iou: float | None = Field(description="See pointing.")
    outside_inside: float | Literal["inf"] | None = Field(description="See pointing.")
    mass: float | None = Field(description="See pointing.")
    image_columns: int = Field(description="Columns of the image.")
    image_rows: int = Field(description="Rows of the image.")
    reader: str = Field(description="Who judged.")
    created_at: str = Field(description="When, UTC.")
    explanation: str = Field(description="The id of the layer that was judged.")
    stack: str = Field(description="The id of its stack.")
    plane: str | None = Field(description="The stack's plane; null on a film.")
    slices: int = Field(description="How many slices the stack has; 1 on a film.")
    current: bool = Field(description="Whether the stack is what its series is now.")
    doubtful: bool = Field(description="Carried over from an older version, and perhaps given on other slices.")
    use: str = Field(description="The notice.")

    @classmethod
    def of(cls, row: FlagRow, points: Calling) -> "FlagLine":
        """From the store's row. A region is in image pixels, to the hundredth."""
        judged, review = row.row, row.row.review
        drawn = {image: region for image, part in row.regions.items() if (region := regions.data(part))}
        on_stack = bool(row.plane) or row.slices > 1
        figures = review.localisations.get(judged.method)
        lies = astuple(regions.localised(figures)) if figures else (None,) * 4
        shapes = [
            asdict(shape) | ({"image": image} if on_stack else {}) for image, part in drawn.items() for shape in part.shapes
        ]
        return cls(
            review=judged.id,
            study=judged.study_id,
            image=judged.image_id,
            **_from(row.provenance),
            patient_name=row.patient.name,
            patient_id=row.patient.id,
            study_date=row.date,
            accession=row.accession,
            modality=row.modality,
            phantom=row.phantom,
            cohort=row.labelled[0],
            cohort_case=row.labelled[1],
            model=judged.model,
            model_sha256=judged.model_sha256,
            method=judged.method,
            kind=judged.kind,
            finding=judged.finding,
            probability=row.probability,
            **_pointed(points.point(judged.model, judged.model_sha256, judged.finding), row.probability),
            disagreement=row.disagreement,
            verdict=review.verdict,
            reason=review.reason,
            comment=review.comment,
            **_around(row.regions.values()),
            region_shapes=shapes or None,
            region_area=sum(regions.area(part, row.rows, row.columns) for part in row.regions.values()) if drawn else None,
            **dict(zip(("pointing", "iou", "outside_inside", "mass"), lies, strict=True)),
            image_columns=row.columns,
            image_rows=row.rows,
            reader=review.reader,
            created_at=review.created_at.isoformat(),
            explanation=judged.layer_id,
            stack=judged.stack_id,
            plane=row.plane if on_stack else None,
            slices=row.slices,
            current=row.current,
            doubtful=judged.doubtful,
            use=NOTICE,
        )


class SourcedLine(Line):
    """What every row about a stack begins with. The image is the film, or the slice that stands for the stack."""

    study: str = Field(description="The study's id.")
    series: str = Field(description="The series' id.")
    stack: str = Field(description="The stack's id.")
    image: str = Field(description="The film's id, or that of the slice that stands for the stack.")
    slice: int = Field(description="The number of that slice, from 1; 1 on a film.")
    slices: int = Field(description="How many slices the stack has; 1 on a film.")
    plane: str | None = Field(description="The stack's plane; null on a film.")
    current: bool = Field(description="Whether the stack is what its series is now.")
    file: str = Field(description="The name of the file that the image came in.")
    study_uid: str = Field(description="Study Instance UID (0020,000D).")
    series_uid: str = Field(description="Series Instance UID (0020,000E).")
    sop_instance_uid: str = Field(description="SOP Instance UID (0008,0018) of the image.")
    frame: int = Field(description="Its frame.")
    patient_name: str = Field(description="Patient's Name (0010,0010).")
    patient_id: str = Field(description="Patient ID (0010,0020).")
    study_date: str = Field(description="Study Date (0008,0020).")
    accession: str = Field(description="Accession Number (0008,0050).")
    modality: str = Field(description="Modality (0008,0060).")
    phantom: bool = Field(description="A drawn phantom, no patient.")


class PredictionLine(SourcedLine):
    """What one network said of one finding of one film or, stack by stack, of an exam."""

    cohort: str = Field(description="The newest cohort with a row about the image or its exam; empty where none has one.")
    cohort_case: str = Field(description="What that row calls it, by which the cohort's table of labels can be joined.")
    prediction: str = Field(description="The prediction's id: one over all stacks of an exam.")
    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    finding: str = Field(description="The finding.")
    probability: float = Field(description="Of the film or of the whole exam, 0 to 1.")
    called: bool = Field(description="Whether the probability reaches the point.")
    point: float = Field(description="The operating point: the finding is called from this probability on.")
    card_point: float | None = Field(description="The point by the network's card; null where it has none: then 0.5.")
    point_by: Literal["card", "reader", ""] = Field(description="Who says where it is: whoever exports moved it, or the card.")
    logit: float = Field(description="The network's raw output for it.")
    stack_probability: float | None = Field(description="What this stack alone says; null where it does not answer for it.")
    stack_logit: float | None = Field(description="See stack_probability.")
    contribution: float | None = Field(description="What this stack adds to the logit.")
    device: str = Field(description="What the network ran on.")
    created_at: str = Field(description="When, UTC.")
    use: str = Field(description="The notice.")

    @classmethod
    def of(cls, row: AnsweredRow, points: Calling) -> "PredictionLine":
        """From the store's row."""
        return cls(
            **_sourced(row.source, row.slice),
            cohort=row.labelled[0],
            cohort_case=row.labelled[1],
            prediction=row.answer_id,
            model=row.model,
            model_sha256=row.model_sha256,
            finding=row.score.finding,
            probability=row.score.probability,
            **_pointed(points.point(row.model, row.model_sha256, row.score.finding), row.score.probability),
            logit=row.score.logit,
            stack_probability=row.own.probability if row.own else None,
            stack_logit=row.own.logit if row.own else None,
            contribution=row.contribution,
            device=row.device,
            created_at=row.created_at.isoformat(),
            use=NOTICE,
        )


class LayerLine(SourcedLine):
    """One layer, without its values."""

    layer: str = Field(description="The layer's id.")
    model: str = Field(description="The network that it comes from or explains.")
    model_sha256: str = Field(description="The checksum of its weights.")
    finding: str = Field(description="What it is about; empty where it is about none.")
    probability: float | None = Field(description="What the network said of the finding.")
    producer: ProducerKind = Field(description="What kind of thing made it.")
    method: str = Field(description="The producer's name.")
    title: str = Field(description="What people call the producer, of an imported layer.")
    version: str = Field(description="The producer's version, of an imported layer.")
    parameters: dict[str, str | float | int | bool] = Field(description="With what it was made.")
    reader: str = Field(description="Who drew it; empty where no reader did.")
    kind: LayerKind = Field(description="What it is.")
    scale: Scale = Field(description="How its values are to be read.")
    unit: str = Field(description="Of its values.")
    state: str = Field(description="“ok”, or why there is no picture.")
    rows: int = Field(description="Rows of its values.")
    columns: int = Field(description="Columns of its values.")
    extent_left: float = Field(description="Of the rectangle that it covers, in image pixels.")
    extent_top: float = Field(description="See extent_left.")
    extent_right: float = Field(description="See extent_left.")
    extent_bottom: float = Field(description="See extent_left.")
    minimum: float = Field(description="The lowest value of the stack.")
    maximum: float = Field(description="The highest value of the stack.")
    mass: float = Field(description="Its positive part, summed over the stack.")
    conservation_error: float | None = Field(description="The share of relevance that was lost (LRP, RAP).")
    evidence: dict[str, tuple[float, float]] | None = Field(
        description="By region, the shares of its positive evidence and of its area; null where nobody told."
    )
    odd: str = Field(
        description="The region in which so much of it lies that a reader should know; empty where none does, or its finding "
        "is not called."
    )
    device: str = Field(description="What it ran on.")
    created_at: str = Field(description="When, UTC.")
    values: str | None = Field(description="Where its values are, as a NumPy file; null: no longer stored.")
    use: str = Field(description="The notice.")

    @classmethod
    def of(cls, found: LayeredRow, points: Calling) -> "LayerLine":
        """From the store's row."""
        row, edge, lies = found.row, found.row.extent, points.lies(found.row, found.probability)
        return cls(
            **_sourced(found.source, found.slice),
            layer=row.id,
            model=row.model,
            model_sha256=row.model_sha256,
            finding=row.finding,
            probability=found.probability,
            producer=row.producer.kind,
            method=row.method,
            title=row.producer.title,
            version=row.producer.version,
            parameters=dict(row.producer.parameters),
            reader=row.method if row.producer.kind == "reader" else "",
            kind=row.kind,
            scale=row.scale,
            unit=row.unit,
            state=row.state,
            rows=row.height,
            columns=row.width,
            extent_left=edge.left,
            extent_top=edge.top,
            extent_right=edge.right,
            extent_bottom=edge.bottom,
            minimum=row.minimum,
            maximum=row.maximum,
            mass=sum(row.mass),
            conservation_error=row.conservation_error,
            evidence={one.region: (one.share, one.area) for one in lies.shares} if lies else None,
            odd=lies.odd if lies else "",
            device=row.device,
            created_at=row.created_at.isoformat(),
            values=served(f"/api/v1/layers/{row.id}/values.npy") if row.values_sha256 else None,
            use=NOTICE,
        )


def _from(source: Provenance) -> dict[str, Any]:
    return asdict(source)


def _pointed(point: OperatingPoint, probability: float | None) -> dict[str, Any]:
    """The columns of a call."""
    called = None if probability is None else point.calls(probability)
    return {"called": called, "point": point.at, "card_point": point.card, "point_by": point.by}


def _around(parts: Iterable[Region]) -> dict[str, Any]:
    """The rectangle around a region, on whatever slices its parts lie."""
    shapes = tuple(shape for part in parts for shape in part.shapes)
    edge = regions.data(Region(shapes)) if shapes else None
    return {f"region_{side}": getattr(edge, side) if edge else None for side in ("left", "top", "right", "bottom")}


def _sourced(source: Source, shown: Slice) -> dict[str, Any]:
    return {
        "study": source.study_id,
        "series": source.series_id,
        "stack": source.stack_id,
        "image": shown.image_id,
        "slice": shown.place + 1,
        "slices": source.slices,
        "plane": source.plane if source.plane or source.slices > 1 else None,
        "current": source.current,
        **_from(shown.provenance),
        "patient_name": source.patient.name,
        "patient_id": source.patient.id,
        "study_date": source.date,
        "accession": source.accession,
        "modality": source.modality,
        "phantom": source.phantom,
    }


def predictions(name: str, rows: Iterable[AnsweredRow], points: Calling) -> StreamingResponse:
    """What networks said, as a CSV to keep."""
    lines = (PredictionLine.of(row, points) for row in rows)
    return csv_file(name, heading(PredictionLine), (line.model_dump().values() for line in lines))


def csv_file(name: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> StreamingResponse:
    """A CSV to keep, called ``whylight-<name>-<day>.csv``; every value through `app.domain.cells`.

    All rows are read before the first octet goes out, so that a reader far away keeps no transaction open, and a failure is
    still told as one.
    """
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - `_octets` closes it when it is sent
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    cells.write(text, columns, rows)
    text.detach()
    size = file.tell()
    file.seek(0)
    headers = {"Content-Length": str(size), **attached(name, "csv")}
    return StreamingResponse(_octets(file), media_type="text/csv; charset=utf-8", headers=headers)


def _octets(file: Any) -> Iterator[bytes]:
    with file:
        while part := file.read(IN_MEMORY):
            yield part


def attached(name: str, ending: str) -> dict[str, str]:
    """The header of a file to keep, with the day in its name."""
    return {"Content-Disposition": f'attachment; filename="whylight-{name}-{datetime.now(UTC):%Y-%m-%d}.{ending}"'}
