"""What answers say of themselves: their top finding, their parts, and the slice at which a stack opens."""

from app.domain import NO_FINDING, Answer, Part, Score

PART = Part(
    stack="a" * 64,
    plane="sagittal",
    scores=(Score("abnormality", 0.5, 0.0), Score("ACL tear", 0.9, 2.0)),
    contributions=(0.0, 2.0),
    slice_scores=((0.0, -1.0, 0.0), (0.5, 1.0, 0.5)),
)


def film(**probabilities: float) -> Answer:
    scores = tuple(Score(name.replace("_", " "), p, p - 0.5) for name, p in probabilities.items())
    return Answer.of_film("f" * 64, model="any", model_sha256="0" * 64, scores=scores, device="cpu", versions={})


def test_that_nothing_was_found_is_never_the_top_finding_beside_others() -> None:
    assert film(No_Finding=0.9, Mass=0.1, Nodule=0.2).top().finding == "Nodule"
    assert film(No_Finding=0.9).top().finding == NO_FINDING


def test_a_film_has_one_part_that_says_what_the_whole_says() -> None:
    answer = film(Mass=0.25, Nodule=0.75)
    (part,) = answer.parts
    assert (part.stack, part.plane, part.scores, part.contributions) == ("f" * 64, "", answer.scores, (-0.25, 0.25))
    assert answer.stacks == ("f" * 64,)
    assert part.opens_at("Mass") is None


def test_a_part_is_known_by_its_stack_and_a_score_by_its_finding() -> None:
    answer = Answer("any", "0" * 64, PART.scores, (PART,), "cpu", {})
    assert answer.part("a" * 64) is PART
    assert answer.part("b" * 64) is None
    assert answer.score("ACL tear") == Score("ACL tear", 0.9, 2.0)
    assert answer.score("shoe") is None


def test_a_plane_opens_at_the_slice_with_the_largest_score_and_at_the_first_of_equals() -> None:
    assert PART.opens_at("abnormality") == 0
    assert PART.opens_at("ACL tear") == 1
    assert PART.opens_at("meniscal tear") is None
