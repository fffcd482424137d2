"""Agreement with public libraries where they compute the same thing: captum, torchcam and zennit, to 1e-4 relative. All in
double precision, so that no ReLU falls another way in the library's order of summation than in ours.

zennit asks for torchvision, whose import fails beside a CPU build of torch. It needs it for one module that is not used here,
so an empty one stands in. zennit is installed without its dependencies: requirements-oracles.txt.
"""

import sys
import types

import pytest
import torch
import torch.nn.functional as F
from captum.attr import LRP as CaptumLRP  # noqa: N811 - a class, whatever its name looks like
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from captum.attr import Occlusion as CaptumOcclusion
from captum.attr import Saliency as CaptumSaliency
from captum.attr._utils.lrp_rules import EpsilonRule
from torch import Tensor, nn
from torchcam.methods import CAM as TorchCAM  # noqa: N811 - as above
from torchcam.methods import GradCAM as TorchGradCAM

from app import explainers
from app.explainers.methods.integrated_gradients import IntegratedGradients
from app.explainers.methods.lrp import LRP
from app.explainers.methods.occlusion import Occlusion
from app.explainers.trace import Trace
from tests.explainers.families import FAMILIES, FINDINGS, STACKS, classifier, exact, family, film, randomise, series

SINGLE = [name for name in FAMILIES if name not in STACKS]


class Simple(nn.Module):
    """A plain network without biases, of layers that every library knows."""

    def __init__(self, pool: type[nn.Module] = nn.MaxPool2d) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, stride=2, padding=1, bias=False)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(6, 8, 3, padding=1, bias=False)
        self.relu2 = nn.ReLU()
        self.pool = pool(2)
        self.fc1 = nn.Linear(512, 12, bias=False)
        self.relu3 = nn.ReLU()
        self.fc2 = nn.Linear(12, len(FINDINGS), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.relu2(self.conv2(self.relu1(self.conv1(x)))))
        return self.fc2(self.relu3(self.fc1(torch.flatten(x, 1))))  # type: ignore[no-any-return]


def traced(network: nn.Module, layer: str = "features", seed: int = 5) -> Trace:
    return explainers.record(exact(classifier(randomise(network, 7), layer)), series(film(seed)))


def same(ours: Tensor, theirs: Tensor, within: float = 1e-4) -> None:
    assert ours.shape == theirs.shape
    assert float((ours - theirs).abs().max() / theirs.abs().max()) < within


@pytest.mark.parametrize("name", SINGLE)
def test_saliency_is_captums(name: str) -> None:
    reader = exact(family(name))
    trace = explainers.record(reader, series(film(1)))
    ours = explainers.load("saliency").relevance(trace, [0, 2]).maps
    for row, target in enumerate((0, 2)):
        theirs = CaptumSaliency(reader.network).attribute(trace.input.detach().requires_grad_(), target=target)
        same(ours[row], theirs.amax(1))


@pytest.mark.parametrize("name", ["compact", "plain", "dense"])
def test_integrated_gradients_are_captums(name: str) -> None:
    reader = exact(family(name))
    trace = explainers.record(reader, series(film(1)))
    relevance = IntegratedGradients(steps=50).relevance(trace, [1])
    empty = trace.input.detach().amin((1, 2, 3), keepdim=True).expand_as(trace.input)
    theirs = CaptumIntegratedGradients(reader.network).attribute(trace.input.detach(), empty, target=1, n_steps=50)
    same(relevance.maps[0], theirs.sum(1))
    assert relevance.conservation_error is not None
    assert float(relevance.conservation_error) < 0.05


def test_occlusion_is_captums() -> None:
    reader = exact(family("compact"))
    trace = explainers.record(reader, series(film(1)))
    ours = Occlusion(cells=8).relevance(trace, [1]).maps[0]
    mean = float(trace.input.detach().mean())
    theirs = CaptumOcclusion(reader.network).attribute(
        trace.input.detach(), target=1, sliding_window_shapes=(1, 8, 8), strides=(1, 4, 4), baselines=mean
    )
    assert ours.shape == (1, 8, 8)
    same(ours.repeat_interleave(4, 1).repeat_interleave(4, 2), theirs.sum(1))


