"""What the product may say: every message id in templates and code, for the catalogues and for the test that holds them to it.

Knows where sentences stand: in ``_("…")`` of templates and pages, as the template of an AppError wherever one is raised, in the
calls by which ingest warns, stacks tell what is odd about them and a worker tells how far it is, and in the few constants that
are translated by name.
"""

import ast
import tomllib
from collections.abc import Container, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from app import explainers
from app.anatomy import NAMES, knee
from app.anatomy import reasons as unmeasured
from app.anatomy.ground import REGIONS, TITLE
from app.anatomy.masks import ELSEWHERE, PLACES
from app.classifiers import reasons
from app.classifiers.registry import BESIDE, GONE, Registry
from app.config import ROOT
from app.desk import drawn
from app.desk.disc import LEFT_OUT
from app.domain import EVERY_REASON, FINDINGS, KNEE_FINDINGS, NO_FINDING
from app.explainers.variants import VARIANTS
from app.stacks import JOINED, NO_SERIES_UID, UNFIT
from app.store import RENAMED, faults
from app.web import errors
from app.web.i18n import FOLDER

CALLS: dict[str, Any] = {
    "_": None, "gettext": None, "ngettext": (1, 2), "warn": None, "progress": (5,), "fail": (3,), "Oddity": None,
}  # fmt: skip
"""The calls that take a message id, and which of their arguments it is; None: the first."""
COMMANDS = {"adoption", "bench", "cli.py", "product.py", "torture", "training", "reporting", "__main__.py"}
"""The rooms that speak on the command line only, which is English."""
NAMED = (
    "no positive evidence", "not defined", "constant input",  # app.domain.Explanation.state
    "computed on cpu: the GPU was out of memory", "computed in smaller pieces: the GPU was out of memory",
    "share of the relevance absorbed by biases",  # notes of app.explainers.base
    "share of the term of the whole film",  # of app.explainers.attended
    "The same map as CAM, scaled: this network ends in pooling and one linear layer. The picture is its positive part.",
    # a note of app.explainers.methods.gradcam
    "The same map for every finding: what is looked at knows no finding.",  # of app.explainers.attention
    "there is no mask of where this finding occurs: no reader drew boxes of it",  # of app.explainers.methods.prior_cam
    "FGSM 1/255", "contrast", "mass over area", "holds the finding", "share of the film", "on the finding", "random crop",
    "middle crop", "crop", "last glimpse", "any glimpse", "random window", "middle window", "random map", "centre prior",
    "mean box",  # of app.reporting.compared, as app.web.growing shows them
    "The network does not read it.", "Its study was removed.",  # why a case of a cohort was not read
)  # fmt: skip
"""Sentences that values carry, translated where they are shown."""


def _template(root: Path) -> set[str]:
    """What the card of a network that somebody adds says, unless they say it themselves."""
    card = tomllib.loads((root / "app" / "adoption" / "template.toml").read_text(encoding="utf-8"))
    return {card["summary"], card["intended_use"], card["banner"], card["terms"], *card["limits"]}


