"""An exam of three stacks of 32 slices of 256 × 256 pixels, in this process: the answer, five methods for one finding, memory.

Beside them the same slices through the bare encoders, with nothing kept, in the same run: the ratio says what the rest costs.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator

import torch

from app import explainers
from app.bench.figures import Figure
from app.classifiers.exam import ExamClassifier
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import READ_PLANES, Image, Plane, Series
from app.phantoms import knee

SLICES = 32
SIZE = 256
MODEL = "knee-phantom"


def exam() -> dict[Plane, Series]:
    """A drawn exam as the network reads it."""
    phantom = knee.draw(42, ["ACL discontinuity"], size=SIZE, slices=SLICES)
    series: dict[Plane, Series] = {}
    for number, stack in enumerate(phantom.stacks, start=1):
        uid = f"1.{number}"
        images = tuple(Image(f"{uid}.{index}", 1, pixels) for index, pixels in enumerate(stack.pixels, start=1))
        series[stack.plane] = Series(uid, "MR", images, body_part="KNEE")
    return series


def measure(repeat: int) -> Iterator[Figure]:
    """Every figure of an exam. The first round warms up and does not count."""
    registry = Registry(Settings().models)
    classifier = Loaded(registry, Settings().device).exam(registry.card(MODEL))
    stacks = exam()
    finding = classifier.card.findings[1]
    bare, answers, maps = [], [], []
    for _ in range(repeat + 1):
        bare.append(timed(lambda: forwards(classifier, stacks)))
        answers.append(timed(lambda: classifier.predict(stacks)))
        maps.append(timed(lambda: explained(classifier, stacks, finding)))
    name = f"exam of {len(READ_PLANES)} × {SLICES} slices of {SIZE} px"
    yield Figure(f"{name}: bare forward of every slice", "s", tuple(bare[1:]))
    yield Figure(f"{name}: probability", "s", tuple(answers[1:]))
    yield Figure(f"{name}: probability / bare forward", "×", tuple(a / b for a, b in zip(answers[1:], bare[1:], strict=True)))
    yield Figure(f"{name}: {len(explainers.panel())} methods for one finding", "s", tuple(maps[1:]))
    yield Figure(f"{name}: methods / bare forward", "×", tuple(m / b for m, b in zip(maps[1:], bare[1:], strict=True)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    yield Figure(f"{name}: most memory of this process so far", "bytes", (float(peak),))


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@torch.inference_mode()
def forwards(classifier: ExamClassifier, stacks: dict[Plane, Series]) -> None:
    """Every slice through its plane's encoder, one after the other, nothing prepared and nothing kept."""
    size = classifier.card.input_size
    for member, part in classifier.parts:
        blank = part.channels(torch.zeros(1, 1, size, size))
        for _ in stacks[member.plane].images:
            part.network.pooled(blank)  # type: ignore[operator]


def explained(classifier: ExamClassifier, stacks: dict[Plane, Series], finding: str) -> None:
    """The default methods' maps of one finding in every plane."""
    for plane, series in stacks.items():
        part = classifier.member(plane, finding)
        trace = explainers.record(part, series)
        for method in explainers.panel():
            explainers.load(method).explain(part, trace, (finding,))
