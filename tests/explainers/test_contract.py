"""The contract of every method on every family: finite, the same in a batch as alone, nothing left behind, safe in threads."""

import gc
import threading
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor, nn

from app import explainers
from app.classifiers.classifier import Classifier
from app.explainers.methods.lrp import LRP
from app.explainers.methods.rap import RAP
from app.explainers.methods.rap_contrastive import RAPContrastive
from app.explainers.relevance.engine import Rules, propagate
from app.explainers.relevance.lrp import LRPRules
from app.explainers.relevance.plan import Step
from app.explainers.relevance.rap import RAPRules
from app.explainers.tape import tape
from app.explainers.trace import Trace
from tests.explainers.families import FAMILIES, FINDINGS, OWN, POOLED, STACKS, even, exact, family, film, series

TARGETS = range(len(FINDINGS))
PROPAGATING = {
    "lrp": LRP()._rules(),
    "lrp gamma": LRP(composite="EpsilonGammaBox")._rules(),
    "lrp epsilon": LRP(composite="Epsilon")._rules(),
    "rap": RAP()._rules(),
    "rap faithful": RAP(mode="faithful")._rules(),
    "rap contrastive": RAPContrastive()._rules(),
}


PAIRS = [
    (method, name)
    for method in explainers.names()
    for name in FAMILIES
    if (method not in ("cam", "prior_cam") or name in POOLED)
    and (method in explainers.panel() or name in ("compact", "plain", "stack", "masked", "attending stack"))
    and (not explainers.describe(method).only or OWN.get(name) in explainers.describe(method).only)
]
"""The panel's methods with every family they are defined for; the others, which run the network many times, with five."""


@pytest.mark.parametrize(("method", "name"), PAIRS)
def test_several_findings_at_once_are_each_alone(method: str, name: str) -> None:
    trace = explainers.record(exact(family(name)), series(film(1), film(2)))
    together = explainers.load(method).relevance(trace, TARGETS).maps
    assert together.shape[:2] == (len(FINDINGS), 2)
    for target in TARGETS:
        alone = explainers.load(method).relevance(trace, [target]).maps[0]
        torch.testing.assert_close(together[target], alone, rtol=1e-9, atol=1e-10 * float(alone.abs().max()))


@pytest.mark.parametrize(("method", "name"), [pair for pair in PAIRS if pair[1] not in STACKS])
def test_several_films_at_once_are_each_alone(method: str, name: str) -> None:
    reader, films = exact(family(name)), (film(1), film(2))
    together = explainers.load(method).relevance(explainers.record(reader, series(*films)), TARGETS).maps
    for index, one in enumerate(films):
        alone = explainers.load(method).relevance(explainers.record(reader, series(one)), TARGETS).maps[:, 0]
        torch.testing.assert_close(together[:, index], alone, rtol=1e-9, atol=1e-10 * float(alone.abs().max()))


@pytest.mark.parametrize(("method", "name"), PAIRS)
def test_finite_on_films_that_are_the_same_everywhere(method: str, name: str) -> None:
    """Black, grey and white right at the network's input, where nothing prepares them."""
    reader = family(name)
    trace = explainers.record(reader, series(even(7)))
    explainer = explainers.load(method)
    for value in (-2.0, 0.0, 2.0):
        film = torch.full_like(trace.input, value, requires_grad=True)
        recorded = tape(reader.network, film)
        flat = replace(trace, input=film, tape=recorded, logits=recorded.values[recorded.output].detach(), memo={})
        assert explainer.relevance(flat, TARGETS).maps.isfinite().all()
    for explanation in explainer.explain(reader, trace, FINDINGS):
        assert explanation.state == "constant input"
        assert not explanation.values.any()


