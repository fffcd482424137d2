"""The how-tos' code runs as printed."""

import re
from pathlib import Path

import torch

from app import explainers
from app.config import ROOT
from app.explainers.methods.lrp import LRP
from tests.explainers.families import family, film, series


def blocks(page: str) -> list[str]:
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, re.S)


def test_the_example_of_a_new_explainer_is_found_described_and_right(tmp_path: Path) -> None:
    (code,) = blocks("add-an-explainer.md")
    path = tmp_path / "input_times_gradient.py"
    path.write_text(code, encoding="utf-8")
    method = explainers._describe(path)
    assert (method.name, method.signed, method.panel) == ("input_times_gradient", True, 0)
    namespace: dict[str, object] = {"__name__": "app.explainers.methods.input_times_gradient"}
    exec(compile(code, str(path), "exec"), namespace)  # noqa: S102 - the page's own code
    explainer = namespace["InputTimesGradient"]
    assert isinstance(explainer, type)
    reader = family("basic")
    trace = explainers.record(reader, series(film(1)))
    (explanation,) = explainer().explain(reader, trace, ["Mass"])
    expected = (trace.gradients([1], trace.input)[0] * trace.input.detach()).sum((0, 1))
    torch.testing.assert_close(torch.from_numpy(explanation.values[0].copy()), expected)


def test_the_questions_to_a_network_can_be_asked_as_printed() -> None:
    (code,) = blocks("is-this-network-explainable.md")
    printed: list[tuple[object, ...]] = []
    namespace = {"classifier": family("dense"), "series": series(film(1)), "print": lambda *given: printed.append(given)}
    exec(compile(code, "page", "exec"), namespace)  # noqa: S102 - the page's own code
    assert ("conv", "transition.2") in printed
    trace = explainers.record(namespace["classifier"], namespace["series"])  # type: ignore[arg-type]
    assert len([line for line in printed if isinstance(line[1], torch.Tensor)]) == len(LRP().layers(trace, [0]))