@cache
def spoken(root: Path = ROOT) -> frozenset[str]:
    """Every message id, of a plural the one for a single thing."""
    found = {
        *NAMED,
        *_template(root),
        GONE,
        JOINED,
        NO_SERIES_UID,
        *UNFIT,
        RENAMED,
        LEFT_OUT,
        *EVERY_REASON,
        *errors.TITLES.values(),
        *errors.SENTENCES.values(),
    }
    found |= {
        *reasons.REASONS,
        *reasons.REMARKS,
        *unmeasured.REASONS,
        *NAMES.values(),
        *knee.NAMES.values(),
        knee.TITLE,
        knee.DRAWN_ONLY,
        *REGIONS,
        TITLE,
        ELSEWHERE,
        *PLACES,
        *faults.WAITING.values(),
        faults.ANYTHING,
    }
    found |= {finding.replace("_", " ") for finding in (*FINDINGS, NO_FINDING, *KNEE_FINDINGS)}
    for name in explainers.names():
        method = explainers.describe(name)
        found |= {method.title, method.summary, method.caution, *method.ends}
    found |= {word for ends in drawn.ENDS.values() for word in ends}
    found |= {text for variant in VARIANTS.values() for text in (variant.title, variant.summary, variant.caution)}
    for path in sorted((root / "templates").rglob("*.html")):
        found |= set(_messages("jinja2.ext:babel_extract", path, CALLS))
    calls = CALLS | dict.fromkeys(_errors(root / "app"))
    modules = [path for path in sorted((root / "app").rglob("*.py")) if not COMMANDS.intersection(path.relative_to(root).parts)]
    for path in modules:
        found |= set(_messages("python", path, calls))
    found |= set(_constants(modules, calls))
    for path in sorted((root / "app" / "ingest").glob("*.py")):
        found |= set(_sentences(path))
    return frozenset(found - {""})


def cards(root: Path = ROOT, names: Container[str] | None = None) -> set[str]:
    """What the networks' cards say for people; of some networks only, when names are given. A card may stay untranslated."""
    found: set[str] = set()
    registry = Registry(root / "models")
    for card in (*registry.cards(), *registry.beside()):
        if names is None or card.name in names:
            found |= {card.title, card.summary, card.banner, card.intended_use, card.terms, *card.limits}
            found |= {card.operating_rule, *(row.source for row in card.operating)}
            found |= {text for source in card.data for text in (source.name, source.terms, source.shows)}
            found |= {figure.source for figure in card.figures} | {row.source for row in card.calibration}
            found |= {name for row in card.outside for name in (row.left_out, row.tested_on)}
            found |= {card.beside_name, card.looked_at_summary, *(row.seen for row in card.looked_at)}
            if card.kind in BESIDE:  # what it tells apart and counts is no finding of the product's list
                found |= {*card.findings, *(figure.finding for figure in card.figures)}
    return found - {""}


def plurals(root: Path = ROOT) -> dict[str, str]:
    """The English plural of every sentence that counts something; all of them stand in templates."""
    return {
        message[0]: message[1]
        for path in (root / "templates").rglob("*.html")
        for _line, message, _comments, _context in extract_from_file("jinja2.ext:babel_extract", path, keywords=CALLS)
        if isinstance(message, tuple)
    }


def _messages(method: str, path: Path, calls: dict[str, Any]) -> Iterator[str]:
    for _line, message, _comments, _context in extract_from_file(method, path, keywords=calls):
        yield message if isinstance(message, str) else message[0]


def _constants(modules: Iterable[Path], calls: dict[str, Any]) -> Iterator[str]:
    """The sentences that stand in a module's constants and are handed to one of the calls by name."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in modules]
    values = {
        target.id: node.value.value
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        place = (calls.get(name) or (1,))[0] - 1
        if name in calls and place < len(call.args):
            for part in ast.walk(call.args[place]):  # one of two constants may be chosen on the spot
                constant = part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "")
                if constant in values:
                    yield values[constant]


def _sentences(path: Path) -> Iterator[str]:
    """Every text of a module that ends as a sentence does, docstrings aside: ingest keeps many of its sentences in tables."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in described else None
        if isinstance(text, str) and " " in text and text.endswith("."):
            yield text


def _errors(folder: Path) -> set[str]:
    """The names of AppError and of every class below it, wherever it is written."""
    classes = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    known = {"AppError"}
    while more := {name for name, bases in classes.items() if bases & known} - known:
        known |= more
    return known


def translated(language: str) -> dict[str, str]:
    """A catalogue's translations by message id; of a plural the only form (Korean has one)."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        entries = [entry for entry in read_po(file, locale=language) if entry.id]
    return {_first(entry.id): _first(entry.string) for entry in entries}


def _first(text: Any) -> str:
    return text if isinstance(text, str) else str(text[0])
