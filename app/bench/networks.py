"""One forward pass of every network there is, at its own size, beside a DenseNet-121 at 224 pixels: the same threads, one run.

CPU seconds of this process on a CPU, so that a busy machine hardly touches them, and wall time on a GPU.
"""

from collections.abc import Iterator
from functools import partial

import torch

from app.bench.explainers import Bench, ratio
from app.bench.figures import Figure
from app.classifiers.networks import build
from app.classifiers.registry import Registry
from app.config import Settings

BESIDE, SIZE, FINDINGS = "densenet-121", 224, 14


def measure(repeat: int) -> Iterator[Figure]:
    """The DenseNet's seconds, then each network's seconds and its part of those."""
    benches = [Bench.open(card.name) for card in Registry(Settings().models).cards() if card.kind == "network"]
    if not benches:
        return
    first = benches[0]
    network = build(BESIDE, FINDINGS, {}).to(first.film.device)
    film = first.film.new_zeros(1, 1, SIZE, SIZE).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        beside = first.seconds(lambda: network(film), repeat)
        yield Figure(
            f"forward of {BESIDE} {SIZE} px, 1 channel ({film.device}, {torch.get_num_threads()} thread(s))", "s", beside
        )
        for bench in benches:
            name = f"{bench.classifier.card.name} {bench.classifier.card.input_size} px"
            mine = bench.seconds(partial(bench.classifier.network, bench.film), repeat)
            yield Figure(f"forward of {name}", "s", mine)
            yield Figure(f"{name} ÷ {BESIDE} {SIZE} px", "×", ratio(mine, beside))
