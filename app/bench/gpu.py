"""The explainers on a GPU: whether its maps are the CPU's, what they do when its memory runs out, and how long they take.

Without a GPU nothing is measured, and that is said: no figure of a CPU stands in for one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from app import explainers
from app.bench.explainers import BESIDE, Bench, Peers
from app.bench.figures import Figure
from app.domain import Layer
from app.errors import Unavailable

CLOSE = 1e-3
"""By how much, in relative norm, maps of two devices may differ."""
FAULTS = 20
OUT_OF_MEMORY = "the GPU was out of memory"
"""What every note of a fault that ended well says."""
WELL = "injected out-of-memory faults that ended well"


class Faults(TorchFunctionMode):
    """Runs out of memory ``times`` times, each time after ``after`` torch calls on ``device``."""

    def __init__(self, device: str, after: int, times: int) -> None:
        super().__init__()
        self.device, self.after, self.times, self.seen = device, after, times, 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The call itself, or the fault in its place: what makes no tensor there needs no memory."""
        result = func(*args, **(kwargs or {}))
        if self.times and isinstance(result, Tensor) and func.__name__ != "__get__":
            with torch._C.DisableTorchFunction():
                self.seen += result.device.type == self.device
            if self.seen > self.after:
                self.seen, self.times = 0, self.times - 1
                raise torch.OutOfMemoryError("injected: out of memory")
        return result


def measure(repeat: int, name: str = "chest-compact") -> Iterator[Figure]:
    """Differences per method, faults, seconds. Unavailable where there is no GPU."""
    if not torch.cuda.is_available():
        raise Unavailable(
            "PyTorch sees no GPU here: whether its maps are the CPU's, and how long it takes, stays unmeasured on this machine."
        )
    cuda, cpu = Bench.open(name, "cuda"), Bench.open(name, "cpu")
    for method, difference in differences(cuda, cpu).items():
        yield Figure(f"{method}: CUDA against CPU, relative norm", "", (difference,))
    yield Figure(WELL, "faults", (float(stood(cuda, cpu)),))
    with torch.inference_mode():
        yield Figure("forward on CUDA", "s", cuda.seconds(lambda: cuda.classifier.network(cuda.film), repeat))
    for method in explainers.panel():
        taken = cuda.seconds(lambda method=method: cuda.ours([method]), repeat)  # type: ignore[misc]
        yield Figure(f"ours: {method}, all findings, forward included", "s", taken)
    yield Figure("ours: CAM + Grad-CAM + saliency + LRP", "s", cuda.seconds(lambda: cuda.ours(BESIDE), repeat))
    peers = Peers(cuda)
    yield Figure("captum: saliency, batched", "s", cuda.seconds(peers.saliency_batched, repeat))
    yield Figure("peers, one call at a time", "s", cuda.seconds(peers.one_by_one, repeat))
    yield Figure("peers, batched where they can", "s", cuda.seconds(peers.batched, repeat))


def missed(figures: Sequence[Figure]) -> bool:
    """Whether maps differ by more than `CLOSE`, or a fault ended badly."""
    return any((not one.unit and one.value > CLOSE) or (one.unit == "faults" and one.value < FAULTS) for one in figures)


def differences(one: Bench, other: Bench) -> dict[str, float]:
    """The largest relative difference of a method's maps for any finding, by method."""
    findings = one.classifier.card.findings
    found = {}
    for method in explainers.names():
        pairs = zip(maps(one, method, findings), maps(other, method, findings), strict=True)
        found[method] = max(apart(ours, theirs) for ours, theirs in pairs)
    return found


def maps(bench: Bench, method: str, findings: Sequence[str]) -> list[Layer]:
    """A method's layers of the bench's film."""
    trace = explainers.record(bench.classifier, bench.series)
    return explainers.load(method).explain(bench.classifier, trace, findings)


def apart(one: Layer, other: Layer) -> float:
    """Norm of the difference over the norm of the second; infinite where only one has a picture."""
    if one.state != other.state:
        return float("inf")
    norm = float(np.linalg.norm(other.values))
    return float(np.linalg.norm(one.values - other.values)) / norm if norm else float(np.abs(one.values).max())


def stood(tried: Bench, sound: Bench) -> int:
    """How many of `FAULTS` faults, in every method of the panel and at various moments, end with the map of the sound device
    and a note that says what happened."""
    panel = explainers.panel()
    return sum(ends_well(tried, sound, panel[n % len(panel)], 1 + 7 * n, 1 + n % 3) for n in range(FAULTS))


def ends_well(tried: Bench, sound: Bench, method: str, after: int, times: int) -> bool:
    """One fault, or ``times`` in one go. One that never came, for the method is done with fewer calls, comes at the first."""
    classifier, findings = tried.classifier, tried.classifier.card.findings
    trace = explainers.record(classifier, tried.series)
    for moment in (after, 0):
        with Faults(classifier.device.type, moment, times) as faults:
            found = explainers.load(method).explain(classifier, trace, findings)
        if faults.times < times:
            break
    noted = all(any(OUT_OF_MEMORY in note for note in layer.notes) for layer in found)
    return noted and all(apart(a, b) <= CLOSE for a, b in zip(found, maps(sound, method, findings), strict=True))
