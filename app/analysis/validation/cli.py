"""The `validate` command: its options, and the figures on the screen. Loads torch only for work."""

import argparse
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast, get_args

from app.analysis.cli import NOTICE, Screen, quieten_libraries, stopping
from app.cohorts.columns import Uncertain
from app.cohorts.report import ENOUGH, Estimate, Finding, Report
from app.config import Settings

EXAMPLES = """\
examples:
  validate --model chest-compact --table labels.csv                       the films lie beside the table
  validate films.zip --model chest-compact --model-b mine --table labels.csv --groups sex,view --out results
  validate knees/ --model knee-phantom --table exams.csv --image study --label "ACL tear=acl"

Writes report.json, figures.csv and cases.csv, from which every figure can be computed again. Exit code: 0 done, 1 a network did
not read everything that the table is about, 2 nothing was done, 130 stopped by Ctrl-C. docs/how-to/validate-a-network.md."""


def main(arguments: list[str]) -> int:
    """Parse the arguments after `validate` and run; returns the exit code."""
    given = parser().parse_args(arguments)
    quieten_libraries()
    from app.analysis.validation.running import Validation, run  # noqa: PLC0415 - torch is not for --help

    asked = Validation(
        table=given.table,
        models=tuple(filter(None, (given.model, given.model_b))),
        out=given.out,
        sources=tuple(given.files),
        image=given.image,
        patient=given.patient,
        groups=None if given.groups is None else names(given.groups),
        labels=tuple(given.label or ()),
        uncertain=cast(Uncertain, given.uncertain),
        insist=given.insist,
        boxes=given.boxes,
    )
    screen = Screen(quiet=given.quiet)
    stop = threading.Event()
    with stopping(stop):
        report = run(asked, Settings(), screen.complain, screen.follow, stop.is_set)
    screen.clear()
    if report is None:
        print("stopped before the end; nothing was written.")
        return 130
    for line in told(report):
        print(line)
    print(f"Results in {given.out}. {NOTICE}")
    whole = not report.table.without_image and all(network.read == len_of(report) for network in report.networks)
    return 0 if whole else 1


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m app validate",
        description=f"Say how good a network, or two, are on films or exams with a table of labels. {NOTICE}",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("files", nargs="*", metavar="FILE|FOLDER|ZIP", help="where the images are (default: the table's folder)")
    made.add_argument("--table", type=Path, required=True, metavar="CSV", help="the labels: a row per film, or per exam")
    made.add_argument("--model", required=True, metavar="NAME", help="the network")
    made.add_argument("--model-b", metavar="NAME", help="another one, to compare with: a paired difference per finding")
    made.add_argument("--out", type=Path, default=Path("validation"), metavar="DIR", help="folder for the results (validation)")
    made.add_argument("--image", default="", metavar="COLUMN", help="names the image: file, UID, accession, an exam's folder")
    made.add_argument("--patient", default="", metavar="COLUMN", help="whose it is; without one every row is its own patient")
    made.add_argument(
        "--groups", metavar="COLUMNS", help="subgroups, separated by commas (default: sex, view … if there); none"
    )
    made.add_argument(
        "--label", action="append", metavar="FINDING=COLUMN", help="the labels of a finding (default: by names); several times"
    )
    made.add_argument(
        "--uncertain", choices=get_args(Uncertain), default="unknown", help="what labels of -1 count as (default: unknown)"
    )
    made.add_argument("--boxes", type=Path, metavar="CSV", help="where findings lie: image, finding, left, top, width, height")
    made.add_argument("--insist", action="store_true", help="read what a network's guard refuses all the same")
    made.add_argument("--quiet", action="store_true", help="do not say how far it is")
    return made


def names(text: str) -> tuple[str, ...]:
    """Names parted by commas; "none" for none at all."""
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    return () if found == ("none",) else found


def len_of(report: Report) -> int:
    """How many films or exams the table is about."""
    return report.table.rows - len(report.table.without_image)


