"""The `evaluate` command: measure a network's explanations and write a report."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from app import explainers
from app.anatomy.signs import METHODS
from app.classifiers import likely
from app.classifiers.card import Card
from app.classifiers.guard import Guard
from app.classifiers.loading import Loaded, load
from app.classifiers.registry import Registry
from app.classifiers.segmenter import Segmenter
from app.config import Settings
from app.errors import InputError, NotFound
from app.reporting import (
    cases,
    counterfactuals,
    exams,
    frames,
    framing,
    grouping,
    histograms,
    localising,
    measuring,
    offering,
    placing,
    shortcuts,
    signs,
    stack_counterfactuals,
    starts,
)
from app.reporting.compared import running as comparing
from app.reporting.kept import Kept
from app.reporting.writing import Report, write
from app.training import guarding, telling
from app.training.anatomy import measuring as outlining


def main(arguments: list[str]) -> int:
    """Parse the arguments after `evaluate`, measure and write; returns the exit code."""
    settings = Settings()
    given = parser(settings).parse_args(arguments)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    registry = Registry(settings.models)
    loaded = Loaded(registry, settings.device)
    if given.compare or given.characteristics or given.guard or given.anatomy or given.counterfactual:
        return beside(given, loaded, settings)
    if given.masks or given.signs:
        every = given.methods or METHODS
        return masked(given, loaded) if given.masks else signed(every, given.cases or 100, given.data, loaded)
    if given.histogram_control or given.frames:
        return framed(given) if given.frames else histogram_control(given.cases or 400)
    if given.model:
        return maps(given, registry.card(given.model), loaded)
    if given.framing or given.clusters:
        return planted(given, loaded)
    classifier = loaded.get(registry.card(given.shortcuts or given.starts))
    if given.shortcuts:
        found = shortcuts.measure(classifier, given.data, given.part)
        told = shortcuts.lines(found)
        if given.write:
            telling.write(classifier.card, telling.rows(found, given.part))
    else:
        told = starts.compared(classifier, known_places(classifier.card, given), given.few, print, given.keep)
    for line in told:
        print(line, flush=True)
    return 0


def beside(given: argparse.Namespace, loaded: Loaded, settings: Settings) -> int:
    """Measure what stands beside networks, or networks beside one another; returns the exit code."""
    if given.compare or given.characteristics:
        return comparing.compare(given, loaded, settings) if given.compare else comparing.characterised(given, loaded)
    if given.counterfactual:
        return counterfactual(given, loaded, settings)
    if given.guard:
        return guard(given, loaded.registry)
    return anatomy(given.anatomy, given.data, loaded.registry)


def counterfactual(given: argparse.Namespace, loaded: Loaded, settings: Settings) -> int:
    """Print what a generator's films are worth, and write it onto its card where that is asked for; returns the exit code."""
    known = [one for one in loaded.registry.beside() if one.kind == "counterfactual"]
    card = next((one for one in known if one.name == given.counterfactual), None)
    if card is None:
        raise NotFound(
            "There is no generator called “%(name)s”. There are: %(known)s.",
            {"name": given.counterfactual, "known": ", ".join(one.name for one in known) or "–"},
        )
    if card.plane:
        many, runs = given.cases or stack_counterfactuals.MOST, settings.var / "training"
        of_stacks, gaps = stack_counterfactuals.measure(loaded, card, runs, many, lambda line: print(line, flush=True))
        if given.write:
            offering.onto(card, of_stacks, gaps)
            print(f"written: {card.folder / 'card.toml'}", flush=True)
        return 0
    count = given.cases or counterfactuals.MOST
    trial = counterfactuals.trial(loaded, card, given.data, settings.var / "training", count)
    found = counterfactuals.measure(trial, card, count, lambda line: print(line, flush=True))
    if given.write:
        offering.onto(card, found, [row for one in trial.referees for row in one.rows(card.findings)])
        print(f"written: {card.folder / 'card.toml'}", flush=True)
    return 0


