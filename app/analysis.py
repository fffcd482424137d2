"""The `analyse` command: files in, raw maps, overlays and ``result.json`` out. No database, no server.

Knows ingest, the pipeline and the renderer. A bad file is one line and one entry; the others go on.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch

from app import __version__, exam_analysis, explainers, ingest, pipeline, render
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import FINDINGS, Explanation, Image, Inspection, Prediction, Study
from app.errors import InputError, ModelError, NotFound, Unavailable
from app.examining import STACKED
from app.grey import resample

NO_NETWORK = "No network is registered for this kind of image."
LONGEST_NAME = 200
"""A longer path is named by its last part; ingest keeps names to one readable line."""

Complain = Callable[[str], None]
Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What to analyse, where to write, and how: as on the command line. No methods: predictions only. ``insist``: what a guard
    refuses is analysed too."""

    sources: tuple[str, ...]
    out: Path
    model: str | None
    methods: tuple[str, ...]
    finding: str
    insist: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went. ``images`` were read, ``analysed`` of them by a network. A guard ``refused`` others, and has something
    against ``warned`` of those that were read. ``clean``: every source was read and all that was asked for was done."""

    images: int
    analysed: int
    clean: bool
    refused: int = 0
    warned: int = 0

    def sentence(self) -> str:
        """The figures in words."""
        parts = [f"{_images(self.images)} read"]
        if self.images:
            parts[0] += f": {self.analysed} analysed"
        if left := self.images - self.analysed:
            parts.append(f"{left} not analysed (no network reads them, or it failed; see each reason)")
        if self.warned:
            parts.append(f"{self.warned} with the guard's caution")
        if self.refused:
            parts.append(f"{self.refused} refused by the guard")
        return ", ".join(parts)


def run(request: Request, settings: Settings, complain: Complain) -> Outcome:
    """Analyse every source and write the results; ``complain`` takes one line per thing that could not be used.

    AppError, and nothing is done, when the request itself is wrong: a network, method or finding there is not, a folder that
    cannot be written, a device that is away.
    """
    registry = Registry(settings.models)
    _check(request, registry)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    analysis = _Analysis(request, settings, Loaded(registry, settings.device), complain)
    try:
        request.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=request.out, prefix=".unpacked-") as workdir:
            for source in request.sources:
                analysis.source(source, Path(workdir))
        analysis.join()
        _write_json(request.out / "result.json", analysis.entries, analysis.exams)
    except OSError as error:
        raise Unavailable(
            "The folder “%(folder)s” cannot be written: %(reason)s.", {"folder": str(request.out), "reason": _reason(error)}
        ) from error
    images = [entry for entry in analysis.entries if entry["status"] == "ok"]
    refused = sum(entry["status"] == "refused" for entry in analysis.entries)
    warned = sum(bool(entry["inspection"]) and entry["inspection"]["verdict"] != "ok" for entry in images)
    analysed = sum(entry["model"] is not None for entry in images)
    return Outcome(len(images), analysed, analysis.clean, refused, warned)


def _check(request: Request, registry: Registry) -> None:
    for method in request.methods:
        explainers.describe(method)
    if request.model is None:
        known = dict.fromkeys(
            (*FINDINGS, *(finding for card in (*registry.cards(), *registry.exams()) for finding in card.findings))
        )
    else:
        known = dict.fromkeys(registry.card(request.model).findings)
    if request.finding not in {"top", "all", *known}:
        raise NotFound(
            "No network knows a finding called “%(finding)s”. There are: %(known)s.",
            {"finding": request.finding, "known": ", ".join(known) or "–"},
        )


@dataclass(slots=True)
class _Analysis:
    """One run of the command."""

    request: Request
    settings: Settings
    loaded: Loaded
    complain: Complain
    entries: list[Entry] = field(default_factory=list)
    exams: list[Entry] = field(default_factory=list)
    parts: list[Study] = field(default_factory=list)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    clean: bool = True

    def source(self, name: str, workdir: Path) -> None:
        """One file, folder or zip file of the command line."""
        before = len(self.entries)
        try:
            for path in _files(Path(name)):
                self.file(path, workdir)
        except Unreadable as error:
            self.reject(name, error.sentence)
        if len(self.entries) == before:
            self.reject(name, "There is nothing in it that could be an image.")

    def file(self, path: Path, workdir: Path) -> None:
        """One file, or each member of an archive."""
        name = str(path) if len(str(path)) <= LONGEST_NAME else path.name
        try:
            path.open("rb").close()
        except OSError as error:
            self.reject(name, f"It cannot be read: {_reason(error)}.")
            return
        for found in ingest.read(path, name, self.settings, workdir):
            if isinstance(found, ingest.Rejected):
                self.reject(found.name, found.error.sentence)
            else:
                self.study(found.name, found.study, found.warnings)
                if found.path != path:
                    found.path.unlink(missing_ok=True)  # an archive's member: its octets are no longer needed

    def reject(self, name: str, reason: str) -> None:
        """One line and one entry for what could not be read."""
        self.entries.append(_entry(name, "rejected", reason=reason))
        self.fault(name, reason)

    def fault(self, name: str, reason: str) -> None:
        """One line for what could not be done."""
        self.clean = False
        self.complain(f"{name}: {reason}")

    def study(self, name: str, study: Study, warnings: Sequence[str]) -> None:
        """One readable file: an entry per image, with or without results."""
        images = [image for series in study.series for image in series.images]
        first = len(self.entries)
        self.entries += [_entry(name, "ok", frame=image.frame, warnings=list(warnings)) for image in images]
        numbers = {(image.sop_instance_uid, image.frame): first + index for index, image in enumerate(images)}
        if stacked := tuple(series for series in study.series if series.modality in STACKED):
            self.parts.append(replace(study, series=stacked))
            self.numbers = numbers | self.numbers
        reason = ""
        try:
            for result in self.results(study):
                number = numbers[result.sop_instance_uid, result.frame]
                if isinstance(result, Inspection):
                    self.inspected(name, self.entries[number], result)
                elif isinstance(result, Prediction):
                    self.entries[number] |= _prediction(result)
                else:
                    self.write(images[number - first], result, number)
        except (InputError, NotFound, ModelError) as error:
            reason = error.sentence
        except OSError:
            raise  # the disk, not the file: nothing more can be written
        except Exception as error:  # noqa: BLE001 - one file's fault must not keep the others from being analysed
            reason = f"Something went wrong in the analysis ({type(error).__name__})."
        if reason:
            self.fault(name, reason)
        for entry in self.entries[first:]:
            entry["reason"] = entry["reason"] or reason or (NO_NETWORK if entry["model"] is None else "")

    def join(self) -> None:
        """What came of the files that make exams of stacks, file by file, is read exam by exam."""
        asked = self.request
        if asked.model is not None and self.loaded.registry.card(asked.model).kind != "exam":
            return
        wanted = exam_analysis.Asked(asked.out, asked.model, asked.methods, asked.finding)
        for study in exam_analysis.whole(self.parts):
            image = study.series[0].images[0]
            name = self.entries[self.numbers[image.sop_instance_uid, image.frame]]["file"]
            try:
                entry = exam_analysis.examined(study, self.loaded, wanted, self.numbers, len(self.exams))
            except (InputError, NotFound, ModelError) as error:
                self.fault(name, error.sentence)
                continue
            except OSError:
                raise
            except Exception as error:  # noqa: BLE001 - one exam's fault must not keep the others from being analysed
                self.fault(name, f"Something went wrong in the analysis ({type(error).__name__}).")
                continue
            if entry is not None:
                self.exams.append(entry)
                for number in (number for plane in entry["planes"] for number in plane["images"]):
                    own = {part: entry[part] for part in ("model", "model_sha256", "device")}
                    self.entries[number] |= own | {"reason": ""}

    def inspected(self, name: str, entry: Entry, inspection: Inspection) -> None:
        """What the guard says of one image: in its entry, and in one line unless all is well."""
        entry["inspection"] = _inspection(inspection)
        said = " ".join(inspection.reasons)
        if inspection.stopped:
            entry["status"], entry["reason"] = "refused", said
            self.fault(name, f"refused: {said} --insist analyses it all the same.")
        elif inspection.verdict != "ok":
            self.complain(f"{name}: caution: {said}")

    def results(self, study: Study) -> Iterator[Inspection | Prediction | Explanation]:
        """What the pipeline says of a study."""
        asked = self.request
        if asked.model is not None and self.loaded.registry.card(asked.model).kind == "exam":
            return iter(())  # it reads the files of an exam together
        return pipeline.analyse(
            study, self.loaded, model=asked.model, methods=asked.methods, findings=asked.finding, insist=asked.insist
        )

    def write(self, image: Image, explanation: Explanation, number: int) -> None:
        """One explanation's two files: the raw map on the image's grid, and the overlay. OSError of the disk."""
        entry = self.entries[number]
        grid = resample(explanation.values, explanation.extent, image.stored.shape)
        stem = f"{number:04d}-{_stem(entry['file'])}-{explanation.method}-{explanation.finding}"
        np.save(self.request.out / f"{stem}.npy", grid, allow_pickle=False)
        probability = entry["findings"][explanation.finding]["probability"]
        (self.request.out / f"{stem}.png").write_bytes(render.overlay_png(image, explanation, probability=probability))
        entry["explanations"].append(
            {
                "method": explanation.method,
                "finding": explanation.finding,
                "file": f"{stem}.npy",
                "png": f"{stem}.png",
                "shape": list(grid.shape),
                "min": float(grid.min()),
                "max": float(grid.max()),
                "state": explanation.state,
            }
        )


class Unreadable(InputError):
    """A path of the command line that leads nowhere."""


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or every file below a folder, sorted; links to folders are not followed. Unreadable."""
    if path.is_file():
        yield path
    elif path.is_dir():
        for folder, folders, files in os.walk(path):
            folders.sort()
            yield from (Path(folder) / file for file in sorted(files))
    else:
        raise Unreadable("There is no such file or folder.")


