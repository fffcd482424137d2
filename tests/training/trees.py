"""Folders of films in the layouts that training reads, drawn by `app.phantoms`: small, seeded, of nobody."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from app.phantoms import chest

DRAWN = ("Cardiomegaly", "Effusion")
SIZE = 96
TINY = (
    'name = "tiny"\nseeds = [3]\npixels = 48\nparameters = { widths = [4, 8], strides = [1, 2], blocks = 1 }\n'
    "[[stages]]\nsize = 32\nepochs = 4\nbatch = 16\nrate = 0.01\n"
    "[[stages]]\nsize = 48\nepochs = 2\nbatch = 16\nrate = 0.005\n"
)
"""A configuration whose epochs take a moment."""
NEWER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Sex,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n"
)
OLDER = NEWER.replace("[x,y]\n", "[x,y],\n")
BOXES = "Image Index,Finding Label,Bbox [x,y,w,h],,,\n"


@cache
def film(seed: int) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """An 8-bit film and what it shows: each of `DRAWN` on half of the seeds."""
    shown = tuple(name for bit, name in enumerate(DRAWN) if seed >> bit & 1)
    phantom = chest.draw(seed, shown, size=SIZE, severity=0.9)
    return (phantom.pixels >> 4).astype(np.uint8), shown


def nih(folder: Path, films: int = 60, *, split: bool = False, older: bool = False) -> Path:
    """The official layout: two films per patient, patient n in the test list where n % 5 == 0."""
    names = {"train_val_list.txt": [], "test_list.txt": []}  # type: dict[str, list[str]]
    lines, boxes = [], []
    for index in range(films):
        patient = index // 2 + 1
        name = f"{patient:08d}_{index % 2:03d}.png"
        place = folder / (f"images_{index % 3 + 1:03d}/images" if split else "images")
        place.mkdir(parents=True, exist_ok=True)
        pixels, shown = film(index)
        Picture.fromarray(pixels).save(place / name)
        age, number, end = (f"{patient + 20:03d}Y", f"{patient}", ",") if older else (f"{patient + 20}", f"{patient}", "")
        labels = "|".join(shown) or "No Finding"
        lines.append(f"{name},{labels},{index % 2},{number},{age},F,PA,2048,2500,0.168,0.168{end}\n")
        names["test_list.txt" if patient % 5 == 0 else "train_val_list.txt"].append(name)
        if shown:
            boxes.append(f"{name},{'Infiltrate' if index == 1 else shown[0]},256.0,512.0,128.5,64.0,,,\n")
    listed = folder / ("Data_Entry_2017.csv" if older else "Data_Entry_2017_v2020.csv")
    listed.write_text((OLDER if older else NEWER) + "".join(lines), encoding="utf-8")
    for file, entries in names.items():
        (folder / file).write_text("\n".join(entries) + "\n", encoding="utf-8")
    (folder / "BBox_List_2017.csv").write_text(BOXES + "".join(boxes), encoding="utf-8")
    return folder


def table(folder: Path, films: int = 40, columns: str = "image,patient,part,Big heart,Water") -> Path:
    """A table of films in a folder beside it; two films per patient, every fifth patient validates, every fourth is tested."""
    (folder / "films").mkdir(parents=True)
    lines = [columns + "\n"]
    for index in range(films):
        pixels, shown = film(index)
        Picture.fromarray(pixels).save(folder / "films" / f"{index}.png")
        patient = index // 2
        part = "validation" if patient % 5 == 1 else "test" if patient % 4 == 0 else "train"
        water = "" if index % 7 == 3 else str(int("Effusion" in shown))
        known = {"image": f"films/{index}.png", "patient": f"P{patient}", "part": part, "Water": water}
        known |= {"Big heart": str(int("Cardiomegaly" in shown)), "source": "one" if patient % 2 else "two"}
        lines.append(",".join(known[column] for column in columns.split(",")) + "\n")
    (folder / "films.csv").write_text("".join(lines), encoding="utf-8")
    return folder
