"""Small real DICOM files and archives, made on the spot, and results for them, as a worker would store them."""

import io
import zipfile
from datetime import UTC, datetime
from math import inf

import numpy as np
from PIL import Image as Picture
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from app.classifiers.reasons import OTHER
from app.domain import (
    Answer,
    Extent,
    Inspection,
    Layer,
    Localisation,
    Producer,
    Region,
    Review,
    Score,
    Verdict,
)
from app.store import AgreementKey, AgreementRow, ReviewRow, Store, StudyRow

MODEL = "phantom-untrained"
SCORES = {"Cardiomegaly": 0.31, "Effusion": 0.12, "Nodule": 0.87}
METHODS = ("cam", "layer_cam", "lrp", "rap_contrastive", "saliency")


def dicom(number: int = 1, *, size: int = 40, phantom: bool = True, **elements: object) -> bytes:
    """A chest film as a DICOM file; ``elements`` are set by keyword, None leaves one out."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[f"instance {number}"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film = Dataset()
    film.file_meta = meta
    film.SOPClassUID = meta.MediaStorageSOPClassUID
    film.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    film.StudyInstanceUID = generate_uid(entropy_srcs=[f"study {number}"])
    film.SeriesInstanceUID = generate_uid(entropy_srcs=[f"series {number}"])
    film.Modality, film.BodyPartExamined, film.ViewPosition = "DX", "CHEST", "PA"
    film.PatientName, film.PatientID = f"PHANTOM^CHEST {number}", f"PH-{number}"
    film.PatientBirthDate, film.PatientSex = "19700102", "O"
    film.StudyDate, film.StudyTime = f"202601{number % 28 + 1:02d}", "101500"
    film.AccessionNumber, film.StudyDescription = f"A{number}", "Chest PA"
    if phantom:
        film.QualityControlSubject = "YES"
    film.Rows = film.Columns = size
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
    film.WindowCenter, film.WindowWidth = 2048, 4096
    film.PixelData = np.random.default_rng(number).integers(0, 4096, (size, size)).astype("<u2").tobytes()
    for keyword, value in elements.items():
        if value is None:
            delattr(film, keyword)
        else:
            setattr(film, keyword, value)
    file = io.BytesIO()
    film.save_as(file, enforce_file_format=True)
    return file.getvalue()


def archive(members: dict[str, bytes], broken: str = "", *, deflated: bool = False) -> bytes:
    """A zip archive; the data of the member called ``broken`` does not fit its checksum."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    octets = file.getvalue()
    if broken:
        content = members[broken]
        octets = octets.replace(content, content[:-64] + bytes(64 * [0x55]), 1)
    return octets


PADDING = {"rap_contrastive": 0.264, "lrp": 0.004}
"""How much of a method's map lies in padding: of one enough to be said."""


def analyse(
    store: Store,
    study_id: str,
    scores: dict[str, float] | None = None,
    finding: str = "Nodule",
    model: str = MODEL,
    *,
    sha256: str = "cd" * 32,
) -> StudyRow:
    """Store results for a study's first image as the worker does: a prediction, a map per method, and the job's end."""
    with store.begin() as tx:
        study = tx.studies.get(study_id)
        image = study.images[0]
        stack = tx.stacks.of_image(image.id).fingerprint
        scored = tuple(Score(f, p, float(np.log(p / (1 - p)))) for f, p in (scores or SCORES).items())
        versions = {"torch": "2.13.0"}
        said = Answer.of_film(stack, model=model, model_sha256=sha256, scores=scored, device="cpu", versions=versions)
        tx.answers.save(study_id, said)
        for seed, method in enumerate(METHODS):
            tx.layers.save(
                study_id,
                Layer(
                    stack=stack,
                    kind="relevance",
                    scale="signed" if method in {"lrp", "rap_contrastive"} else "positive",
                    producer=Producer("method", method),
                    model=model,
                    model_sha256=sha256,
                    finding=finding,
                    values=np.random.default_rng(seed).normal(size=(1, 8, 8)).astype(np.float32),
                    extent=Extent(0, 0, image.columns, image.rows),
                    versions=versions,
                    device="cpu",
                    padding=PADDING.get(method, 0.0),
                ),
            )
        job = tx.jobs.claim("test", 20)
        assert job is not None
        tx.jobs.finish(job.id, "test")
        return tx.studies.get(study_id)


def agree(store: Store, study_id: str, rank: float, finding: str = "Nodule", weight: float = 1.0) -> AgreementRow:
    """Store how far methods agree on a finding of a study's first image."""
    with store.begin() as tx:
        image = tx.studies.get(study_id).images[0]
        key = AgreementKey(study_id, tx.stacks.of_image(image.id).id, MODEL, "cd" * 32, finding)
        return tx.agreements.save(key, ("cam", "saliency", "lrp"), rank, 0.25, 1 - rank, weight=weight)


def refuse(store: Store, study_id: str, *, insisted: bool = False) -> None:
    """Store that a guard refused a study's first image, and the job's end."""
    with store.begin() as tx:
        image = tx.studies.get(study_id).images[0]
        said = Inspection(
            sop_instance_uid=image.sop_instance_uid,
            frame=image.frame,
            model=MODEL,
            guard="guard",
            guard_sha256="ef" * 32,
            verdict="refused",
            reasons=(OTHER,),
            film=0.01,
            distance=2.5,
            insisted=insisted,
        )
        tx.inspections.save(study_id, said)
        job = tx.jobs.claim("test", 20)
        assert job is not None
        tx.jobs.finish(job.id, "test")


def flag(store: Store, study_id: str, method: str = "cam", verdict: Verdict = "wrong", comment: str = "") -> ReviewRow:
    """Store a verdict about a study's first image, with a region."""
    with store.begin() as tx:
        image = tx.studies.get(study_id).images[0]
        layers = tx.layers.of_stack(tx.stacks.of_image(image.id).id, finding="Nodule")
        review = Review(
            verdict=verdict,
            reason="text marker",
            comment=comment,
            regions={0: Region.rectangle(4, 5, 20, 30)},
            reader="reader",
            created_at=datetime.now(UTC),
            localisations={method: Localisation(1.0, 0.25, inf, None)},
        )
        return tx.reviews.add(next(row.id for row in layers if row.method == method), review)


def png(number: int = 1, size: int = 40) -> bytes:
    """A film as a PNG file: no header, no patient."""
    file = io.BytesIO()
    Picture.fromarray(np.random.default_rng(number).integers(0, 256, (size, size), np.uint8)).save(file, "PNG")
    return file.getvalue()
