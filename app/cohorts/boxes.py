"""Where a finding is said to lie: boxes in the cells of a table, or in a table of their own. Knows CSV files and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from app.cohorts import rows
from app.cohorts.columns import IMAGE, find_finding, plain_name
from app.domain import Region
from app.errors import InputError

FINDING = ("finding", "findinglabel", "label", "class", "classname")
SIDES = (
    ("left", "x", "xmin", "x0", "bboxx"),
    ("top", "y", "ymin", "y0"),
    ("width", "w", "xmax", "x1"),
    ("height", "h", "ymax", "y1"),
)
ENDS = ("xmax", "x1", "ymax", "y1")
"""Columns that say where a box ends, not how wide it is."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box in image pixels."""

    finding: str
    left: float
    top: float
    width: float
    height: float

    def cell(self) -> str:
        """As a table's cell has it."""
        return f"{self.finding} {self.left:g} {self.top:g} {self.width:g} {self.height:g}"


def region(boxes: Sequence[Box]) -> Region:
    """All of them as one region."""
    shapes = (Region.rectangle(b.left, b.top, b.left + b.width, b.top + b.height).shapes for b in boxes)
    return Region(tuple(shape for one in shapes for shape in one))


def by_finding(boxes: Sequence[Box]) -> dict[str, tuple[Box, ...]]:
    """The boxes of each finding."""
    found: dict[str, tuple[Box, ...]] = {}
    for box in boxes:
        found[box.finding] = (*found.get(box.finding, ()), box)
    return found


def in_cell(cell: str, findings: Sequence[str], line: int, file: str) -> tuple[Box, ...]:
    """The boxes of a cell, "Effusion 10 20 30 40; Mass 5 6 7 8": finding, left, top, width, height in pixels of the film. Those
    of findings that no network knows are left out. InputError for what is no box."""
    found = []
    for part in filter(None, (part.strip() for part in cell.split(";"))):
        words = part.split()
        box = _box(" ".join(words[:-4]), words[-4:])
        if box is None or not box.finding:
            raise InputError(
                "Line %(line)s of “%(file)s”: “%(cell)s” is no box. A box is the finding, then left, top, width and height in "
                "pixels; several are parted by semicolons.",
                {"line": line, "file": file, "cell": part[:60]},
            )
        known = find_finding(box.finding, findings)
        if known:
            found.append(Box(known, box.left, box.top, box.width, box.height))
    return tuple(found)


def is_table(header: Sequence[str]) -> bool:
    """Whether a table with these columns is one of boxes."""
    return _places(header) is not None


def read(path: Path) -> dict[str, tuple[Box, ...]]:
    """The boxes of a table of their own by the cell that names their image: an image, a finding, left, top, width (or where it
    ends) and height, whatever their order; or NIH's list, ``Image Index,Finding Label,Bbox [x,y,w,h]``. InputError for a line
    that is no box."""
    lines = list(rows.cells_of(path))
    places = _places(lines[0][1]) if lines else None
    if places is None:
        raise InputError("“%(file)s” is no table of boxes.", {"file": path.name})
    image, finding, sides, ends = places
    found: dict[str, list[Box]] = {}
    for line, cells in lines[1:]:
        given = [cells[place] if place < len(cells) else "" for place in sides]
        box = _box(cells[finding] if finding < len(cells) else "", given)
        if box is not None and ends:
            box = _box(box.finding, [*given[:2], str(box.width - box.left), str(box.height - box.top)])
        if box is None:
            raise InputError("Line %(line)s of “%(file)s” has no box.", {"line": line, "file": path.name})
        found.setdefault(cells[image], []).append(box)
    return {name: tuple(boxes) for name, boxes in found.items()}


def joined(cells: Sequence[str], boxes: dict[str, tuple[Box, ...]]) -> list[str]:
    """Per image, as a table of labels names it, the cell with its boxes: by the same name, or by that of the file alone."""
    by = dict(boxes)
    for name, own in boxes.items():
        by.setdefault(PurePosixPath(name).stem, own)
    return ["; ".join(box.cell() for box in by.get(name) or by.get(PurePosixPath(name).stem, ())) for name in cells]


def _places(header: Sequence[str]) -> tuple[int, int, tuple[int, ...], bool] | None:
    """Where the image, the finding and the four sides stand, and whether the last two are ends."""
    names = [plain_name(name) for name in header]

    def place(known: Sequence[str]) -> int | None:
        return next((names.index(name) for name in known if name in names), None)

    image, finding = place(IMAGE), place(FINDING)
    sides = [place(known) for known in SIDES]
    if image is None or finding is None or any(side is None for side in sides):
        return None
    found = tuple(side for side in sides if side is not None)
    return image, finding, found, names[found[2]] in ENDS


def _box(finding: str, sides: Sequence[str]) -> Box | None:
    try:
        left, top, width, height = (float(side) for side in sides)
    except ValueError:
        return None
    return Box(finding, left, top, width, height) if width > 0 and height > 0 else None
