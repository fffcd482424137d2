"""Networks and readers for scripts: which networks there are, what was measured of each, and who reads."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.classifiers.card import Card
from app.classifiers.curves import Curves
from app.classifiers.measured import Calibration, Figure, LookedAt, Operating, Outside, Range, Source, Told
from app.store import NetworkRow
from app.web import pages
from app.web.api.objects import Frozen
from app.web.api.paging import HEADERS, Whole
from app.web.api.refusals import NAMED

router = APIRouter()


class ModelOut(Frozen):
    """A network, in short; its card is at /models/{name}."""

    name: str
    title: str
    summary: str
    kind: str = Field(description="What it reads: “network” films, “exam” exams of stacks.")
    findings: tuple[str, ...]
    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    phantom: bool = Field(description="Made for phantoms.")
    default: bool = Field(description="Chosen by itself; the others by name.")
    second_to: str = Field(description="Beside which it is a second opinion, from the same patients; else empty.")
    sha256: str = Field(description="The checksum of its weights.")
    imported: bool = Field(description="Somebody else's: its results were taken in, and it has no card here.")
    version: str = Field(description="Of an imported one, as its results say it; else empty.")

    @classmethod
    def of(cls, card: Card) -> "ModelOut":
        """From the card."""
        return cls(**_in_short(card))

    @classmethod
    def of_imported(cls, row: NetworkRow) -> "ModelOut":
        """From the store's row of somebody else's network."""
        return cls(
            name=row.name,
            title=row.title,
            summary="",
            kind="network",
            findings=(),
            modalities=(),
            body_parts=(),
            phantom=False,
            default=False,
            second_to="",
            sha256=row.sha256,
            imported=True,
            version=row.version,
        )


def _in_short(card: Card) -> dict[str, Any]:
    names = [name for name in ModelOut.model_fields if name not in {"imported", "version"}]
    return {name: getattr(card, name) for name in names} | {"imported": False, "version": ""}


class CardOut(ModelOut):
    """A network's card in full, as docs/reference/cards.md describes it."""

    architecture: str
    input_size: int = Field(description="Pixels; films are padded to a square and resized to it.")
    stride: int = Field(description="Total stride of the explained layer in pixels of the input; 0: nobody has said.")
    temperature: tuple[float, ...] = Field(description="Divides the logit before the sigmoid, per finding.")
    intended_use: str
    limits: tuple[str, ...]
    terms: str = Field(description="Of the weights.")
    banner: str = Field(description="Shown above every case it read.")
    data: tuple[Source, ...] = Field(description="What it was trained on.")
    beside_name: str = Field(description="The published network whose figures stand beside.")
    figures: tuple[Figure, ...] = Field(description="On the test parts, with 95% intervals.")
    outside: tuple[Outside, ...] = Field(description="Leave-one-source-out.")
    calibration: tuple[Calibration, ...] = Field(description="How true its probabilities are, per source.")
    operating: tuple[Operating, ...] = Field(description="From which probability on findings are called, and what that does.")
    operating_rule: str = Field(description="How these points were chosen.")
    ranges: tuple[Range, ...] = Field(description="Where the colours of its maps end, per method and finding.")
    told: tuple[Told, ...] = Field(description="What its logits tell that they were not asked for, such as a drawn device.")
    looked_at: tuple[LookedAt, ...] = Field(description="Calls that people looked at with their maps.")
    looked_at_summary: str = Field(description="What those calls have in common.")
    curves: Curves | None = Field(description="ROC and reliability; null where the network comes without.")

    @classmethod
    def of_card(cls, card: Card) -> "CardOut":
        """From the card and its file of curves; ModelError when that cannot be read."""
        more = [name for name in cls.model_fields if name not in {*ModelOut.model_fields, "curves"}]
        return cls(**_in_short(card), **{name: getattr(card, name) for name in more}, curves=Curves.read(card))


class ReaderOut(Frozen):
    """Somebody who left something here."""

    name: str = Field(description="The name that they picked.")


@router.get("/models", tags=["models"], responses=HEADERS, summary="List networks")
def list_models(request: Request, response: Response, paging: Whole) -> list[ModelOut]:
    """The networks of films and of exams there are, then somebody else's whose results were taken in, the newest version
    first."""
    web = pages.of(request)
    ours = [ModelOut.of(card) for card in web.registry.cards()]
    with web.store.view() as tx:
        theirs = [ModelOut.of_imported(row) for row in tx.parties.imported()]
    return list(paging.cut(response, ours + theirs))


@router.get("/models/{name}", tags=["models"], responses=NAMED, summary="Read a network's card")
def read_model(request: Request, name: str) -> CardOut:
    """One network with its figures and their intervals, leave-one-source-out, calibration, looked-at calls and curves; one that
    was taken away, too. An imported network has no card here."""
    return CardOut.of_card(pages.of(request).registry.remembered(name))


@router.get("/readers", tags=["readers"], responses=HEADERS, summary="List readers")
def list_readers(request: Request, response: Response, paging: Whole) -> list[ReaderOut]:
    """Everybody who left a verdict, an annotation, a layout or a what-if here, the latest first. There are no accounts: a name
    is what its reader picked."""
    with pages.of(request).store.view() as tx:
        names = tx.parties.readers()
    return [ReaderOut(name=name) for name in paging.cut(response, names)]
