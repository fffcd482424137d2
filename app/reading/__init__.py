"""What the product does to a study: which networks read which of its stacks, what they answer, and the layers behind that.

Films and exams of stacks alike. Knows the classifiers and the explainers; no SQL, no HTTP, no files. Importing this room
imports no torch; the first result does.
"""

from app.reading.asking import Heard, heard, maps
from app.reading.counterfactuals import counterfactual
from app.reading.inquiry import explained, stages, what_if, what_if_exam
from app.reading.plan import Reading, Words, answers, readings
from app.reading.running import ALL, TOP, Result, read
from app.reading.stack_counterfactuals import stack_counterfactual
from app.stacks import STACKED

__all__ = [
    "ALL",
    "STACKED",
    "TOP",
    "Heard",
    "Reading",
    "Result",
    "Words",
    "answers",
    "counterfactual",
    "explained",
    "heard",
    "maps",
    "read",
    "readings",
    "stack_counterfactual",
    "stages",
    "what_if",
    "what_if_exam",
]
