"""Our explainers beside public libraries: the same network, the same film, all findings, the same threads, one run.

CAM and Grad-CAM beside torchcam, saliency beside captum, LRP beside zennit: one call at a time, as their documentation
shows, and as one batch where they can; Grad-CAM beside pytorch-grad-cam too where that is installed. Times are CPU seconds of
this process on a CPU (a busy machine hardly touches them) and wall time on a GPU. The libraries come with the development
packages; they are never imported by the product.
"""

import resource
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from app import explainers
from app.bench.figures import Figure
from app.classifiers.classifier import Classifier
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.domain import Image, Series, Window
from app.errors import Unavailable
from app.phantoms import chest

BESIDE = ("cam", "gradcam", "saliency", "lrp")
"""The methods that peers have; RAP has none and is timed apart."""


@dataclass(frozen=True)
class Bench:
    """One loaded network, its film as a tensor (1, 1, size, size), and the clock of its device."""

    classifier: Classifier
    series: Series
    film: Tensor

    @classmethod
    def open(cls, name: str, device: str = "") -> "Bench":
        """The shipped network of that name, on a device or the settings' own, and a phantom film of 1024 px."""
        settings = Settings()
        registry = Registry(settings.models)
        classifier = Loaded(registry, device or settings.device).get(registry.card(name))
        drawn = chest.draw(5, ["Effusion"], size=1024)
        series = Series("1", "DX", (Image("1", 0, drawn.pixels, windows=(Window(2048, 4096),)),), "CHEST")
        return cls(classifier, series, classifier.prepare(series))

    def seconds(self, work: Callable[[], object], repeat: int) -> tuple[float, ...]:
        """How long ``work`` takes, after one warm-up: CPU seconds, on a GPU wall seconds with its queue emptied."""
        gpu = self.classifier.device.type == "cuda"
        clock = time.perf_counter if gpu else time.process_time
        samples = []
        for _ in range(repeat + 1):
            started = clock()
            work()
            if gpu:
                torch.cuda.synchronize()
            samples.append(clock() - started)
        return tuple(samples[1:])

    def ours(self, methods: Sequence[str]) -> None:
        """The product's way: one recorded forward pass, then every method for all findings."""
        trace = explainers.record(self.classifier, self.series)
        for method in methods:
            explainers.load(method).explain(self.classifier, trace, self.classifier.card.findings)

    def floor(self, *, batched: bool) -> None:
        """Four forward passes and four backward passes for all findings, by vmap (``batched``) or one finding after another."""
        for _ in range(4):
            film = self.film.clone().requires_grad_()
            logits = self.classifier.network(film)
            if batched:
                seeds = torch.eye(logits.shape[1], device=film.device)[:, None]
                torch.autograd.grad(logits, film, seeds, is_grads_batched=True)
                continue
            for target in range(logits.shape[1]):
                torch.autograd.grad(logits[0, target], film, retain_graph=True)


def measure(repeat: int, name: str = "chest-compact") -> Iterator[Figure]:
    """The panel beside its peers, its floor, RAP, and the memory it took above the loaded network."""
    bench = Bench.open(name)
    size, findings = bench.classifier.card.input_size, len(bench.classifier.card.findings)
    told = f"{name} {size} px, {findings} findings, {bench.classifier.device}, {torch.get_num_threads()} thread(s)"
    with torch.inference_mode():
        yield Figure(f"forward ({told})", "s", bench.seconds(lambda: bench.classifier.network(bench.film), repeat))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mine = bench.seconds(lambda: bench.ours(BESIDE), repeat)
    yield Figure("ours: CAM + Grad-CAM + saliency + LRP, all findings", "s", mine)
    alone = {method: bench.seconds(partial(bench.ours, [method]), repeat) for method in BESIDE}
    for method, taken in alone.items():
        yield Figure(f"ours: {method} alone, forward included", "s", taken)
    for title, method in (("RAP", "rap_contrastive"), ("RAP with the paper's start", "rap")):
        taken = bench.seconds(partial(bench.ours, [method]), repeat)
        yield Figure(f"ours: {title} alone, forward included", "s", taken)
        yield Figure(f"{title} alone ÷ LRP alone", "×", ratio(taken, alone["lrp"]))
    whole = bench.seconds(lambda: bench.ours(explainers.panel()), repeat)
    yield Figure("ours: whole panel with RAP", "s", whole)
    yield Figure(
        "memory above the loaded network", "bytes", (1024.0 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before),)
    )
    for label, batched in (("batched backwards", True), ("backwards one by one", False)):
        floor = bench.seconds(partial(bench.floor, batched=batched), repeat)
        yield Figure(f"four forwards + four {label}", "s", floor)
        yield Figure(f"panel without RAP ÷ four forwards + four {label}", "×", ratio(mine, floor))
        yield Figure(f"whole panel with RAP ÷ four forwards + four {label}", "×", ratio(whole, floor))
    peers = Peers(bench)
    single, batch = bench.seconds(peers.one_by_one, repeat), bench.seconds(peers.batched, repeat)
    yield Figure("peers, one call at a time", "s", single)
    yield Figure("peers, batched where they can", "s", batch)
    if peers.gradcam_elsewhere:
        other = bench.seconds(peers.other_gradcam, repeat)
        yield Figure("pytorch-grad-cam: Grad-CAM, one call at a time", "s", other)
        yield Figure("pytorch-grad-cam ÷ our Grad-CAM alone", "×", ratio(other, alone["gradcam"]))
    yield Figure("peers one call at a time ÷ ours", "×", ratio(single, mine))
    yield Figure("peers batched ÷ ours", "×", ratio(batch, mine))


