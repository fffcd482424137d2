"""The `train` command: `train chest`, `train chest-phantom`, `train chest-phantom-shortcut`, `train guard`."""

import argparse
from pathlib import Path

import torch

from app.config import ROOT, Settings
from app.training import chest, guard, guarding, phantoms

CONFIGS = Path(__file__).resolve().parent


def main(arguments: list[str]) -> int:
    """Parse the arguments after `train` and run; returns the exit code."""
    settings = Settings()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    parser = argparse.ArgumentParser(
        prog="python -m app train", description="Train a network and write its folder under models/."
    )
    parser.add_argument("what", choices=["chest", "chest-phantom", "chest-phantom-shortcut", "guard"], help="which network")
    parser.add_argument("--data", type=Path, default=settings.data, help="folder of real films (default: the data setting)")
    parser.add_argument(
        "--config", type=Path, help="training config, TOML (default: the one the shipped network was made with)"
    )
    parser.add_argument("--out", type=Path, help="model folder to write (default: models/<name>)")
    parser.add_argument("--runs", type=Path, default=settings.var / "training", help="folder for checkpoints and logs")
    parser.add_argument("--films", type=int, help="at most that many films (phantoms) per source or part: a quick trial")
    parser.add_argument("--device", default=settings.device, help="auto, cpu, cuda or cuda:N")
    given = parser.parse_args(arguments)
    name = {"chest": "chest-compact", "guard": "chest-guard"}.get(given.what, given.what)
    config, out = given.config or CONFIGS / f"{name}.toml", given.out or ROOT / "models" / name
    if given.what == "guard":
        guard.train(config, given.data, out, most=given.films)
        guarding.measure(out, given.data)
        return 0
    if given.what != "chest":
        phantoms.train(config, out, given.runs, device=given.device, most=given.films)
        return 0
    chest.train(config, given.data, out, given.runs, device=given.device, most=given.films)
    return 0
