"""The `bench` command: `bench main` measures the product, `bench start`, `upload`, `weight`, `whatif`, `pixels` a
part of it.

`bench viewer` measures the case page in a real browser, `bench exam-page` the page of an exam, `bench explainers` the methods
beside public libraries, `bench networks` the networks beside a DenseNet-121, `bench exam` a knee exam of three stacks,
`bench analyse` the command of that name on many films, `bench cohort` the command `validate` on drawn films, `bench gpu` the
methods on a GPU, `bench counterfactual` a film's counterfactual, `bench composites` what LRP's composites are worth, `bench
lists` the worklist with thousands of studies in it. `bench dicom` compares DICOM files with a second reader.
"""

import argparse
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from app import __version__
from app.bench import measures, pixels, what_if
from app.bench.figures import Figure, as_json, table
from app.config import Settings
from app.product import Product

SHARING = ("upload", "weight", "whatif")
"""What one server is asked for, in this order: the first film after its start comes first."""
PRODUCT = ("start", *SHARING, "pixels")
SEEN = ("viewer", "exam-page")
"""What is measured in a real browser."""
INSIDE = ("explainers", "networks", "exam", "gpu", "counterfactual")
"""What is measured in this process, without a server."""
MANY = "analyse"
"""What is measured in processes without a server."""


def inside(what: str, repeat: int) -> Iterator[Figure]:
    """The figures of the explainers, the networks or an exam; torch and other libraries are loaded for these alone."""
    import torch  # noqa: PLC0415

    from app.bench import counterfactual, exam, explainers, gpu, networks  # noqa: PLC0415

    if Settings().threads:
        torch.set_num_threads(Settings().threads)
    parts = (explainers, networks, exam, gpu, counterfactual)
    yield from dict(zip(INSIDE, parts, strict=True))[what].measure(repeat)


def product_figures(what: str, repeat: int, film: Path) -> Iterator[Figure]:
    """The figures of a part of the product, or of all of it; one server is asked for whatever does not need its own."""
    if what in {"main", "start"}:
        yield from measures.start(repeat)
    if what in {"main", *SHARING}:
        with TemporaryDirectory() as folder, Product(Path(folder) / "var") as product:
            parts: dict[str, Callable[[], Iterator[Figure]]] = {
                "upload": lambda: measures.upload(product, repeat, film),
                "weight": lambda: measures.weight(product),
                "whatif": lambda: what_if.measure(product, repeat),
            }
            for name in SHARING:
                if what in {"main", name}:
                    yield from parts[name]()
    if what in {"main", "pixels"}:
        yield from pixels.measure(repeat)


def composites(films: int, keep: Path | None) -> int:
    """The table of LRP's composites on ``films`` phantoms per finding; returns the exit code."""
    from app.bench import composites  # noqa: PLC0415 - as above

    for line in composites.compared(composites.MODEL, films, keep):
        print(line, flush=True)
    return 0


def viewer_figures(what: str, repeat: int, beside: Path | None) -> Iterator[Figure]:
    """The figures of the case page or of the exam page; the browser's driver is loaded for these alone."""
    from app.bench import exam_page, viewer  # noqa: PLC0415

    yield from (viewer if what == "viewer" else exam_page).measure(repeat, beside)


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m app bench", description="Measure the product in a process and a folder of its own."
    )
    made.add_argument(
        "what",
        nargs="?",
        default="main",
        choices=["main", *PRODUCT, *SEEN, *INSIDE, MANY, "lists", "cohort", "composites", "dicom"],
        help=f"default: main, all but {', '.join((*SEEN, *INSIDE))}, {MANY}, lists, cohort, composites and dicom",
    )
    made.add_argument("--repeat", type=int, default=5, help="samples per figure (default: 5)")
    made.add_argument(
        "--beside",
        type=checkout,
        metavar="DIR",
        help=f"{MANY}, {' and '.join(SEEN)}: another checkout of the product, set up, measured in turn with this one",
    )
    made.add_argument("--json", type=Path, help="write machine, medians and samples to this file too")
    many = made.add_argument_group(MANY)
    many.add_argument(
        "--films",
        type=int,
        help="how many films (default: 200); composites: phantoms per finding (default: 25); cohort: phantoms (default: 300); "
        "lists: studies (default: 5000)",
    )
    many.add_argument("--size", type=int, default=1024, help="their size in pixels (default: 1024)")
    many.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="cohort: leave the films and their table there; composites: keep what was measured there and go on from it",
    )
    dicom = made.add_argument_group("dicom")
    dicom.add_argument(
        "--folder", type=Path, action="append", help="where files are looked for, may be repeated (default: the real files)"
    )
    dicom.add_argument("--every", action="store_true", help="a line for every file, not only for those that are not equal")
    return made


def checkout(text: str) -> Path:
    """The folder of another checkout."""
    folder = Path(text).resolve()
    if not (folder / "app" / "__main__.py").is_file():
        raise argparse.ArgumentTypeError(f"“{text}” is no checkout of the product")
    return folder


def second_reader(folders: list[Path] | None, *, every: bool) -> int:
    """DICOM files beside a second reader; returns the exit code."""
    from app.bench import second_reader  # noqa: PLC0415 - its decoders are for development only

    data = Settings().data
    real = [data / "dicom", data / "chest" / "dicom", data.parent / "cases" / "dicom"]
    return second_reader.run(folders or [folder for folder in real if folder.is_dir()], every=every)


def main(arguments: list[str]) -> int:
    """Parse the arguments after `bench`, measure, print; returns the exit code."""
    given = parser().parse_args(arguments)
    if given.what == "composites":
        return composites(given.films or 25, given.keep)
    if given.what == "dicom":
        return second_reader(given.folder, every=given.every)
    film = Settings().data / "chest" / "dicom" / "pa_jpeg_baseline.dcm"
    machine: dict[str, str | int] = {
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count() or 0,
    }
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    figures = list(product_figures(given.what, given.repeat, film)) if given.what in {"main", *PRODUCT} else []
    if given.what == "whatif":
        figures += what_if.exam(given.repeat)
    if given.what == "cohort":
        from app.bench import cohort  # noqa: PLC0415 - it starts the product, and draws for a while

        figures += cohort.measure(given.films or 300, given.keep)
    if given.what == "lists":
        from app.bench import lists  # noqa: PLC0415 - as the cohort's

        figures += lists.measure(given.repeat, given.films or lists.STUDIES)
    if given.what in SEEN:
        figures += viewer_figures(given.what, given.repeat, given.beside)
    if given.what in INSIDE:
        figures += inside(given.what, given.repeat)
    if given.what == MANY:
        from app.bench import analysing  # noqa: PLC0415 - it loads torch

        figures += analysing.measure(given.repeat, given.films or 200, given.size, given.beside)
    print(table(figures))
    if given.json:
        given.json.write_text(as_json(figures, machine) + "\n", encoding="utf-8")
    if given.what == "gpu":
        from app.bench import gpu  # noqa: PLC0415 - as above

        return int(gpu.missed(figures))
    return 0
