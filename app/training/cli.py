"""The `train` command: `train chest`, `train chest-phantom`, `train chest-phantom-shortcut`,
`train chest-shortcut`, `train guard`, `train anatomy`, `train masks`, `train knee`,
`train counterfactual`, `train autoencoder`, `train shift`."""

import argparse
from pathlib import Path

import torch

from app.classifiers.card import Card
from app.classifiers.loading import load
from app.classifiers.registry import Registry
from app.classifiers.segmenter import Segmenter
from app.config import ROOT, Settings
from app.domain import READ_PLANES
from app.errors import InputError
from app.training import chest, guard, guarding, layouts, masks, phantoms, shortcut
from app.training.anatomy import devices, knees
from app.training.anatomy import train as anatomy
from app.training.counterfactual import autoencoder, shift
from app.training.counterfactual import train as counterfactual
from app.training.exams import knee

CONFIGS = Path(__file__).resolve().parent
OURS = "chest-compact"
"""The network that comes with the product, and its training configuration."""


def main(arguments: list[str]) -> int:
    """Parse the arguments after `train` and run; returns the exit code."""
    settings = Settings()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    parser = argparse.ArgumentParser(
        prog="python -m app train", description="Train a network and write its folder under models/."
    )
    what = ["chest", "chest-phantom", "chest-phantom-shortcut", "chest-shortcut", "guard", "anatomy", "masks"]
    what += ["counterfactual", "autoencoder", "shift", "knee"]
    parser.add_argument("what", choices=what, help="which network")
    parser.add_argument(
        "--data",
        type=Path,
        default=settings.data,
        help="folder of real films, or a CSV table of them (default: the data setting); for knee: MRNet's folder",
    )
    parser.add_argument("--layout", choices=layouts.LAYOUTS, help="how the films are laid out (default: what is found there)")
    parser.add_argument(
        "--config", type=Path, help="training config, TOML (default: the one the shipped network was made with)"
    )
    parser.add_argument("--out", type=Path, help="model folder to write; its name is the network's (default: models/<name>)")
    parser.add_argument(
        "--runs", type=Path, default=settings.var / "training", help="folder for checkpoints, curves and decoded films"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="start anew where a run could be continued: deletes its checkpoint"
    )
    parser.add_argument("--films", type=int, help="at most that many films (phantoms) per source or part: a quick trial")
    parser.add_argument(
        "--trunk", type=int, help="fit only this one of the networks that are joined, from 1; the run without it does the rest"
    )
    parser.add_argument(
        "--so-far",
        action="store_true",
        help="chest: fit nothing; write the network as its run stands, which may be going on, with a card that says so",
    )
    parser.add_argument(
        "--phantoms", type=int, default=0, help="knee: draw that many exams and learn from them, not from --data"
    )
    parser.add_argument("--begin", type=Path, help="knee: a network's folder whose weights the planes begin with")
    parser.add_argument("--plane", choices=READ_PLANES, help="knee: fit only this plane; the run without it does the rest")
    parser.add_argument("--device", default=settings.device, help="auto, cpu, cuda or cuda:N")
    given = parser.parse_args(arguments)
    torch.set_flush_denormal(True)  # numbers next to nothing cost many times the others
    try:
        run(given, settings)
    finally:
        torch.set_flush_denormal(False)
    return 0


def run(given: argparse.Namespace, settings: Settings) -> None:
    """Train what was asked for."""
    if given.what == "guard":
        config, out = given.config or CONFIGS / "chest-guard.toml", given.out or ROOT / "models" / "chest-guard"
        guard.train(config, given.data, out, most=given.films)
        guarding.measure(out, given.data)
        return
    if given.what == "anatomy":
        outline(given)
        return
    if given.what == "masks":
        beside = Registry(settings.models).segmentation(Card.read(settings.models / OURS))
        if beside is None:
            raise InputError("There is no network that tells how a chest lies; train “anatomy” first.")
        segmenter = Segmenter.of(load(beside, torch.device("cpu")))
        masks.train(segmenter, given.data, given.out or ROOT / "models" / "chest-masks")
        return
    if given.what in ("counterfactual", "autoencoder", "shift"):
        change(given)
        return
    if given.what == "knee":
        name = "knee-phantom" if given.phantoms else "knee-mrnet"
        knee.train(
            given.config or CONFIGS / "exams" / f"{name.removesuffix('-mrnet')}.toml",
            None if given.phantoms else given.data,
            given.out or ROOT / "models" / name,
            given.runs,
            device=given.device,
            phantoms=given.phantoms,
            most=given.films,
            plane=given.plane,
            fresh=given.fresh,
            begin=given.begin,
        )
        return
    if given.what != "chest":
        config, out = given.config or CONFIGS / f"{given.what}.toml", given.out or ROOT / "models" / given.what
        if given.what == "chest-shortcut":
            shortcut.train(config, given.data, out, most=given.films)
        else:
            phantoms.train(config, out, given.runs, device=given.device, most=given.films, fresh=given.fresh)
        return
    layout = given.layout or layouts.detect(given.data)
    name = OURS if layout == "ours" else f"chest-{layout}"  # other films never overwrite the network that came with the product
    config, out = given.config or CONFIGS / f"{OURS}.toml", given.out or ROOT / "models" / name
    chest.train(
        config,
        given.data,
        out,
        given.runs,
        layout=layout,
        device=given.device,
        most=given.films,
        fresh=given.fresh,
        trunk=given.trunk,
        so_far=given.so_far,
    )


def change(given: argparse.Namespace) -> None:
    """Train what counterfactuals are made with: a generator, the autoencoder of the latent shift, or a network's directions."""
    if given.what == "shift":
        folder = given.out or ROOT / "models" / "chest"
        shift.train(folder, given.data, given.runs, layout=given.layout or "ours", device=given.device, most=given.films)
        return
    generator = given.what == "counterfactual"
    config = given.config or CONFIGS / "counterfactual" / f"{'phantom' if generator else 'autoencoder'}.toml"
    out = given.out or ROOT / "models" / ("chest-phantom-counterfactual" if generator else "chest-autoencoder")
    (counterfactual.train if generator else autoencoder.train)(
        config,
        given.data,
        out,
        given.runs,
        layout=given.layout or "ours",
        device=given.device,
        most=given.films,
        fresh=given.fresh,
    )


def outline(given: argparse.Namespace) -> None:
    """Train a network that says where parts of the body lie: of the chest, or of drawn knees, or drawn tubes and
    wires, where the config is of these."""
    config = given.config or CONFIGS / "anatomy.toml"
    if knees.about_knees(config):
        knees.train(config, given.out or ROOT / "models" / "knee-anatomy", given.runs, most=given.films, fresh=given.fresh)
    elif devices.about_devices(config):
        out = given.out or ROOT / "models" / "chest-devices"
        devices.train(config, given.data, out, given.runs, most=given.films, fresh=given.fresh)
    else:
        out = given.out or ROOT / "models" / "chest-anatomy"
        anatomy.train(config, given.data, out, given.runs, most=given.films, fresh=given.fresh)
