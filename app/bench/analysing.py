"""The `analyse` command on many films, beside the loop that anybody would write, and beside another checkout of the product.

Everything is measured in processes of their own, one after the other and in turn, with the same threads and the same films:
drawn ones, as DICOM files. Films a second are wall time from the first file to the last result, without what it takes to start
Python; nothing else should run beside it. A busy machine touches less the processor time of the process, its decoders left out.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from app.bench.figures import Figure
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import ROOT, Settings
from app.domain import Image, Series, Window, frozen
from app.errors import AppError
from app.phantoms import chest, dicom

MODEL = "chest-compact"
DRAWN = 16
"""Different films; the others are the same under other names and identifiers, which costs a network as much."""

ANALYSE = """
import json, sys, time
from pathlib import Path
from app.analysis.request import Request
from app.analysis.running import run
from app.config import Settings

films, out, model, methods = sys.argv[1:]
request = Request((films,), Path(out), model, () if methods == "none" else None, "top", True)
settings, started, used = Settings(), time.perf_counter(), time.process_time()
outcome = run(request, settings, lambda line: None)
seconds, used = time.perf_counter() - started, time.process_time() - used
print(json.dumps({"seconds": seconds, "used": used, "films": outcome.analysed}))
"""
"""The command without its command line; every version of the product since 0.1 understands it."""
PLAIN = "import sys; from pathlib import Path; from app.bench.analysing import plain; plain(Path(sys.argv[1]), sys.argv[2])"


def measure(repeat: int, films: int, size: int, beside: Path | None = None, model: str = "") -> Iterator[Figure]:
    """Films a second of the plain loop, of predictions only and of the maps that the network opens with, and what is written;
    ``beside`` is the folder of the other checkout. AppError where one of them does not come to its end."""
    model = model or MODEL
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder) / "films"
        draw(there, films, size)
        rates: dict[str, list[float]] = {}
        used: dict[str, list[float]] = {}
        written: dict[str, float] = {}
        for _ in range(repeat):
            for name, root, program, methods in _ways(beside):
                out = Path(folder) / "out"
                arguments = (str(there), model) if methods is None else (str(there), str(out), model, methods)
                told = _run(root, program, arguments)
                if told["films"] != films:
                    raise AppError("%(name)s analysed %(n)s of %(of)s films.", {"name": name, "n": told["films"], "of": films})
                rates.setdefault(name, []).append(films / told["seconds"])
                used.setdefault(name, []).append(told["used"] / films)
                written[name] = float(sum(path.stat().st_size for path in out.iterdir())) if out.is_dir() else 0.0
                _emptied(out)
    yield from _figures(rates, used, written, f"{films} films of {size} px, {model}")


def _ways(beside: Path | None) -> Iterator[tuple[str, Path, str, str | None]]:
    """What is measured: its name, in which checkout, by which program, with which methods (None: a loop without any)."""
    yield "plain decode + forward, film by film", ROOT, PLAIN, None
    for methods, name in (("none", "predictions only"), ("panel", "what the network opens with")):
        yield f"analyse, {name}", ROOT, ANALYSE, methods
        if beside is not None:
            yield f"analyse of the other checkout, {name}", beside, ANALYSE, methods


def _figures(
    rates: dict[str, list[float]], used: dict[str, list[float]], written: dict[str, float], told: str
) -> Iterator[Figure]:
    for name, found in rates.items():
        yield Figure(f"{name} ({told})", "films/s", tuple(found))
        yield Figure(f"{name}: processor time a film", "s", tuple(used[name]))
        if written[name]:
            yield Figure(f"{name}: written", "bytes", (written[name],))
    mine, plain = rates["analyse, predictions only"], rates["plain decode + forward, film by film"]
    yield Figure("predictions only ÷ plain loop", "×", tuple(a / b for a, b in zip(mine, plain, strict=True)))
    for name in ("predictions only", "what the network opens with"):
        other = rates.get(f"analyse of the other checkout, {name}")
        if other is not None:
            pairs = zip(rates[f"analyse, {name}"], other, strict=True)
            yield Figure(f"{name} ÷ the other checkout's", "×", tuple(a / b for a, b in pairs))


def draw(folder: Path, films: int, size: int) -> None:
    """So many phantoms as DICOM files."""
    folder.mkdir()
    drawn = [chest.draw(seed, ("Nodule",), size=size) for seed in range(min(films, DRAWN))]
    for number in range(films):
        dicom.write(drawn[number % len(drawn)], folder / f"film-{number:04d}.dcm", dicom.Header(number=number))


def plain(folder: Path, model: str) -> None:
    """Every film decoded by pydicom, prepared as the network's card says and sent through it; prints how long that took."""
    import pydicom  # noqa: PLC0415 - the product reads no file by it in this process

    settings = Settings()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    registry = Registry(settings.models)
    started, used = time.perf_counter(), time.process_time()
    classifier = Loaded(registry, settings.device).get(registry.card(model))
    answers = []
    for path in sorted(folder.iterdir()):
        header = pydicom.dcmread(path)
        window = Window(float(header.WindowCenter[0]), float(header.WindowWidth[0]))
        image = Image(header.SOPInstanceUID, 1, frozen(header.pixel_array.astype(np.uint16)), windows=(window,))
        with torch.inference_mode():
            logits = classifier.network(classifier.prepare(Series("1", "DX", (image,), "CHEST")))
            answers.append(classifier.probabilities(logits.float().cpu()).tolist())
    seconds, used = time.perf_counter() - started, time.process_time() - used
    print(json.dumps({"seconds": seconds, "used": used, "films": len(answers)}))


def _run(root: Path, program: str, arguments: Sequence[str]) -> dict[str, float]:
    """What a program of a checkout prints last."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    if done.returncode:
        raise AppError("A part of the measurement failed: %(end)s", {"end": done.stderr.strip()[-300:]})
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _emptied(folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        path.unlink()
