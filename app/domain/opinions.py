"""What a reader says of a finding of a whole study, whatever any map shows: it is there, it is not, or they are not sure."""

from typing import Literal

Opinion = Literal["present", "absent", "unsure"]
OPINIONS: tuple[Opinion, ...] = ("present", "absent", "unsure")

Outcome = Literal["found", "missed", "false alarm", "rightly not called"]
OUTCOMES: tuple[Outcome, ...] = ("found", "missed", "false alarm", "rightly not called")
"""What became of a finding: true positive, false negative, false positive, true negative."""


def outcome(opinion: Opinion, *, called: bool) -> Outcome | None:
    """What a network's call is beside what a reader says; None beside somebody who is not sure."""
    if opinion == "unsure":
        return None
    if opinion == "present":
        return "found" if called else "missed"
    return "false alarm" if called else "rightly not called"
