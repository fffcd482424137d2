"""Help where it is needed: the first case step by step, what each method shows, and the words that pages use, in the reader's
language. Knows the methods' own descriptions; the long form is in docs/."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import explainers
from app.web import pages
from app.web.wording import Translate

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class MethodHelp:
    """What a reader should know of a method: what its map shows, what the ends of its colours mean, what to beware of, and the
    paper it is from."""

    name: str
    title: str
    summary: str
    above: str
    below: str
    caution: str
    paper: str
    usual: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A word that pages use, and what it means."""

    word: str
    meaning: str


@dataclass(frozen=True, slots=True)
class HelpPage:
    """templates/help.html."""

    template: ClassVar[str] = "help.html"

    steps: tuple[Word, ...]
    methods: tuple[MethodHelp, ...]
    words: tuple[Word, ...]


@router.get("/help")
def help_page(request: Request) -> Response:
    """Help in the reader's language."""
    _ = pages.gettext(request)
    return pages.render(request, HelpPage(steps(_), tuple(methods(_)), words(_)))


def methods(_: Translate) -> Iterator[MethodHelp]:
    """Every method, those that cases open with first."""
    usual = explainers.panel(None)
    for name in sorted(explainers.names(), key=lambda one: (one not in usual, explainers.describe(one).title.lower())):
        told = explainers.describe(name)
        above, below = (_(word) if word else "" for word in told.ends)
        caution = _(told.caution) if told.caution else ""
        yield MethodHelp(name, told.titled(_), _(told.summary), above, below, caution, told.paper, name in usual)


def steps(_: Translate) -> tuple[Word, ...]:
    """The first case, step by step."""
    return (
        Word(
            _("Open a case"),
            _("In the worklist j and k move, Enter opens. The demo's studies are drawn: what is true is known."),
        ),
        Word(
            _("Look at the film first"),
            _("O takes the overlays away. The left button windows, the right one zooms, the middle one moves, in all panes."),
        ),
        Word(
            _("Ask where the answer comes from"),
            _("Each pane shows one method for the chosen finding. Its colour bar says in words what its ends mean."),
        ),
        Word(
            _("Choose another finding"),
            _("A click in the list. Its maps are computed the first time, and kept. More maps has further methods."),
        ),
        Word(
            _("Doubt it"),
            _("What if (W) takes a part of the film away and asks again; where methods disagree, the worklist says so."),
        ),
        Word(
            _("Say what you think"),
            _("Shift and 1 to 5 judge the active map, the next key gives the reason; D draws where the finding truly is."),
        ),
        Word(
            _("Say whether it is there"),
            _("Under the chosen finding: present, absent, unsure. The page says whether the network found or missed it."),
        ),
        Word(
            _("Find it again"),
            _("Flagged lists every verdict, and exports them. C copies a link to exactly what you see."),
        ),
    )


def words(_: Translate) -> tuple[Word, ...]:
    """What words on the pages mean."""
    return (
        Word(
            _("Probability"),
            _("What the network says of a finding, calibrated on patients that it did not learn from. No measure of how ill."),
        ),
        Word(
            _("Called"),
            _("The probability reaches the operating point: the tick on its bar. Rare findings are called from small ones on."),
        ),
        Word(
            _("Operating point"),
            _("From where on a finding is called. The network's card has it, chosen on validation patients; you may move it."),
        ),
        Word(
            _("Methods disagree"),
            _("The maps of one finding lie in different places. A sign to look closer, not that any of them is wrong."),
        ),
        Word(
            _("Looks elsewhere"),
            _(
                "Much more evidence for a finding that is called lies where it cannot be than its share of the area. What that "
                "is worth is said."
            ),
        ),
        Word(
            _("Second opinion"),
            _("Another network, which learnt from the same patients: that both agree proves little."),
        ),
        Word(
            _("Counterfactual"),
            _("The film changed until the network answers otherwise. It shows what moves the network, not another patient."),
        ),
        Word(
            _("Refused"),
            _("The guard takes the image for none that the network knows. Nothing is computed until somebody insists."),
        ),
    )
