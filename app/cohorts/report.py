"""What a report of a cohort says: frozen values, the same whoever asks, and as JSON and back.

A figure that is not defined (too few films, a class missing) is None.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import TypeAdapter

from app.domain import Bin

ENOUGH = 15
"""Films with and without a finding that it needs to count in a mean over findings."""
NOTICE = "Research use only — not for clinical use"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% interval."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Network:
    """A network that was measured. ``read`` cases had an answer; the guard ``refused`` others, ``failed`` counts those that no
    answer came of for another reason. ``moved`` are findings that were called from where a reader had moved their points to,
    not from the card's."""

    name: str
    sha256: str
    title: str
    banner: str
    read: int
    refused: int
    failed: int
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """How true the probabilities are: the slope and intercept of truth on their logit (1 and 0 are perfect), the expected error
    over the bins, and the mean squared error (Brier 1950)."""

    slope: Estimate
    intercept: float | None
    error: float
    brier: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Calling from ``threshold`` on (None: nobody) calls ``hits`` of the positives and ``alarms`` of the negatives."""

    threshold: float | None
    hits: int
    alarms: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding by one network. The confusion (``hits`` … ``rejections``) is at ``point``, from which on it is called."""

    network: str
    finding: str
    films: int
    patients: int
    positives: int
    negatives: int
    auroc: Estimate
    average_precision: float | None
    point: float
    sensitivity: Estimate
    specificity: Estimate
    precision: float | None
    negative_value: float | None
    f1: float | None
    hits: int
    misses: int
    alarms: int
    rejections: int
    calibration: Calibration | None
    curve: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Mean:
    """AUROC and average precision over the ``findings`` with enough films, the former with its interval over patients."""

    network: str
    auroc: Estimate
    average_precision: float | None
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """One finding by one network among the films with one ``value`` of a group column."""

    network: str
    finding: str
    column: str
    value: str
    films: int
    positives: int
    auroc: Estimate
    sensitivity: Estimate
    specificity: Estimate


@dataclass(frozen=True, slots=True)
class Within:
    """Whether a group column carries a figure: the AUROC over all films, and over pairs of films of one group; how well the
    probability tells the groups apart among films without the finding (of two groups; 0.5: not at all)."""

    network: str
    finding: str
    column: str
    pooled: float | None
    within: float | None
    told: Estimate | None
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """AUROC of the first network less that of the second on the films that both read: by DeLong, which takes films for
    independent, and by drawing patients anew, which counts where patients have ``several`` films."""

    finding: str
    films: int
    positives: int
    first: float | None
    second: float | None
    delong: Estimate
    delong_p: float | None
    drawn: Estimate
    drawn_p: float | None
    several: bool


@dataclass(frozen=True, slots=True)
class Localised:
    """How a method's maps, or a control that knows nothing of the film, lie to the true regions of a finding. ``control``: a
    random map, the centre, the mean box of the other films. ``finding`` "": over all that have boxes."""

    network: str
    finding: str
    method: str
    measure: str
    control: bool
    films: int
    value: Estimate


@dataclass(frozen=True, slots=True)
class Unread:
    """A case that a network has no answer for, and sentences that say why."""

    network: str
    case: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What became of the table: its rows, those with no image, the images that no row is about, labels that were uncertain and
    what they counted as."""

    name: str
    rows: int
    without_image: tuple[str, ...]
    images_without_row: int
    uncertain: int
    uncertain_as: str
    findings: tuple[str, ...]
    groups: tuple[str, ...]
    patients: int

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Any) -> "Table":
        """From what `plain` gave, perhaps by way of JSON. ValueError for anything else."""
        return _TABLE.validate_python(plain)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is said of networks on a cohort. ``unread`` are the cases that a network has no answer for, and why."""

    version: str
    made_at: str
    name: str
    table: Table
    networks: tuple[Network, ...]
    findings: tuple[Finding, ...]
    means: tuple[Mean, ...]
    groups: tuple[Group, ...] = ()
    within: tuple[Within, ...] = ()
    differences: tuple[Difference, ...] = ()
    localised: tuple[Localised, ...] = ()
    unread: tuple[Unread, ...] = ()
    notice: str = field(default=NOTICE)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Any) -> "Report":
        """From what `plain` gave, perhaps by way of JSON. ValueError for anything else."""
        return _ADAPTER.validate_python(plain)

    def of_network(self, name: str) -> tuple[Finding, ...]:
        """The findings of one network."""
        return tuple(finding for finding in self.findings if finding.network == name)


_ADAPTER = TypeAdapter(Report)
_TABLE = TypeAdapter(Table)