@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.AvgPool2d])
def test_lrp_epsilon_is_captums(pool: type[nn.Module]) -> None:
    """captum starts from the logit; without biases that is our seed."""
    trace = traced(Simple(pool))
    network = randomise(Simple(pool), 7).double()
    for module in network.children():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.MaxPool2d | nn.AvgPool2d):
            module.rule = EpsilonRule(epsilon=1e-6)
    ours = LRP(composite="Epsilon").relevance(trace, range(3)).maps
    for target in range(3):
        theirs = CaptumLRP(network).attribute(trace.input.detach().requires_grad_(), target=target)
        same(ours[target], theirs.sum(1).detach())


@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.AvgPool2d])
@pytest.mark.parametrize("composite", ["EpsilonPlusFlat", "EpsilonGammaBox", "Epsilon"])
def test_lrp_composites_are_zennits(composite: str, pool: type[nn.Module]) -> None:
    sys.modules.setdefault("zennit.torchvision", types.ModuleType("zennit.torchvision"))
    pytest.importorskip("zennit", reason="zennit is not installed: pip install --no-deps -r requirements-oracles.txt")
    from zennit import composites, rules

    trace = traced(Simple(pool))
    network = randomise(Simple(pool), 7).double()
    x = trace.input.detach()
    first, others = {
        "EpsilonPlusFlat": (rules.Flat(), rules.ZPlus()),
        "EpsilonGammaBox": (rules.ZBox(low=x.amin().expand_as(x), high=x.amax().expand_as(x)), rules.Gamma(gamma=0.25)),
        "Epsilon": (rules.Epsilon(1e-6), rules.Epsilon(1e-6)),
    }[composite]
    dense = rules.Epsilon(1e-6)
    composite_of = composites.NameMapComposite([(["conv1"], first), (["conv2"], others), (["fc1", "fc2"], dense)])
    layers = composites.LayerMapComposite([(nn.ReLU, rules.Pass()), (nn.AvgPool2d, rules.Norm())])
    ours = LRP(composite=composite).relevance(trace, range(3)).maps
    for target in range(3):
        leaf = x.clone().requires_grad_()
        with composite_of.context(network) as named, layers.context(named) as modified:
            answer = modified(leaf)
            seed = torch.zeros_like(answer)
            seed[0, target] = answer[0, target].detach()
            (theirs,) = torch.autograd.grad(answer, leaf, seed)
        same(ours[target], theirs.sum(1))


@pytest.mark.parametrize("name", ["compact", "basic", "bottleneck", "squeeze"])
def test_cam_and_grad_cam_are_torchcams(name: str) -> None:
    """Its Grad-CAM++ is no oracle: version 0.5.0 divides a copy of the coefficients and throws it away."""
    reader = exact(family(name))
    trace = explainers.record(reader, series(film(1)))
    head = "head" if name == "compact" else "fc"
    peers = {
        "cam": TorchCAM(reader.network, "features", fc_layer=head),
        "gradcam": TorchGradCAM(reader.network, "features"),
    }
    for method, peer in peers.items():
        ours = F.relu(explainers.load(method).relevance(trace, range(3)).maps)
        leaf = trace.input.detach().requires_grad_()
        for target in range(3):
            answer = reader.network(leaf)
            (theirs,) = peer(target, None if method == "cam" else answer, normalized=False)
            if float(ours[target].max()) > 0:
                same(ours[target], F.relu(theirs))
        peer.remove_hooks()


@pytest.mark.parametrize("name", ["compact", "plain", "stack"])
def test_grad_cam_plus_plus_is_the_papers(name: str) -> None:
    """Equations 10 and 19 of the paper, place by place."""
    reader = exact(family(name))
    trace = explainers.record(reader, series(film(1)))
    ours = explainers.load("gradcam_plus_plus").relevance(trace, [2]).maps[0, 0]
    layer = trace.layer("features")
    gradient = torch.autograd.grad(trace.tape.values[trace.tape.output][0, 2], layer, retain_graph=True)[0][0].double()
    features = layer.detach()[0].double()
    expected = torch.zeros(features.shape[1:], dtype=torch.float64)
    for k in range(features.shape[0]):
        weight = 0.0
        for i in range(features.shape[1]):
            for j in range(features.shape[2]):
                g = float(gradient[k, i, j])
                below = 2 * g**2 + float(features[k].sum()) * g**3
                weight += (g**2 / below if below else 0.0) * max(g, 0.0)
        expected += weight * features[k]
    same(ours.double(), expected)
