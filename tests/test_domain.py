"""The words of the domain that decide something."""

from app.domain import NO_FINDING, Prediction, Score


def said(**probabilities: float) -> Prediction:
    scores = tuple(Score(name.replace("_", " "), p, 0.0) for name, p in probabilities.items())
    return Prediction("1.2", 1, "any", "0" * 64, scores, "cpu", {})


def test_that_nothing_was_found_is_never_the_top_finding_beside_others() -> None:
    assert said(No_Finding=0.9, Mass=0.1, Nodule=0.2).top().finding == "Nodule"
    assert said(No_Finding=0.9).top().finding == NO_FINDING
