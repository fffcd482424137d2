"""Which column of a table is what: the image, the patient, the groups, a label per finding. Named, or guessed from names.

Knows names of columns only.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.domain import NO_FINDING
from app.errors import InputError

Uncertain = Literal["unknown", "positive", "negative"]
UNCERTAIN: tuple[Uncertain, ...] = ("unknown", "positive", "negative")
IMAGE = ("image", "imageindex", "file", "filename", "path", "filepath", "film", "image_id", "sopinstanceuid", "sopuid",
         "studyinstanceuid", "studyuid", "study", "exam", "accession", "accessionnumber", "id")  # fmt: skip
PATIENT = ("patient", "patientid", "subject", "subjectid", "person")
GROUPS = ("sex", "gender", "patientsex", "patientgender", "view", "viewposition", "projection", "source", "hospital", "site",
          "scanner", "manufacturer", "agegroup", "portable", "drain", "tube", "tubes", "device", "devices",
          "supportdevices")  # fmt: skip
BOXES = ("boxes", "bboxes", "box", "bbox")
LISTED = ("findinglabels", "findings", "labels")
SAME = {"pleuralthickening": "Pleural_Thickening", "infiltrate": "Infiltration", "nofinding": NO_FINDING}
"""Other names that tables have for findings."""
OTHER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """What of a table is what. ``labels``: the column of each finding; or ``listed``, a column that lists the findings that are
    there, parted by "|", as NIH's tables do. ``patient`` "" makes every row a patient of its own; ``boxes`` says where findings
    lie (`app.cohorts.boxes`). What labels of −1, uncertain, count as is ``uncertain``."""

    image: str
    patient: str = ""
    groups: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    listed: str = ""
    uncertain: Uncertain = "unknown"
    boxes: str = ""

    def plain(self) -> dict[str, object]:
        """As JSON keeps it."""
        return {
            "image": self.image,
            "patient": self.patient,
            "groups": list(self.groups),
            "labels": dict(self.labels),
            "listed": self.listed,
            "uncertain": self.uncertain,
            "boxes": self.boxes,
        }


def plain_name(name: str) -> str:
    """A name without what people write differently: case, blanks, dashes, underscores."""
    return OTHER.sub("", name.casefold())


def guess(header: Sequence[str], findings: Sequence[str]) -> Columns:
    """The columns whose names say what they are; ``image`` is "" where none does. ``findings`` are the networks'."""
    by = {plain_name(name): name for name in reversed(header) if name}
    labels = {}
    for finding in findings:
        other = next((key for key, known in SAME.items() if known == finding and key in by), "")
        column = by.get(plain_name(finding)) or by.get(other)
        if column:
            labels[finding] = column
    taken = set(labels.values())
    groups = tuple(by[name] for name in GROUPS if name in by and by[name] not in taken)
    listed = next((by[name] for name in LISTED if name in by), "") if not labels else ""
    return Columns(_first(by, IMAGE), _first(by, PATIENT), groups, labels, listed, boxes=_first(by, BOXES))


def chosen(
    header: Sequence[str],
    findings: Sequence[str],
    *,
    image: str = "",
    patient: str = "",
    groups: Sequence[str] | None = None,
    labels: Sequence[str] = (),
    uncertain: Uncertain = "unknown",
) -> Columns:
    """The columns that somebody named, the others guessed. ``labels`` are "finding=column" or a finding whose column has its
    name; given any, no others count. InputError for a column there is not, a finding no network knows, or no label at all."""
    found = guess(header, findings)
    named = {}
    for pair in labels:
        finding, equals, column = pair.partition("=")
        named[_finding(finding.strip(), findings)] = column.strip() if equals else finding.strip()
    result = Columns(
        image or found.image,
        patient or found.patient,
        found.groups if groups is None else tuple(dict.fromkeys(filter(None, groups))),
        named or found.labels,
        "" if named else found.listed,
        uncertain,
        found.boxes,
    )
    check(result, header, findings)
    return result


def check(columns: Columns, header: Sequence[str], findings: Sequence[str]) -> None:
    """InputError where these columns cannot be used with that header and those networks' findings."""
    if not columns.image:
        raise InputError(
            "No column says which image a row is about. Name it: a column with file names, SOP Instance UIDs, or for exams "
            "Study Instance UIDs, accession numbers or folders. There are: %(known)s.",
            {"known": ", ".join(filter(None, header))},
        )
    for column in filter(
        None, (columns.image, columns.patient, columns.listed, columns.boxes, *columns.groups, *columns.labels.values())
    ):
        if column not in header:
            raise InputError(
                "The table has no column “%(column)s”. There are: %(known)s.",
                {"column": column, "known": ", ".join(filter(None, header))},
            )
    for finding in columns.labels:
        _finding(finding, findings)
    if not columns.labels and not columns.listed:
        raise InputError(
            "No column is called as a finding that the network knows, so there is nothing to compare with. Say which column "
            "has the labels of which finding. It knows: %(findings)s.",
            {"findings": ", ".join(findings)},
        )


def _finding(name: str, findings: Sequence[str]) -> str:
    """A finding by any of its names; InputError for one that no network knows."""
    known = find_finding(name, findings)
    if not known:
        raise InputError(
            "No network knows a finding called “%(finding)s”. There are: %(known)s.",
            {"finding": name, "known": ", ".join(findings)},
        )
    return known


def find_finding(name: str, findings: Sequence[str]) -> str:
    """A finding by any of its names; "" for one that is not among ``findings``."""
    other = SAME.get(plain_name(name), "")
    return next((one for one in findings if plain_name(one) == plain_name(name)), other if other in findings else "")


def _first(by: Mapping[str, str], names: Sequence[str]) -> str:
    return next((by[plain_name(name)] for name in names if plain_name(name) in by), "")
