"""What if: a film or a stack with a part of it replaced, so that a network can be asked what it says then.

An edit (`app.domain.Edit`) names areas and how they are filled; `apply` makes the edited film, `apply_to_stack` the edited
slices. The page, the API and Python all come through here, in image pixels and before a network prepares anything. Knows the
domain and the grey pipeline; no network.
"""

from app.edits.stack import apply, apply_to_slice, apply_to_stack, covered_by


def warm() -> None:
    """Import what in-painting needs, before a reader waits for it."""
    from scipy.sparse import linalg  # noqa: F401, PLC0415 - that takes longer than the answer


__all__ = ["apply", "apply_to_slice", "apply_to_stack", "covered_by", "warm"]
