"""Layouts of the panes: keep, list, remove. The case page speaks to the same addresses as scripts do."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi import Response as Answer
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from app.errors import InputError
from app.store import Layout, LayoutRow
from app.web import pages
from app.web.api.objects import Frozen
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED, SENT

router = APIRouter(tags=["layouts"])

MOST = 100
"""How many layouts a reader may have: more is a program that went wrong."""
LONGEST_OWN = 16_384
"""Of what single panes keep for themselves, as JSON."""
OPENS = "Every case of this kind opens with it, before the last one: film, or an exam's modality, as MR; empty for none."

LayoutId = Annotated[str, Path(pattern="^[a-z2-7]{12}$", description="Twelve random characters, a–z and 2–7, of your choice.")]
Layer = Annotated[str, Field(max_length=64)]


class LayoutIn(BaseModel):
    """A layout to keep."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str = Field(
        description="What the reader calls it; it replaces their other one of this name.", min_length=1, max_length=40
    )
    rows: int = Field(description="Panes below each other.", ge=1, le=3)
    columns: int = Field(description="Panes side by side.", ge=1, le=4)
    layers: tuple[Layer, ...] = Field(description="By place: film, map:lrp …; empty for an empty pane.", max_length=12)
    own: dict[str, Any] = Field(default_factory=dict, description="What single panes keep for themselves, by place.")
    last: bool = Field(False, description="Whether a case opens with it; no other of the reader's does then.")
    opens: str = Field("", description=OPENS, pattern="^(film|[A-Z]{2,16})?$")


class LayoutOut(Frozen):
    """A kept layout."""

    id: str = Field(description="The layout's id.")
    name: str = Field(description="What the reader calls it.")
    rows: int = Field(description="Panes below each other.")
    columns: int = Field(description="Panes side by side.")
    layers: tuple[str, ...] = Field(description="By place.")
    own: dict[str, Any] = Field(description="What single panes keep for themselves, by place.")
    last: bool = Field(description="Whether a case opens with it.")
    opens: str = Field(description=OPENS)

    @classmethod
    def of(cls, row: LayoutRow) -> "LayoutOut":
        """From the store's row."""
        told = row.layout
        return cls(
            id=row.id,
            name=told.name,
            rows=told.rows,
            columns=told.columns,
            layers=told.layers,
            own=told.own,
            last=told.last,
            opens=told.opens,
        )


@router.get("/layouts", responses=HEADERS, summary="List layouts")
def list_layouts(request: Request, response: Answer, paging: Whole) -> list[LayoutOut]:
    """The reader's layouts, the oldest first."""
    with pages.of(request).store.view() as tx:
        rows = tx.layouts.of_reader(pages.reader(request))
    return [LayoutOut.of(row) for row in paging.cut(response, rows)]


@router.put("/layouts/{layout_id}", responses=NAMED | SENT, summary="Keep a layout")
def keep_layout(request: Request, layout_id: LayoutId, asked: LayoutIn) -> LayoutOut:
    """Keep a layout, or change it. Sent twice, it is stored once. 422 for one that is too large."""
    if len(json.dumps(asked.own)) > LONGEST_OWN:
        raise InputError("This layout holds more than a layout can.")
    reader = pages.reader(request)
    layout = Layout(asked.name, asked.rows, asked.columns, asked.layers, asked.own, asked.last, asked.opens)
    with pages.of(request).store.begin() as tx:
        known = {row.id for row in tx.layouts.of_reader(reader)}
        if len(known) >= MOST and layout_id not in known:
            raise InputError("There are %(n)s layouts already; remove some first.", {"n": MOST})
        return LayoutOut.of(tx.layouts.keep(layout_id, reader, layout))


@router.delete("/layouts/{layout_id}", status_code=204, responses=NAMED, summary="Remove a layout")
def remove_layout(request: Request, layout_id: LayoutId) -> Response:
    """Remove it."""
    with pages.of(request).store.begin() as tx:
        tx.layouts.remove(layout_id, pages.reader(request))
    return Response(status_code=204)
