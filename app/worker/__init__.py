"""The worker: takes jobs and questions from the store, has the networks read, and stores what comes out."""

from app.worker.comparing import compare
from app.worker.loop import Worker

__all__ = ["Worker", "compare"]
