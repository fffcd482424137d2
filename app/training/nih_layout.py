"""The official layout of NIH ChestX-ray14, as it is downloaded: images/, Data_Entry_2017*.csv, the two lists, and the boxes.

Wang et al. 2017. The test part is test_list.txt exactly; of train_val_list.txt the patients whose number ends in 2 validate.
"""

from collections import defaultdict
from pathlib import Path

from app.cohorts import rows
from app.domain import FINDINGS
from app.errors import InputError
from app.training.collection import Collection, checked, there
from app.training.films import Box, Film, age_of, box

ENTRIES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
LISTS = {"train_val_list.txt": "train", "test_list.txt": "test"}
BOXES = "BBox_List_2017.csv"
NO_FINDING = "No Finding"
SIDE = 1024
"""The boxes are in pixels of the published films, which are all 1024 wide and high; copies made smaller keep the shares."""
COLUMNS = ("Image Index", "Finding Labels", "Patient ID")


def entries(data: Path) -> Path | None:
    """The list of films in a folder, the newer one first; None when it has none."""
    return next((data / name for name in ENTRIES if (data / name).is_file()), None)


def read(data: Path) -> Collection:
    """All films of the folder. InputError with a sentence for a missing list, an unknown label, a film that is listed twice."""
    listed = entries(data)
    if listed is None:
        raise InputError("There is no %(file)s in the folder.", {"file": " or ".join(ENTRIES)})
    parts = parts_of(data)
    places = images(data)
    boxes = boxes_of(data / BOXES)
    films, seen, apart = [], set(), 0
    for line, row in rows.rows(listed, COLUMNS):
        name = row["Image Index"]
        if name in seen:
            raise InputError(
                "“%(name)s” is in “%(file)s” twice, the second time in line %(line)s.",
                {"name": name, "file": listed.name, "line": line},
            )
        seen.add(name)
        if name not in parts:
            apart += 1
            continue
        patient = patient_of(row["Patient ID"], line, listed)
        part = "validation" if parts[name] == "train" and int(patient) % 10 == 2 else parts[name]
        films.append(
            Film(
                places.get(name, data / "images" / name),
                "nih",
                patient,
                part,
                labels_of(row["Finding Labels"], line, listed),
                boxes=tuple(boxes.pop(name, ())),
                age=age_of(row.get("Patient Age", "")),
                sex=row.get("Patient Sex", ""),
                view=row.get("View Position", ""),
                nothing=float(row["Finding Labels"] == NO_FINDING),
            )
        )
    notes = notes_of(data, apart, len(set(parts) - seen), len(boxes))
    found = f"the official NIH layout ({listed.name})"
    present, lost, limits = there(films, listed.name)
    terms = {"nih": "see the data's own terms (NIH ChestX-ray14, Wang et al. 2017)"}
    return checked(Collection("nih", found, FINDINGS, tuple(present), terms, (*notes, *lost), limits))


def parts_of(data: Path) -> dict[str, str]:
    """The part of every film by its name, from the two lists; InputError when one is missing or a film is in both."""
    parts: dict[str, str] = {}
    for file, part in LISTS.items():
        if not (data / file).is_file():
            raise InputError("There is no %(file)s in the folder; it says which films may be trained on.", {"file": file})
        for name in rows.names(data / file):
            if parts.setdefault(name, part) != part:
                raise InputError("“%(name)s” is in both lists, train_val_list.txt and test_list.txt.", {"name": name})
    return parts


def images(data: Path) -> dict[str, Path]:
    """Every file in images/ and in the unpacked archives, images_001/ or images_001/images/ and so on, by name."""
    places: dict[str, Path] = {}
    for folder in (data / "images", *sorted(data.glob("images_*/images")), *sorted(data.glob("images_*"))):
        if folder.is_dir():
            for path in folder.iterdir():
                places.setdefault(path.name, path)
    return places


def patient_of(told: str, line: int, file: Path) -> str:
    """The patient's number with eight digits, as the films' names begin."""
    if not (told.isascii() and told.isdigit()):
        raise InputError("Line %(line)s of “%(file)s” has no patient number.", {"line": line, "file": file.name})
    return f"{int(told):08d}"


def labels_of(told: str, line: int, file: Path) -> tuple[float, ...]:
    """The 14 labels from "Effusion|Mass" or "No Finding"; InputError for any other word."""
    named = told.split("|")
    unknown = next((name for name in named if name not in FINDINGS and named != [NO_FINDING]), None)
    if unknown is not None:
        raise InputError(
            "“%(label)s” in line %(line)s of “%(file)s” is none of the fourteen findings, nor “No Finding” alone.",
            {"label": unknown, "line": line, "file": file.name},
        )
    return tuple(float(finding in named) for finding in FINDINGS)


def boxes_of(path: Path) -> dict[str, list[Box]]:
    """The boxes by film. The header is `Image Index,Finding Label,Bbox [x,y,w,h],,,`, so cells count by their place."""
    boxes: dict[str, list[Box]] = defaultdict(list)
    if not path.is_file():
        return boxes
    for line, cells in list(rows.cells_of(path))[1:]:
        try:
            left, top, across, down = (float(cell) / SIDE for cell in cells[2:6])
        except ValueError as error:
            raise InputError("Line %(line)s of “%(file)s” has no box.", {"line": line, "file": path.name}) from error
        drawn = box(cells[1], left, top, across, down)
        if drawn.finding not in FINDINGS or not (drawn.left < drawn.right and drawn.top < drawn.bottom):
            raise InputError(
                "Line %(line)s of “%(file)s” is no box of one of the fourteen findings on a film of 1024 × 1024 pixels.",
                {"line": line, "file": path.name},
            )
        boxes[cells[0]].append(drawn)
    return boxes


def notes_of(data: Path, apart: int, unlisted: int, unboxed: int) -> tuple[str, ...]:
    """What is odd but no hindrance."""
    told = []
    if apart:
        told.append(f"{apart} films are in neither list and were left out")
    if unlisted:
        told.append(f"{unlisted} films of the lists have no labels and were left out")
    if unboxed:
        told.append(f"{unboxed} films with boxes are not among the films")
    if not (data / BOXES).is_file():
        told.append(f"there is no {BOXES}: no film has boxes")
    return tuple(told)
