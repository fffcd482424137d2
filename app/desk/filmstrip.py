"""The layer filmstrip: how relevance stands at every stage of a network. Asked for one map at a time, answered by a worker."""

from collections.abc import Callable

from app import explainers
from app.desk.questions import ask as put
from app.desk.what_if import about, said_of
from app.errors import InputError
from app.store import Question, QuestionRow, Store


def ask(
    store: Store, wake: Callable[[], None], study_id: str, image_id: str, *, model: str, method: str, finding: str
) -> QuestionRow:
    """The answered question about a film, or about a slice of a stack. An empty ``image_id``: the study's first image.

    NotFound where the study or the image is not there, the network has not read it, or it does not answer for the finding from
    the slice's plane; InputError for a finding there is not or a method without stages; NotExplainable where the method is not
    defined for this network; Unavailable when no worker answers.
    """
    if not explainers.describe(method).layers:
        raise InputError(
            "The method “%(method)s” does not go through the network layer by layer. LRP and RAP do.", {"method": method}
        )
    with store.view() as tx:
        asked = about(tx, study_id, image_id)
        before = said_of(tx, asked.stack, model)
    said = before.answer
    if said.score(finding) is None:
        raise InputError("The network “%(model)s” knows no finding called “%(finding)s”.", {"model": model, "finding": finding})
    plane = said.parts[before.stacks.index(asked.stack.id)].plane
    plain = {"method": method, "finding": finding, "plane": plane}
    return put(store, wake, Question("stages", study_id, asked.stack.id, asked.image, model, said.model_sha256, plain))
