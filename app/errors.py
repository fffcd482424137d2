"""The error tree: every failure that a person may have to read.

::

    AppError                    500
    ├── InputError              422   something that was handed in cannot be used
    │   ├── NotReadable         422   a file that is not an image study
    │   └── TooLarge            413   a file or an upload beyond a limit
    ├── NotFound                404   no such study, image, explanation, model …
    ├── Conflict                409   differs from what is already stored
    ├── Forbidden               403   a request from another site, an address that may not be served
    ├── ModelError              500   a model folder that cannot be loaded or trusted
    ├── Damaged                 500   something stored is no longer what it was: the disk changed it
    ├── NotExplainable          422   this method is not defined for this network
    └── Unavailable             503   a part the request needs is away for now

A sentence is a template and its values, so that the catalogue can translate the template and nothing that came from a file
ever becomes part of a message id.
"""

import traceback
from collections.abc import Mapping


class AppError(Exception):
    """A failure with a sentence for people: ``template % values`` in English; the web room translates it."""

    status: int = 500

    def __init__(self, template: str, values: Mapping[str, str | int | float] | None = None) -> None:
        self.template = template
        self.values: dict[str, str | int | float] = dict(values or {})
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """The English sentence."""
        return self.template % self.values if self.values else self.template


class InputError(AppError):
    """Something that was handed in cannot be used; the sentence says what to do."""

    status = 422


class NotReadable(InputError):
    """A file that is not an image study."""


class TooLarge(InputError):
    """A file, archive or upload beyond a limit."""

    status = 413


class NotFound(AppError):
    """There is no such thing, or no longer."""

    status = 404


class Conflict(AppError):
    """What came differs from what is stored under the same identity."""

    status = 409


class Forbidden(AppError):
    """The request may not do this."""

    status = 403


class ModelError(AppError):
    """A model folder that cannot be loaded or trusted."""


class Damaged(AppError):
    """Something stored is not what was stored any more; the sentence says how to repair it. Asking again does not help."""


class NotExplainable(AppError):
    """A method is not defined for this network; the sentence names the layer and what works instead."""

    status = 422


class Unavailable(AppError):
    """A part the request needs is away for now; trying again later may work."""

    status = 503


def where(error: BaseException) -> str:
    """For the log: the type of a failure and of what caused it, and the lines they came through; never their text, which may
    name a patient."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    lines = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    cause = error.__cause__ or error.__context__
    return f"{type(error).__name__} at {lines}" + (f", after {where(cause)}" if cause else "")
