"""The `models` command: `models list`, `show`, `check`, `add`, `ranges`, `points`, `calibrate`, `default`, `remove`.

Loads torch only to add, to check and to measure.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.adoption import shelf
from app.classifiers.card import Card
from app.classifiers.registry import Registry
from app.config import Settings
from app.errors import InputError

if TYPE_CHECKING:
    import torch

ARCHITECTURES = (
    "convnext-tiny", "densenet-121", "densenet-169", "densenet-201", "efficientnet-b0", "efficientnet-lite0",
    "resnet-18", "resnet-34", "resnet-50", "resnet-101",
)  # fmt: skip
PRESETS = ("torchvision", "torchxrayvision", "whylight")
NOTICE = "Research use only — not for clinical use."


def main(arguments: list[str]) -> int:
    """Parse the arguments after `models` and run; returns the exit code."""
    given = parser().parse_args(arguments or ["list"])
    run: Callable[[argparse.Namespace, Settings], int] = given.run
    return run(given, Settings())


def parser() -> argparse.ArgumentParser:
    """Every word and its options."""
    top = argparse.ArgumentParser(
        prog="python -m app models", description=f"The networks there are, and bringing one's own. {NOTICE}"
    )
    words = top.add_subparsers(title="what to do (default: list)", required=True)
    words.add_parser("list", help="the networks there are").set_defaults(run=listed)
    for word, run, line in (
        ("show", show, "one network's card"),
        ("check", check, "load a network, run it on a phantom film, try every method"),
        ("default", default, "let a network be chosen by itself, in place of those that read the same kind of study"),
        ("remove", remove, "take away a network that was added; what it said stays stored"),
    ):
        one = words.add_parser(word, help=line, description=line.capitalize() + ".")
        one.add_argument("name", metavar="NAME")
        one.set_defaults(run=run)
        if word == "remove":
            one.add_argument("--yes", action="store_true", help="do not ask")
    ranges_ = words.add_parser(
        "ranges",
        help="write onto a network's card where the colours of its maps end",
        description="Compute a network's maps on films that it was not fitted to, and write onto its card where their colours "
        "end, so that a pale map means the same on every film.",
    )
    ranges_.add_argument("name", metavar="NAME")
    ranges_.add_argument(
        "--of", default="", choices=("validation", "phantoms"), help="default: validation films where it has any"
    )
    ranges_.add_argument("--data", type=Path, metavar="FOLDER", help="of the films (default: WHYLIGHT_DATA)")
    ranges_.add_argument("--cases", type=int, default=0, help="how many films or exams (default: 240, 150 phantoms, 24 exams)")
    ranges_.add_argument("--methods", nargs="+", metavar="METHOD", help="default: those that it opens with")
    ranges_.set_defaults(run=ranges)
    _devices_of(words)
    _points_of(words)
    _calibrated_by(words)
    add_ = words.add_parser(
        "add",
        help="bring a network of one's own, from a file of weights",
        description="Bring a network of one's own: safetensors, or a state dict as PyTorch saves it. Nothing in the file is "
        "run. The network is tried on a phantom film before it can be chosen.",
    )
    add_.add_argument("file", type=Path, metavar="FILE", help=".safetensors, .pt, .pth or .bin; a folder of them: an MRNet")
    add_.add_argument("--name", required=True, help="lower-case letters, digits and hyphens")
    add_.add_argument("--architecture", default="", choices=ARCHITECTURES, help="default: read off the weights")
    add_.add_argument(
        "--labels", default="", metavar="nih|xrv|FILE", help="what the outputs are, in their order; a name a line"
    )
    add_.add_argument("--channels", type=int, default=0, choices=(1, 3), help="input channels; default: read off the weights")
    add_.add_argument("--size", type=int, default=0, metavar="PIXELS", help="side of the network's input (default: 224)")
    add_.add_argument("--preset", default="", choices=PRESETS, help="how films were prepared for it")
    add_.add_argument("--card", type=Path, metavar="FILE", help="a card to begin with, in TOML; default: a template")
    add_.add_argument("--table", type=Path, metavar="FILE", help="films with labels, as “models points” takes them")
    add_.add_argument("--images", type=Path, metavar="FOLDER", help="where the table's films lie (default: beside it)")
    add_.add_argument("--default", action="store_true", help="let it be chosen by itself, as “models default” does")
    add_.set_defaults(run=add)
    return top


def _devices_of(words: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The options of `models devices`."""
    made = words.add_parser(
        "devices",
        help="write onto a chest network's card how well its answers tell a drawn device",
        description="Draw drains, catheters, electrodes and pacemakers into films, and write onto a chest network's card how "
        "well each of its answers tells, among films without the finding, that there is one.",
    )
    made.add_argument("name", metavar="NAME")
    made.add_argument("--part", choices=("validation", "test"), default="test", help="of which films (default: test)")
    made.add_argument("--data", type=Path, metavar="FOLDER", help="of the films (default: WHYLIGHT_DATA)")
    made.add_argument("--cases", type=int, default=0, help="how many films (default: 400)")
    made.set_defaults(run=devices)


