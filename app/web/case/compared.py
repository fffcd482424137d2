"""How a network's calls stand beside what readers say of a study's findings, in words. Knows rows and the payload."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.domain import NO_FINDING, OPINIONS, Opinion, Outcome, outcome
from app.store import OpinionRow
from app.web.case.payload_results import PredictionData
from app.web.wording import Translate

MARKS: Mapping[Outcome, str] = {"found": "✓", "rightly not called": "✓", "missed": "✗", "false alarm": "✗"}
UNSURE = "?"


@dataclass(frozen=True, slots=True)
class Stands:
    """What the reader says of a finding, "" for nothing, and what others say; ``mark`` and ``told`` say how the network's call
    stands beside it."""

    opinion: Opinion | Literal[""]
    mark: str
    told: str
    others: tuple[str, ...]


def stands(prediction: PredictionData, rows: Sequence[OpinionRow], reader: str, _: Translate) -> Mapping[str, Stands]:
    """How each finding's call stands beside what readers say of it."""
    found = {}
    for score in prediction.scores:
        if score.finding == NO_FINDING:
            continue
        about = [row for row in rows if row.finding == score.finding]
        mine: Opinion | Literal[""] = next((row.opinion for row in about if row.reader == reader), "")
        others = tuple(f"{row.reader}: {named(_)[row.opinion]}" for row in about if row.reader != reader)
        became = outcome(mine, called=score.called) if mine else None
        mark = MARKS[became] if became else UNSURE if mine else ""
        found[score.finding] = Stands(mine, mark, _told(mine, became, _), others)
    return found


def named(_: Translate) -> Mapping[Opinion, str]:
    """What the opinions are called."""
    return {"present": _("present"), "absent": _("absent"), "unsure": _("unsure")}


def outcomes(_: Translate) -> Mapping[Outcome, str]:
    """What becomes of findings, in words."""
    return {
        "found": _("found by the network"),
        "missed": _("missed by the network"),
        "false alarm": _("a false alarm of the network"),
        "rightly not called": _("rightly not called"),
    }


def _told(mine: Opinion | Literal[""], became: Outcome | None, _: Translate) -> str:
    if not mine:
        return ""
    said = _("You say: %(opinion)s.", opinion=named(_)[mine])
    return f"{said} {outcomes(_)[became].capitalize()}." if became else said


def summed(prediction: PredictionData, found: Mapping[str, Stands], _: Translate) -> str:
    """How many findings the reader has said something of, and how the network's calls stand beside that."""
    called = {score.finding: score.called for score in prediction.scores}
    counts = dict.fromkeys(MARKS, 0)
    said = [(name, one.opinion) for name, one in found.items() if one.opinion]
    for name, opinion in said:
        became = outcome(opinion, called=called[name]) if opinion else None
        if became:
            counts[became] += 1
    if not said:
        return ""
    return _(
        "Your reading: %(said)s of %(of)s findings. The network: %(found)s found, %(missed)s missed, %(alarms)s false alarms, "
        "%(rightly)s rightly not called.",
        said=len(said),
        of=len(found),
        found=counts["found"],
        missed=counts["missed"],
        alarms=counts["false alarm"],
        rightly=counts["rightly not called"],
    )


def choices(_: Translate) -> tuple[tuple[Opinion, str], ...]:
    """What can be said, in its order."""
    return tuple((opinion, named(_)[opinion]) for opinion in OPINIONS)
