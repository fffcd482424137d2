"""Networks beside each other for scripts: one film or exam, one finding, what several networks say of it, and how far their
maps by the same methods agree."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from app.domain import Plane
from app.web.api.objects import Frozen
from app.web.api.refusals import NAMED
from app.web.networks import reading
from app.web.networks.page import CellData, NetworksPage, PairData, RowData, Said, Wanted
from app.web.networks.routes import MOST, Named

router = APIRouter(tags=["predictions"], responses=NAMED)


class MapOut(Frozen):
    """One network's map by one method."""

    method: str = Field(description="The method.")
    layer: str | None = Field(description="The layer's id; null where there is none.")
    state: str = Field(description="“ok”, or in words why there is no picture.")

    @classmethod
    def of(cls, cell: CellData) -> "MapOut":
        """From the page's."""
        return cls(method=cell.method, layer=cell.layer.id if cell.layer else None, state=cell.words or "ok")


class ComparedOut(Frozen):
    """What one network says of the finding."""

    model: str = Field(description="The network.")
    model_sha256: str = Field(description="The checksum of its weights.")
    said: Said = Field(
        description="“read”; “unread”: not yet; “refused”: by its guard; “unknown”: the finding is not one that it knows."
    )
    sentence: str = Field(description="Why it says nothing, in words; empty where it has read.")
    probability: float | None = Field(description="The calibrated probability, 0 to 1; null where it says nothing.")
    point: float | None = Field(description="From which probability on the finding is called, for whoever asks.")
    called: bool | None = Field(description="Whether it is called; null where the network says nothing.")
    stack: str = Field(description="The stack that its maps lie on; empty where there is none.")
    maps: tuple[MapOut, ...] = Field(description="Its map by every method, in the order of the methods.")

    @classmethod
    def of(cls, row: RowData) -> "ComparedOut":
        """From the page's."""
        score = row.score if row.said == "read" else None
        return cls(
            model=row.model,
            model_sha256=row.model_sha256,
            said=row.said,
            sentence=row.sentence,
            probability=score.probability if score else None,
            point=score.point if score else None,
            called=score.called if score else None,
            stack=row.stack,
            maps=tuple(MapOut.of(cell) for cell in row.cells),
        )


class AlikeOut(Frozen):
    """How far the maps of two networks by one method agree."""

    networks: tuple[str, str] = Field(description="The two networks.")
    method: str = Field(description="The method.")
    rank: float | None = Field(description="Rank correlation of their maps; null where one is missing or has no order.")
    overlap: float | None = Field(description="IoU of their top tenths; null likewise.")

    @classmethod
    def all_of(cls, pair: PairData) -> "tuple[AlikeOut, ...]":
        """From the page's, method by method."""
        return tuple(
            cls(networks=(pair.one, pair.other), method=one.method, rank=one.rank, overlap=one.overlap) for one in pair.alike
        )


class ComparisonOut(Frozen):
    """Networks beside each other."""

    image: str | None = Field(description="The film; null of an exam.")
    plane: Plane = Field(description="The plane whose stack the maps lie on; empty of a film.")
    finding: str = Field(description="The finding; empty while no network has said anything and none was named.")
    methods: tuple[str, ...] = Field(description="The methods.")
    networks: tuple[ComparedOut, ...] = Field(description="What each network says.")
    agreement: tuple[AlikeOut, ...] = Field(description="Every two networks, method by method.")

    @classmethod
    def of(cls, page: NetworksPage) -> "ComparisonOut":
        """From the page."""
        film = page.data.arrangement == "grid"
        return cls(
            image=page.wanted.image if film else None,
            plane=page.wanted.plane,
            finding=page.wanted.finding,
            methods=page.wanted.methods,
            networks=tuple(ComparedOut.of(row) for row in page.data.rows),
            agreement=tuple(one for pair in page.pairs for one in AlikeOut.all_of(pair)),
        )


class ComparisonIn(BaseModel):
    """What is to be compared; what is left open is chosen as on the page."""

    image: Named = Field("", description="The film; empty: the first that was read, or the exam.")
    finding: Named = Field("", description="The finding; empty: the first network's most probable one.")
    plane: Plane = Field("", description="Of an exam: the plane; empty: the first there is.")
    network: list[Named] = Field([], description="A network; may be said several times. Two at least.", max_length=MOST)
    method: list[Named] = Field([], description="A method; may be said several times. None: a few.", max_length=MOST)


@router.get("/studies/{study_id}/networks", summary="Compare networks")
def read_comparison(request: Request, study_id: str, asked: Annotated[ComparisonIn, Query()]) -> ComparisonOut:
    """What several networks say of one finding of a film or an exam, and how far their maps by the same method agree. Nothing
    is computed: ask for what is missing at `/analysis` and `/explanations`."""
    wanted = Wanted(asked.image, asked.finding, tuple(asked.network), tuple(asked.method), (), asked.plane)
    return ComparisonOut.of(reading.read(request, study_id, wanted))
