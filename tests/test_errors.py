"""The error tree keeps template and values apart, so that a sentence can be translated."""

from app import errors


def test_sentence_fills_the_template() -> None:
    error = errors.NotFound("There is no network called “%(name)s”.", {"name": "a%sb"})
    assert error.sentence == "There is no network called “a%sb”."
    assert error.template == "There is no network called “%(name)s”."
    assert str(error) == error.sentence


def test_a_sentence_without_values_keeps_its_percent_sign() -> None:
    assert errors.InputError("Only 3% of it can be read.").sentence == "Only 3% of it can be read."


def test_every_class_has_a_status_that_fits() -> None:
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.AppError)]
    assert len(classes) >= 9
    for each in classes:
        assert 400 <= each("x").status < 600
        assert f"{each.__name__}" in (errors.__doc__ or "")
