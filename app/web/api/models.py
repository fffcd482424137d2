"""Networks for scripts: which there are, and one card with everything that was measured of it."""

from fastapi import APIRouter, Request
from pydantic import Field

from app.classifiers.card import Card
from app.classifiers.curves import Curves
from app.classifiers.measured import Calibration, Figure, LookedAt, Outside, Source
from app.web import pages
from app.web.api.schemas import NOT_FOUND, ModelOut

router = APIRouter()


class CardOut(ModelOut):
    """A network's card in full, as docs/reference/cards.md describes it."""

    architecture: str
    input_size: int = Field(description="Pixels; films are padded to a square and resized to it.")
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
    looked_at: tuple[LookedAt, ...] = Field(description="Calls that people looked at with their maps.")
    looked_at_summary: str = Field(description="What those calls have in common.")
    curves: Curves | None = Field(description="ROC and reliability; null where the network comes without.")

    @classmethod
    def of_card(cls, card: Card) -> "CardOut":
        """From the card and its file of curves; ModelError when that cannot be read."""
        told = {name: getattr(card, name) for name in cls.model_fields if name != "curves"}
        return cls(**told, curves=Curves.read(card))


@router.get("/models", summary="List networks")
def models(request: Request) -> list[ModelOut]:
    """The networks there are."""
    return [ModelOut.of(card) for card in pages.of(request).registry.cards()]


@router.get("/models/{name}", responses=NOT_FOUND, summary="Read a network's card")
def model(request: Request, name: str) -> CardOut:
    """One network with its figures and their intervals, leave-one-source-out, calibration, looked-at calls and curves."""
    return CardOut.of_card(pages.of(request).registry.card(name))
