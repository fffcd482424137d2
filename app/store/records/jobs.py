"""Jobs: what was asked for, how far it is, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from app.store.records.studies import Values

JobKind = Literal["analyse", "explain", "cohort"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job. ``step`` of ``of`` is its progress, ``what`` says in an English msgid what is being done, with ``what_values``,
    msgids too; ``error_template`` with ``error_values`` is the sentence of a failed one. ``insist``: what a guard refuses is
    analysed all the same. One that came to nothing for want of something else, ``setbacks`` times in a row, is not taken before
    ``not_before``. ``chosen``: nobody named the network, the product chose it. ``methods`` are those that are to explain, none
    for those that the network opens with. A job for a cohort has its ``cohort_id``, and "" for a study."""

    id: str
    kind: JobKind
    study_id: str
    stack_id: str | None
    model: str | None
    finding: str | None
    state: JobState
    step: int
    of: int
    what: str
    error_template: str
    error_values: Values = field(hash=False)
    attempts: int
    priority: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    insist: bool = False
    not_before: datetime | None = None
    setbacks: int = 0
    chosen: bool = False
    what_values: Values = field(default_factory=dict, hash=False)
    methods: tuple[str, ...] = ()
    cohort_id: str = ""

    @property
    def open(self) -> bool:
        """Whether it still waits or runs."""
        return self.state in {"queued", "running"}