def ratio(above: Sequence[float], below: Sequence[float]) -> tuple[float, ...]:
    """Median of one over median of the other."""
    return (float(np.median(above) / np.median(below)),)


class Peers:
    """torchcam, captum and zennit on the same network object; they hook it for a call and let go again."""

    def __init__(self, bench: Bench) -> None:
        sys.modules.setdefault("zennit.torchvision", types.ModuleType("zennit.torchvision"))  # it wants torchvision, needs none
        try:
            from captum.attr import Saliency  # noqa: PLC0415 - development packages, imported for this measurement only
            from torchcam.methods import CAM, GradCAM  # noqa: PLC0415
            from zennit.attribution import Gradient  # noqa: PLC0415
            from zennit.canonizers import SequentialMergeBatchNorm  # noqa: PLC0415
            from zennit.composites import EpsilonPlusFlat  # noqa: PLC0415
        except ImportError as error:
            raise Unavailable("The libraries to compare with are not installed; run “make develop”.") from error
        network, self.bench = bench.classifier.network, bench
        self.targets = range(len(bench.classifier.card.findings))
        layer = bench.classifier.card.explained_layer
        self.saliency = Saliency(network)
        self.cam = partial(CAM, network, target_layer=layer, fc_layer=last_linear(network))
        self.gradcam = partial(GradCAM, network, target_layer=layer)
        composite = partial(EpsilonPlusFlat, canonizers=[SequentialMergeBatchNorm()])
        self.lrp: Callable[[], Any] = lambda: Gradient(network, composite())
        self.gradcam_elsewhere = find_spec("pytorch_grad_cam") is not None

    def one_by_one(self) -> None:
        """Each method for each finding by a call of its own, with the forward pass that this takes."""
        network, film, one = self.bench.classifier.network, self.bench.film, torch.eye(len(self.targets))
        for target in self.targets:
            for method in (self.cam, self.gradcam):
                with method() as extractor:
                    extractor(target, network(film.clone().requires_grad_()))
            self.saliency.attribute(film.clone().requires_grad_(), target=target)
            with self.lrp() as attributor:
                attributor(film.clone(), one[target : target + 1].to(film.device))

    def other_gradcam(self) -> None:
        """pytorch-grad-cam's Grad-CAM, finding by finding."""
        from pytorch_grad_cam import GradCAM  # noqa: PLC0415 - as above
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # noqa: PLC0415

        network = self.bench.classifier.network
        layer = network.get_submodule(self.bench.classifier.card.explained_layer)
        with GradCAM(model=network, target_layers=[layer]) as method:
            for target in self.targets:
                method(input_tensor=self.bench.film.clone().requires_grad_(), targets=[ClassifierOutputTarget(target)])

    def saliency_batched(self) -> None:
        """captum's saliency with the film repeated once per finding."""
        films = self.bench.film.expand(len(self.targets), -1, -1, -1)
        self.saliency.attribute(films.clone().requires_grad_(), target=list(self.targets))

    def batched(self) -> None:
        """Saliency, Grad-CAM and LRP with the film repeated once per finding; CAM has all its weights at one forward."""
        network, count = self.bench.classifier.network, len(self.targets)
        films = self.bench.film.expand(count, -1, -1, -1)
        with self.cam() as extractor:
            logits = network(self.bench.film.clone().requires_grad_())
            for target in self.targets:
                extractor(target, logits)
        with self.gradcam() as extractor:
            extractor(list(self.targets), network(films.clone().requires_grad_()))
        self.saliency_batched()
        with self.lrp() as attributor:
            attributor(films.clone(), torch.eye(count, device=films.device))


def last_linear(network: nn.Module) -> str:
    """The path of the last linear layer."""
    return str([name for name, module in network.named_modules() if isinstance(module, nn.Linear)][-1])