class Watched(Rules):
    """Any rules, with an eye on what comes back to silent neurons."""

    def __init__(self, inner: Rules) -> None:
        self.inner = inner
        self.method = inner.method
        self.signed_sharing = inner.signed_sharing
        self.seen: list[str] = []

    def seed(self, trace: Trace, head: Step, targets: Sequence[int]) -> Tensor:
        return self.inner.seed(trace, head, targets)

    def weighted(self, trace: Trace, step: Step, r: Tensor, x: Tensor) -> Tensor:
        back = self.inner.weighted(trace, step, r, x)
        if not step.first:
            assert not back[:, x == 0].any(), step.name
            self.seen.append(step.name)
        return back


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("method", PROPAGATING)
def test_zeros_stay_zero(method: str, name: str) -> None:
    """A neuron that was silent gets no relevance through any layer with weights but the first."""
    watched = Watched(PROPAGATING[method])
    propagate(explainers.record(family(name), series(film(0))), watched, TARGETS)
    assert watched.seen


def test_relevance_is_positively_homogeneous_in_its_seed() -> None:
    """Three times the seed gives three times the map."""

    @dataclass(frozen=True)
    class TripleLRP(LRPRules):
        def seed(self, trace: Trace, head: Step, targets: Sequence[int]) -> Tensor:
            return 3 * super().seed(trace, head, targets)

    @dataclass(frozen=True)
    class TripleRAP(RAPRules):
        def seed(self, trace: Trace, head: Step, targets: Sequence[int]) -> Tensor:
            return 3 * super().seed(trace, head, targets)

    for name in FAMILIES:
        trace = explainers.record(exact(family(name)), series(film(0)))
        for once, thrice in ((LRP()._rules(), TripleLRP("EpsilonPlusFlat", 1e-6, 0.25)), (RAP()._rules(), TripleRAP())):
            expected = 3 * propagate(trace, once, TARGETS).maps
            found = propagate(trace, thrice, TARGETS).maps
            torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10 * float(expected.abs().max()))


def test_a_skip_connection_does_not_double_relevance() -> None:
    """Without a rule for the sum each block would hand its relevance to both branches: 2, 4, 8 … times the seed."""
    for name in ("compact", "basic", "bottleneck", "squeeze"):
        trace = explainers.record(exact(family(name)), series(film(0)))
        for rules in (LRP()._rules(), RAP()._rules()):
            totals = [layer.totals for layer in propagate(trace, rules, TARGETS, keep_layers=True).layers]
            torch.testing.assert_close(totals[-1], totals[0], rtol=1e-4, atol=0)


def hooks(network: nn.Module) -> int:
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)
        for module in network.modules()
    )


def test_a_thousand_calls_leave_nothing_behind() -> None:
    reader = family("compact")
    before = [parameter.clone() for parameter in reader.network.parameters()]
    methods = [explainers.load(method) for method in explainers.panel()]
    trace = explainers.record(reader, series(film(0)))

    def call(times: int) -> None:
        for index in range(times):
            methods[index % len(methods)].explain(
                reader, trace if index % 20 else explainers.record(reader, trace.series), FINDINGS[:1]
            )

    call(100)
    gc.collect()
    tensors = sum(type(item) is Tensor for item in gc.get_objects())
    call(800)
    tracemalloc.start()
    call(40)
    gc.collect()
    start = tracemalloc.get_traced_memory()[0]
    call(60)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - start
    tracemalloc.stop()
    assert grown < 50_000  # one forgotten trace or map per call would be several times that
    assert sum(type(item) is Tensor for item in gc.get_objects()) <= tensors
    assert hooks(reader.network) == 0
    for parameter, old in zip(reader.network.parameters(), before, strict=True):
        assert torch.equal(parameter, old)
        assert parameter.grad is None


def test_two_threads_draw_the_same_maps_as_one() -> None:
    readers = [family("basic"), family("dense")]
    shared = explainers.record(readers[0], series(film(9)))

    def maps(reader: Classifier, trace: Trace | None = None) -> list[Tensor]:
        trace = trace or explainers.record(reader, series(film(3)))
        return [explainers.load(method).relevance(trace, TARGETS).maps for method in explainers.panel()]

    alone = [maps(readers[0]), maps(readers[1]), maps(readers[0], explainers.record(readers[0], series(film(9))))]
    wrong: list[str] = []

    def work(index: int) -> None:
        for _ in range(8):
            found = maps(readers[index % 2], shared if index == 2 else None)
            for one, other in zip(found, alone[index], strict=True):
                if not torch.equal(one, other):
                    wrong.append(f"job {index}")

    threads = [threading.Thread(target=work, args=(index,)) for index in (0, 1, 2, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
