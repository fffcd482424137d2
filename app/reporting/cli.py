"""The `evaluate` command: measure a network's explanations and write a report."""

import argparse
from pathlib import Path

import torch

from app import explainers
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.reporting import cases, measuring
from app.reporting.writing import Report, write


def main(arguments: list[str]) -> int:
    """Parse the arguments after `evaluate`, measure and write; returns the exit code."""
    settings = Settings()
    parser = argparse.ArgumentParser(prog="python -m app evaluate", description="Measure a network's explanations.")
    parser.add_argument("--model", required=True, help="name of the network, a folder under models/")
    parser.add_argument(
        "--data", type=Path, default=settings.data, help="folder of real films with boxes (not for phantom networks)"
    )
    parser.add_argument("--out", type=Path, default=Path("report"), help="folder for report.json, report.csv and report.html")
    parser.add_argument("--methods", nargs="+", help="methods, e.g. cam lrp:composite=Epsilon (default: the panel)")
    parser.add_argument("--cases", type=int, default=40, help="cases per finding (phantoms) or per source (real films)")
    parser.add_argument("--few", type=int, default=12, help="cases for the slow measures: perturbation, noise, randomisation")
    given = parser.parse_args(arguments)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    methods = tuple(given.methods or explainers.panel())
    for method in methods:
        measuring.asked(method)
    registry = Registry(settings.models)
    card = registry.card(given.model)
    classifier = Loaded(registry, settings.device).get(card)
    known = list(cases.phantoms(card.findings, given.cases) if card.phantom else cases.boxed(given.data, given.cases))
    known = [case for case in known if case.finding in card.findings]
    print(f"{len(known)} cases, {len(methods)} methods", flush=True)
    values = measuring.localise(classifier, known, methods, lambda told: print(told, flush=True))
    few = known[:: max(1, len(known) // given.few)][: given.few]
    for name, measure in (
        ("perturbation", measuring.perturb),
        ("max-sensitivity", measuring.sensitivity),
        ("between findings", measuring.between_findings),
        ("randomisation", measuring.randomisation),
    ):
        print(f"{name}: {len(few)} cases", flush=True)
        values += measure(classifier, few, methods)
    report = Report(card, methods, tuple(measuring.summarise(values)), len(known))
    write(report, given.out)
    for sentence in report.warnings():
        print(f"warning: {sentence}")
    print(f"written: {given.out / 'report.html'}")
    return 0