def framed(given: argparse.Namespace) -> int:
    """Print how exactly frames drawn around films are found; returns the exit code."""
    for found in frames.measure(given.data, given.cases or 40, given.part):
        print(found.line(), flush=True)
    return 0


def maps(given: argparse.Namespace, card: Card, loaded: Loaded) -> int:
    """Measure a network's maps and write the report, or print where they lie; returns the exit code."""
    each = given.cases or 40
    methods = tuple(given.methods or explainers.panel())
    for method in methods:
        measuring.asked(method)
    if card.kind == "exam":
        other = loaded.exam(loaded.registry.card(given.against)) if given.against else None
        return exams.run(loaded.exam(card), each, methods, lambda told: print(told, flush=True), other)
    classifier = loaded.get(card)
    known = known_places(card, given)
    print(f"{len(known)} cases, {len(methods)} methods", flush=True)
    if given.placing:
        for line in placing.lines(placing.measure(classifier, known, methods, lambda told: print(told, flush=True))):
            print(line)
        return 0
    kept = Kept.at(given.keep, "maps", card, methods, [case.name for case in known])
    values = measuring.localise(classifier, known, methods, lambda told: print(told, flush=True), kept)
    few = known[:: max(1, len(known) // given.few)][: given.few]
    for name, measure in (
        ("perturbation", measuring.perturb),
        ("max-sensitivity", measuring.sensitivity),
        ("between findings", measuring.between_findings),
        ("randomisation", measuring.randomisation),
    ):
        print(f"{name}: {len(few)} cases", flush=True)
        values += measure(classifier, few, methods, kept)
    report = Report(card, methods, tuple(measuring.summarise(values)), len(known))
    write(report, given.out)
    for sentence in report.warnings():
        print(f"warning: {sentence}")
    print(f"written: {given.out / 'report.html'}")
    return 0


def planted(given: argparse.Namespace, loaded: Loaded) -> int:
    """Print what frames around films do, or how often groups of maps find a planted shortcut; returns the exit code."""
    classifier = loaded.get(loaded.registry.card(given.framing or given.clusters))
    if given.clusters:
        for method in given.methods or ("layer_cam",):
            finding = "Pneumothorax" if "Pneumothorax" in classifier.card.findings else classifier.card.findings[0]
            plain = given.cases or 400
            for line in grouping.measure(classifier, method, finding, grouping.Plan(plain, max(20, plain // 10))):
                print(line, flush=True)
        return 0
    for cut in framing.cuts(given.data):
        print(cut.line(), flush=True)
    card = loaded.registry.guard(classifier.card)
    if card is not None:
        for line in framing.measure(classifier, Guard.of(loaded.get(card)), given.data, given.part):
            print(line, flush=True)
    return 0


def known_places(card: Card, given: argparse.Namespace) -> list[cases.Case]:
    """Cases of findings that a network knows: phantoms for a phantom network, else real films with boxes, of the sources asked
    for. InputError where there is none."""
    each = given.cases or 40
    # Of a network from elsewhere nobody here knows which patients it learned from.
    parted = not card.origin
    known = cases.phantoms(card.findings, each) if card.phantom else cases.boxed(given.data, each, parted=parted)
    wanted = [case for case in known if case.finding in card.findings]
    if given.sources:
        wanted = [case for case in wanted if case.source in given.sources]
    if not wanted:
        raise InputError("There are no cases here that the network could be measured on.")
    return wanted


def parser(settings: Settings) -> argparse.ArgumentParser:
    """The options of `evaluate`."""
    options = argparse.ArgumentParser(prog="python -m app evaluate", description="Measure a network's explanations.")
    _what(options)
    options.add_argument(
        "--boxes", type=Path, help="for --masks: a CSV table of boxes: image, finding, left, top, width, height in pixels"
    )
    options.add_argument(
        "--data", type=Path, default=settings.data, help="folder of real films with boxes (not for phantom networks)"
    )
    options.add_argument(
        "--against",
        metavar="NAME",
        help="for --masks: the network whose maps the first one's are compared with; for an exams' network: "
        "the one whose AUROCs its own are compared with, on the same drawn exams",
    )
    options.add_argument("--out", type=Path, default=Path("report"), help="folder for report.json, report.csv and report.html")
    options.add_argument("--methods", nargs="+", help="methods, e.g. cam lrp:composite=Epsilon (default: the panel)")
    options.add_argument(
        "--cases",
        type=int,
        help="cases per finding (phantoms) or per source (real films), 40 unless told; examinations of the control, 400",
    )
    options.add_argument(
        "--sources",
        nargs="+",
        metavar="NAME",
        help="only cases of these sources, as a report names them, so that a long measurement may be done in several",
    )
    options.add_argument(
        "--part",
        choices=["validation", "test"],
        default="validation",
        help="for --shortcuts, --framing and --frames: of which films",
    )
    options.add_argument(
        "--placing",
        action="store_true",
        help="print what it is worth that maps of inner layers lie where their cells look, no more: the pointing game of "
        "--methods stretched over all that the network read, and as they lie",
    )
    options.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="keep what was measured of each case in DIR and go on from it, so that a long measurement may be cut",
    )
    options.add_argument(
        "--write",
        action="store_true",
        help="for --counterfactual, --guard, --shortcuts: write figures onto the card; for --compare: keep the rows",
    )
    options.add_argument("--most", type=int, help="for --compare: at most so many films")
    options.add_argument("--few", type=int, default=12, help="cases for the slow measures: perturbation, noise, randomisation")
    return options


def _what(options: argparse.ArgumentParser) -> None:
    """What is to be measured: one of these."""
    what = options.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", help="name of the network, a folder under models/")
    what.add_argument("--guard", metavar="NAME", help="print how often a guard stops films and lets other images pass, no more")
    what.add_argument(
        "--anatomy", metavar="NAME", help="print how true a segmentation network's outlines, ratio and poses are, no more"
    )
    what.add_argument(
        "--masks",
        metavar="NAME",
        help="print where a chest network's CAM, the masks of where findings occur and both together lie, beside boxes and "
        "beside another film's CAM, no more",
    )
    what.add_argument(
        "--signs",
        action="store_true",
        help="print how often the sign that a map looks elsewhere stands on drawn films, rightly and wrongly, no more",
    )
    what.add_argument(
        "--shortcuts",
        metavar="NAME",
        help="print how well each answer of a chest network tells projection, heart size, sex, age and source, no more",
    )
    what.add_argument(
        "--starts",
        metavar="NAME",
        help="print how RAP's maps depend on where RAP starts: the paper's start, the contrastive and a uniform one, no more",
    )
    what.add_argument(
        "--framing",
        metavar="NAME",
        help="print how many films have a frame, and what reading their exposed field alone does to a chest network, no more",
    )
    what.add_argument(
        "--counterfactual",
        metavar="NAME",
        help="print what a generator's films are worth to the network that it explains, to its referees and to a fresh critic",
    )
    _several(what)
    what.add_argument("--frames", action="store_true", help="print how exactly frames drawn around films are found, no more")
    what.add_argument(
        "--clusters",
        metavar="NAME",
        help="print how often groups of a phantom network's maps find a shortcut that was planted in a cohort, no more",
    )
    what.add_argument(
        "--histogram-control",
        choices=["knee"],
        help="print how well histograms alone tell the findings of drawn examinations, no more",
    )


def _several(what: "argparse._MutuallyExclusiveGroup") -> None:
    """What is measured of several networks."""
    what.add_argument(
        "--compare",
        nargs="+",
        metavar="NAME",
        help="print what networks are worth on the same films beside the first of them, their plain twin: answers, what "
        "unsettles them, where maps and attention lie, cost; --write keeps it for the page of compared networks",
    )
    what.add_argument(
        "--characteristics",
        nargs="+",
        metavar="NAME",
        help="print how methods differ: where they point on phantoms, or on films with boxes, for how many architectures they "
        "are defined, how fine their maps are; of the networks after the first their own attention alone",
    )


def guard(given: argparse.Namespace, registry: Registry) -> int:
    """Print a guard's figures on the test part of the films and the test half of the other images, and write them onto its
    card where that is asked for; returns the exit code."""
    card = next((card for card in registry.guards() if card.name == given.guard), None)
    if card is None:
        known = ", ".join(card.name for card in registry.guards()) or "–"
        raise NotFound("There is no guard called “%(name)s”. There are: %(known)s.", {"name": given.guard, "known": known})
    if given.write:
        guarding.measure(card.folder, given.data)
    else:
        for _ in guarding.figures(Guard.of(load(card, torch.device("cpu"))), given.data):
            pass  # each is printed as it comes
    return 0


def anatomy(name: str, data: Path, registry: Registry) -> int:
    """Print what a segmentation network is worth on films of patients whom it did not learn from; returns the exit code."""
    card = next((card for card in registry.segmentations() if card.name == name), None)
    if card is None:
        known = ", ".join(card.name for card in registry.segmentations()) or "–"
        raise NotFound(
            "There is no segmentation network called “%(name)s”. There are: %(known)s.", {"name": name, "known": known}
        )
    for line in outlining.lines(Segmenter.of(load(card, torch.device("cpu"))), data):
        print(line, flush=True)
    return 0


def masked(given: argparse.Namespace, loaded: Loaded) -> int:
    """Print what a network adds to where findings occur anyway; returns the exit code."""
    registry, name, data = loaded.registry, given.masks, given.data
    card = registry.card(name)
    beside, found = registry.segmentation(card), registry.masks(card)
    if beside is None or found is None:
        raise NotFound("There are no masks of where findings occur for “%(name)s”.", {"name": name})
    segmenter = Segmenter.of(loaded.get(beside))
    drawn = list(localising.in_table(given.boxes) if given.boxes else localising.known_boxes(data))
    known = localising.cases(loaded, card, drawn, lambda line: print(line, flush=True))
    if localising.own(card) != "cam":
        print(f"CAM stands for the {explainers.describe(localising.own(card)).title.lower()} of {name}", flush=True)
    for line in localising.told(known, likely.load(found), segmenter, data):
        print(line, flush=True)
    if given.against:
        other = registry.card(given.against)
        shared = [(path, patient, [one for one in each if one[1] in card.findings]) for path, patient, each in drawn]
        others = localising.cases(loaded, other, shared, lambda line: print(line, flush=True))
        for line in localising.against(known, others, (name, other.name)):
            print(line, flush=True)
    return 0


def signed(methods: Sequence[str], count: int, data: Path, loaded: Loaded) -> int:
    """Print what the sign that a map looks elsewhere is worth; returns the exit code."""

    def say(line: str) -> None:
        print(line, flush=True)

    good = loaded.get(loaded.registry.card(signs.GOOD))
    seeds = range(signs.MEASURED_ON, signs.MEASURED_ON + count)
    wrong = signs.hits(loaded, signs.taught(good, say), methods, seeds, planted=True)
    for line in signs.lines(wrong, signs.hits(loaded, good, methods, seeds, planted=False), methods):
        say(line)
    drain = loaded.get(loaded.registry.card(signs.DRAIN))
    wrong = signs.with_drains(loaded, drain, methods, seeds, planted=True)
    for line in signs.lines(wrong, signs.with_drains(loaded, good, methods, seeds, planted=False), methods, "the drain"):
        say(line)
    for line in signs.of_people(loaded, methods, data):
        say(line)
    return 0


def histogram_control(count: int) -> int:
    """Print what histograms tell of ``count`` drawn knees; 1 when they tell a finding that only its look should tell."""
    told = histograms.control(*histograms.drawn(count, histograms.SIZE, lambda line: print(line, flush=True)))
    for line in histograms.lines(told):
        print(line)
    return int(any(each.interval.value >= histograms.BOUND for each in told))
