"""How long the worklist takes with thousands of studies in it: filtered, sorted, and come back to, as the server answers it.

The studies are one drawn film under many numbers, with answers and agreements of a network that nobody ran: what a list costs
depends on how many rows there are, and not on what the networks said.
"""

import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from app.bench.figures import Figure
from app.config import Settings
from app.domain import FINDINGS, Answer, Score
from app.errors import AppError
from app.phantoms import chest, dicom
from app.product import Product
from app.store import AgreementKey, Store, WorklistQuery

STUDIES = 5000
AT_ONCE = 500
SIZE = 64
NETWORK, SHA = "drawn", "ab" * 32
ASKED = {
    "filter": ("/?reading=unread&modality=DX", "/?state=waiting", "/?flagged=no", "/?methods=disagree", "/?evidence=inside"),
    "sort": ("/?order=patient", "/?order=-probability", "/?order=-disagreement", "/?order=-study+date&go=40", "/?order=state"),
    "Back": ("/", "/?methods=disagree&order=-disagreement&go=3", "/?modality=DX&order=patient&go=100"),
    "read through": ("/read?list=/?order=-disagreement", "/read?list=/"),
}
"""By what is measured: the addresses that are asked for in turn."""


def measure(repeat: int, studies: int = STUDIES) -> Iterator[Figure]:
    """Every kind of question ``repeat`` times at each of its addresses: all samples, and the time that 95 in 100 keep."""
    with TemporaryDirectory() as folder, Product(Path(folder) / "var", in_process_worker="false") as product:
        fill(product, studies)
        answer(product.var)
        for kind, addresses in ASKED.items():
            samples = tuple(asked(product, address) for _ in range(repeat) for address in addresses)
            yield Figure(f"list of {studies} studies, {kind}", "s", samples)
            yield Figure(f"list of {studies} studies, {kind}, p95", "s", (p95(samples),))


def fill(product: Product, studies: int) -> None:
    """Put the studies in, as uploads of some hundred files."""
    phantom = chest.draw(1, ("Nodule",), size=SIZE)
    for start in range(0, studies, AT_ONCE):
        numbers = range(start, min(studies, start + AT_ONCE))
        files = {f"{n}.dcm": dicom.encode(phantom, dicom.Header(number=n, date=f"2026{n % 12 + 1:02}01")) for n in numbers}
        told = product.upload(files, seconds=600)
        if told.status != 201:
            raise AppError("The upload was refused: %(body)s", {"body": told.body.decode(errors="replace")[:300]})


def answer(var: Path) -> None:
    """Write an answer and an agreement beside every study, as a worker would."""
    store, chance = Store.open(Settings(var=var)), random.Random(1)  # noqa: S311 - figures, no secrets
    with store.view() as tx:
        studies = tx.worklist.ids(WorklistQuery())
        stacks = [(study, stack) for study in studies for stack in tx.stacks.of_study(study)]
    for start in range(0, len(stacks), AT_ONCE):
        with store.begin() as tx:
            for study, stack in stacks[start : start + AT_ONCE]:
                scores = tuple(Score(finding, chance.random(), 0.0) for finding in FINDINGS)
                said = Answer.of_film(
                    stack.fingerprint, model=NETWORK, model_sha256=SHA, scores=scores, device="cpu", versions={}
                )
                tx.answers.save(study, said)
                top = max(scores, key=lambda score: score.probability)
                key = AgreementKey(study, stack.id, NETWORK, SHA, top.finding)
                apart = chance.random()
                tx.agreements.save(key, ("cam", "lrp"), 1 - apart, 0.2, apart, weight=top.probability)
    store.close()


def asked(product: Product, address: str) -> float:
    """Seconds from asking until the whole answer is there."""
    started = time.perf_counter()
    told = product.get(address)
    if told.status not in {200, 303}:
        raise AppError("The list could not be read: %(log)s", {"log": product.log()})
    return time.perf_counter() - started


def p95(samples: Sequence[float]) -> float:
    """The time that 95 of 100 samples keep: the nearest rank."""
    return sorted(samples)[max(0, -(-95 * len(samples) // 100) - 1)]
