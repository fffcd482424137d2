"""The layer filmstrip: how relevance stands at every stage of a network. Asked for one map at a time, answered by a worker."""

from collections.abc import Callable

from app import explainers
from app.desk.questions import ask as put
from app.desk.what_if import answer_about, image_of
from app.errors import InputError, NotFound
from app.store import Question, QuestionRow, Store


def ask(
    store: Store, wake: Callable[[], None], study_id: str, image_id: str, *, model: str, method: str, finding: str
) -> QuestionRow:
    """The answered question. An empty ``image_id``: the study's first image.

    NotFound where the study or the image is not there, or the network has not read it; InputError for a finding there is not
    or a method without stages; NotExplainable where the method is not defined for this network; Unavailable when no worker
    answers.
    """
    if not explainers.describe(method).layers:
        raise InputError(
            "The method “%(method)s” does not go through the network layer by layer. LRP and RAP do.", {"method": method}
        )
    with store.view() as tx:
        image = image_of(tx, study_id, image_id)
        before = answer_about(tx, image.id, model)
    if before is None:
        raise NotFound("The network “%(model)s” has said nothing about this image yet.", {"model": model})
    if before.score(finding) is None:
        raise InputError("The network “%(model)s” knows no finding called “%(finding)s”.", {"model": model, "finding": finding})
    plain = {"method": method, "finding": finding}
    return put(store, wake, Question("stages", study_id, image.id, model, before.model_sha256, plain))