def _entry(file: str, status: str, **more: Any) -> Entry:
    """An entry of result.json, without results."""
    plain = file.encode("utf-8", "replace").decode("utf-8")
    return {
        "file": plain,
        "status": status,
        "reason": "",
        "model": None,
        "model_sha256": None,
        "device": None,
        "inspection": None,
        "findings": {},
        "explanations": [],
        **more,
    }


def _inspection(inspection: Inspection) -> Entry:
    """What a guard's inspection says in its image's entry."""
    return {
        "verdict": inspection.verdict,
        "reasons": list(inspection.reasons),
        "film": inspection.film,
        "distance": inspection.distance,
        "guard": inspection.guard,
        "guard_sha256": inspection.guard_sha256,
        "insisted": inspection.insisted,
    }


def _prediction(prediction: Prediction) -> Entry:
    """What a prediction adds to its image's entry."""
    findings = {score.finding: {"probability": score.probability, "logit": score.logit} for score in prediction.scores}
    return {
        "model": prediction.model,
        "model_sha256": prediction.model_sha256,
        "device": prediction.device,
        "findings": findings,
    }


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count} images"


def _stem(file: str) -> str:
    """A part of a result's name that says which file it is of, in characters that every file system takes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", PurePath(file).stem).strip("-")[:40] or "image"


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _write_json(path: Path, entries: list[Entry], exams: list[Entry]) -> None:
    """Write result.json aside and rename it: nobody reads half of one."""
    text = json.dumps(
        {"version": __version__, "notice": "Research use only — not for clinical use", "images": entries, "exams": exams},
        ensure_ascii=False,
        indent=1,
        allow_nan=False,
    )
    aside = path.with_suffix(".json.part")
    aside.write_text(text + "\n", encoding="utf-8")
    aside.replace(path)