def told(report: Report) -> Iterator[str]:
    """The figures as lines."""
    table = report.table
    yield f"{table.name}: {table.rows} rows, {len_of(report)} with an image, {table.patients} patients"
    if table.without_image:
        yield f"  {len(table.without_image)} rows have no image: {', '.join(table.without_image[:5])}"
    if table.uncertain:
        yield f"  {table.uncertain} labels are uncertain (-1) and counted as {table.uncertain_as}"
    for network in report.networks:
        yield ""
        read = f"{network.read} read, {network.refused} refused, {network.failed} not read"
        yield f"{network.name} ({network.sha256[:12]}): {read}"
        if network.banner:
            yield f"  {network.banner}"
        yield from _table(report.of_network(network.name))
        yield from _groups(report, network.name)
        mean = next(one for one in report.means if one.network == network.name)
        if mean.findings:
            yield f"  {f'mean over {len(mean.findings)}':20} {_shown(mean.auroc)}   (findings with {ENOUGH} cases and more)"
    if report.localised:
        yield ""
        yield "maps against boxes, all findings (mean, of outside_inside the median; controls know nothing of the image)"
    for lies in report.localised:
        if not lies.finding:
            name = f"{lies.method} (control)" if lies.control else lies.method
            yield f"  {lies.network:24} {name:24} {lies.measure:15} {_shown(lies.value)}   {lies.films} cases"
    if report.differences:
        yield ""
        yield f"{report.networks[0].name} − {report.networks[1].name}, AUROC on the cases that both have read"
    for pair in report.differences:
        chosen, p = (pair.drawn, pair.drawn_p) if pair.several else (pair.delong, pair.delong_p)
        how = "bootstrap over patients" if pair.several else "DeLong"
        yield f"  {pair.finding:20} {_shown(chosen, signed=True)}   p {_p(p)}   {how}, {pair.films} cases"


def _table(findings: Sequence[Finding]) -> Iterator[str]:
    yield f"  {'':20} {'AUROC':23} {'AP':6} {'point':7} {'sensitivity':23} {'specificity':23} {'slope':22} with/without"
    for one in findings:
        slope = _shown(one.calibration.slope, ".2f") if one.calibration else "–"
        precision = "–" if one.average_precision is None else f"{one.average_precision:.3f}"
        yield (
            f"  {one.finding:20} {_shown(one.auroc):23} {precision:6} {one.point:<7.4g} {_shown(one.sensitivity):23} "
            f"{_shown(one.specificity):23} {slope:22} {one.positives}/{one.negatives}{_few(one.positives, one.films)}"
        )


def _groups(report: Report, network: str) -> Iterator[str]:
    """The subgroups of the findings that have enough cases; of the others they are in the files alone."""
    enough = [one.finding for one in report.of_network(network) if min(one.positives, one.negatives) >= ENOUGH]
    shown = [group for group in report.groups if group.network == network and group.finding in enough]
    if shown:
        yield f"  subgroups of findings with {ENOUGH} cases and more; all are in figures.csv"
        yield f"  {'':20} {'':24} {'AUROC':23} {'sensitivity':23} {'specificity':23} with/without"
    for group in shown:
        name = f"{group.column}: {group.value}"
        count = f"{group.positives}/{group.films - group.positives}"
        shares = f"{_shown(group.sensitivity):23} {_shown(group.specificity):23}"
        yield f"  {group.finding:20} {name:24} {_shown(group.auroc):23} {shares} {count}{_few(group.positives, group.films)}"


def _few(positives: int, films: int) -> str:
    """A mark of a figure of few cases."""
    return "  few" if min(positives, films - positives) < ENOUGH else ""


def _shown(of: Estimate, form: str = ".3f", *, signed: bool = False) -> str:
    if of.value is None:
        return "–"
    form = f"+{form}" if signed else form
    interval = "" if of.low is None or of.high is None else f" [{of.low:{form}}, {of.high:{form}}]"
    return f"{of.value:{form}}{interval}"


def _p(p: float | None) -> str:
    return "–" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"
