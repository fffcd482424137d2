"""The `analyse` command: files in, raw maps, overlays and ``result.json`` out. No database, no server.

Knows ingest, the readings and the renderer. Files are read ahead (sources), visited side by side in threads (lanes, visiting,
files) and told of in their order (running). A bad file is one line and one entry; the others go on.
"""

from app.analysis.request import Outcome, Progress, Request

__all__ = ["Outcome", "Progress", "Request"]