def _calibrated_by(words: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The options of `models calibrate`."""
    made = words.add_parser(
        "calibrate",
        help="fit a network's probabilities anew, every source alike, and measure it anew",
        description="Fit the probabilities of a network that was trained on our collections to their validation patients, "
        "every one with the same weight; tell figures, calibration and operating points of the test patients; write all of it.",
    )
    made.add_argument("name", metavar="NAME")
    made.add_argument("--data", type=Path, metavar="FOLDER", help="of the collections (default: WHYLIGHT_DATA)")
    made.add_argument(
        "--answers", type=Path, metavar="FILE", help="keep what the network says in FILE (.npz), or take it from there"
    )
    made.add_argument("--dry", action="store_true", help="print what would be written, and write nothing")
    made.set_defaults(run=calibrate)


def _points_of(words: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The options of `models points`."""
    made = words.add_parser(
        "points",
        help="choose from which probability on a network calls each finding, and write it onto its card",
        description="Choose, on films that a network was not fitted to, from which probability on it calls each finding; tell "
        "of other patients what that does (sensitivity, specificity, 95 % intervals); write both onto its card.",
    )
    made.add_argument("name", metavar="NAME")
    made.add_argument(
        "--table", type=Path, metavar="FILE", help="films with labels: a CSV with the columns image, patient and the findings"
    )
    made.add_argument("--images", type=Path, metavar="FOLDER", help="where the table's films lie (default: beside it)")
    made.add_argument("--data", type=Path, metavar="FOLDER", help="of the collections (default: WHYLIGHT_DATA)")
    made.add_argument("--cases", type=int, default=0, help="how many drawn films or exams of each part (default: 1000, 150)")
    made.add_argument(
        "--answers", type=Path, metavar="FILE", help="keep what the network says in FILE (.npz), or take it from there"
    )
    made.add_argument("--dry", action="store_true", help="print what would be written, and write nothing")
    made.set_defaults(run=points)


def listed(_: argparse.Namespace, settings: Settings) -> int:
    """Name, version, what they read, title."""
    registry = Registry(settings.models)
    cards = registry.cards()
    if not cards:
        print(f"There are no networks in {settings.models}.")
    for card in cards:
        print(f"{card.name}  {card.sha256[:12]}  {reads(card)}  {len(card.findings)} findings  {card.title}")
    for card in registry.beside():
        print(f"{card.name}  {card.sha256[:12]}  {card.kind}  {card.title}")
    return 0


def reads(card: Card) -> str:
    """What a network reads, and whether it is chosen by itself."""
    if card.kind == "guard":
        return "what chest networks are to read, before they do"
    if card.kind == "segmentation":
        return "what chest networks read, beside them"
    kinds = f"{'/'.join(card.modalities)} {'/'.join(card.body_parts)}" + (" phantoms" if card.phantom else "")
    chosen = "" if card.default else ", by name only"
    return kinds + chosen + (f", a second opinion beside {card.second_to}" if card.second_to else "")


def show(given: argparse.Namespace, settings: Settings) -> int:
    """The card in words."""
    registry = Registry(settings.models)
    card = next((one for one in registry.beside() if one.name == given.name), None) or registry.card(given.name)
    how = card.preprocessing
    scale = f"{how.scale[0]:g} to {how.scale[1]:g}" + (f", less {list(how.mean)}, by {list(how.std)}" if how.mean else "")
    size = f"{card.weights.stat().st_size / 1e6:.1f} MB" if card.weights.is_file() else "not there"
    lines = {
        "title": card.title,
        **({"banner": card.banner} if card.banner else {}),
        "summary": card.summary,
        "reads": reads(card),
        "findings": ", ".join(card.findings),
        "architecture": f"{card.architecture}, {card.input_size} × {card.input_size} pixels, {how.channels} channel(s)",
        "films": f"{how.stretch}, {how.fit} to a square, scaled to {scale}",
        "weights": f"{size}, sha256 {card.sha256}",
        "figures": f"{len(card.figures)} on the card" if card.figures else "none: nobody has said how good it is",
        "calls": "; ".join(f"{finding} from {card.point(finding):.3g} on" for finding in card.findings if card.pointed(finding))
        or "no operating point on the card: called from 0.5 on",
        "intended use": card.intended_use,
        "terms": card.terms,
        **{f"limit {number}": text for number, text in enumerate(card.limits, 1)},
        **{f"origin: {key}": "; ".join(value) if isinstance(value, list) else value for key, value in card.origin.items()},
        **{f"check: {key}": value for key, value in card.check.items()},
    }
    wide = max(map(len, lines))
    print(f"{card.name}\n" + "\n".join(f"  {key:<{wide}}  {value}" for key, value in lines.items()))
    return 0


def check(given: argparse.Namespace, settings: Settings) -> int:
    """The check run; 1 when something is not as it should be."""
    from app.adoption import trial
    from app.classifiers.loading import load, load_exam

    card = Registry(settings.models).card(given.name)
    where = device(settings)
    found = trial.run_exam(load_exam(card, where)) if card.kind == "exam" else trial.run(load(card, where))
    print(f"{card.name}  {card.sha256[:12]}: the weights are the ones on the card.")
    print(trial.table(found))
    if card.banner:
        print(f"  {card.banner}")
    for fault in found.faults():
        print(f"  {fault}")
    return 1 if found.faults() else 0


def add(given: argparse.Namespace, settings: Settings) -> int:
    """Take a network in, and say what was done and found."""
    from app.adoption import addition, exams, trial

    if given.file.is_dir():
        card, tried, told = exams.add(given.file, given.name, settings.models, device(settings), given.card)
        print("\n".join(f"  {line}" for line in told))
        print(trial.table(tried))
        print(f"Added {card.name}: {card.folder}. It reads knee exams of people from now on. {NOTICE}")
        return 0

    added = addition.add(
        addition.Request(
            file=given.file,
            name=given.name,
            architecture=given.architecture,
            labels=given.labels,
            channels=given.channels,
            size=given.size,
            preset=given.preset,
            card=given.card,
        ),
        settings.models,
        device(settings),
    )
    print("\n".join(f"  {line}" for line in added.told))
    print(trial.table(added.trial))
    for fault in added.trial.faults():
        print(f"  {fault}")
    print(f"Added {added.card.name}: {added.card.folder}. Its answers are worth what its card can say of them. {NOTICE}")
    print(f"Its maps are drawn each in a range of its own, until: python -m app models ranges {added.card.name}")
    if given.table:
        given.data = given.answers = None
        given.cases, given.dry = 0, False
        try:
            points(given, settings)
        except InputError as error:
            print(f"It calls findings from 0.5 on: {error.sentence}")
    else:
        print(f"It calls findings from 0.5 on, until: python -m app models points {added.card.name} --table labels.csv")
    if given.default:
        return default(given, settings)
    print(f"It reads when it is chosen on the case page, or by itself after: python -m app models default {added.card.name}")
    return 0


def ranges(given: argparse.Namespace, settings: Settings) -> int:
    """Measure and write."""
    from app import explainers
    from app.adoption import ranges as colours
    from app.classifiers.loading import load, load_exam

    card = Registry(settings.models).card(given.name)
    methods = tuple(explainers.describe(name).name for name in given.methods or explainers.panel(card))

    def say(line: str) -> None:
        print(line, flush=True)

    if card.kind == "exam":
        source, seen = (
            "phantoms",
            colours.of_exams(load_exam(card, device(settings)), given.cases or colours.EXAMS, methods, say),
        )
    else:
        source, films = colours.films(card, given.data or settings.data, given.of, given.cases)
        seen = colours.of_films(load(card, device(settings)), films, methods, say)
    rows = list(seen.rows(source))
    colours.write(card, rows)
    print(f"{len(rows)} ranges of {source} are on the card of {card.name}.")
    return 0


def devices(given: argparse.Namespace, settings: Settings) -> int:
    """Measure and write."""
    from app.classifiers.loading import load
    from app.training import telling

    card = Registry(settings.models).card(given.name)
    if card.kind != "network":
        raise InputError("“%(name)s” reads no films.", {"name": card.name})
    found = telling.telling(load(card, device(settings)), given.data or settings.data, given.part, given.cases or telling.FILMS)
    rows = telling.rows(found, given.part)
    for row in rows:
        print(f"{row['finding']:20} tells a drawn device {row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]", flush=True)
    telling.write(card, rows)
    print(f"{len(rows)} rows are on the card of {card.name}.")
    return 0


def points(given: argparse.Namespace, settings: Settings) -> int:
    """Choose, tell and write."""
    from app.adoption import points as calling
    from app.classifiers.loading import load, load_exam

    card = Registry(settings.models).card(given.name)

    def say(line: str) -> None:
        print(line, flush=True)

    if card.kind == "exam":
        if given.table:
            raise InputError("A table names films. The points of a network of exams are chosen on drawn exams.")
        answered = calling.of_exams(load_exam(card, device(settings)), say, given.cases or calling.EXAMS)
    elif given.table:
        answered = calling.of_table(load(card, device(settings)), given.table, given.images, say, given.answers)
    elif card.phantom:
        answered = calling.of_phantoms(load(card, device(settings)), say, given.cases or calling.PHANTOMS)
    else:
        answered = calling.of_collections(load(card, device(settings)), given.data or settings.data, say, given.answers)
    found = calling.chosen(card, answered)
    print("\n".join(calling.told(found)))
    if given.dry:
        return 0
    calling.write(card, found)
    count = len({row["finding"] for row in found.rows})
    print(f"The card of {card.name} says from which probability on it calls each of {count} findings.")
    return 0


def calibrate(given: argparse.Namespace, settings: Settings) -> int:
    """Fit, measure, tell and write."""
    from app.adoption import calibrating
    from app.classifiers.loading import load

    def say(line: str) -> None:
        print(line, flush=True)

    classifier = load(Registry(settings.models).card(given.name), device(settings))
    found = calibrating.fitted(classifier, given.data or settings.data, say, given.answers)
    print("\n".join(calibrating.told(classifier.card, found)))
    if not given.dry:
        calibrating.write(classifier, found)
        print(f"The card of {given.name} says what came out; its weights have another checksum now.")
    return 0


def device(settings: Settings) -> "torch.device":
    """Where networks run, with the threads that the settings allow."""
    import torch

    from app.classifiers.loading import pick_device

    if settings.threads:
        torch.set_num_threads(settings.threads)
    return pick_device(settings.device)


def default(given: argparse.Namespace, settings: Settings) -> int:
    """Choose by itself."""
    others = shelf.make_default(Registry(settings.models), given.name)
    instead = f", instead of {', '.join(card.name for card in others)}" if others else ""
    print(f"“{given.name}” is chosen by itself now{instead}.")
    return 0


def remove(given: argparse.Namespace, settings: Settings) -> int:
    """Ask, then take away."""
    registry = Registry(settings.models)
    card = registry.card(given.name)
    if not given.yes and not agreed(
        f"Take away “{card.name}” ({card.title}) and its weights? What it said stays stored. [y/N] "
    ):
        print("Nothing was done.")
        return 2
    shelf.remove(registry, given.name)
    print(f"Took away {card.name}. Its predictions, maps and verdicts stay stored, and its card to show them with.")
    return 0


def agreed(question: str) -> bool:
    """Whether somebody says yes; nobody there says no."""
    print(question, end="", flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
