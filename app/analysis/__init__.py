"""The `analyse` command: files in, raw maps, overlays and ``result.json`` out. No database, no server.

Knows ingest, the readings and the renderer. A bad file is one line and one entry; the others go on.
"""

from app.analysis.request import Outcome, Request
from app.analysis.running import run

__all__ = ["Outcome", "Request", "run"]
