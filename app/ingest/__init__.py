"""From bytes to studies: DICOM, film images (PNG, JPEG) and zip archives of them. The only room besides phantoms with pydicom.

Two halves. This process looks at the first bytes, opens archives and keeps the list of what was accepted and what was not
(reading, archive, sniffing, assembly). A limited child process parses headers and decodes pixels (decoder starts it,
decoder_child is it, everything else runs inside it), so that no file can bring down, fill or stop the process that serves.
"""

from app.ingest.assembly import assemble
from app.ingest.reading import Accepted, Rejected, count, read
from app.ingest.skipping import came_along
from app.ingest.sniffing import NO_IMAGE

__all__ = ["NO_IMAGE", "Accepted", "Rejected", "assemble", "came_along", "count", "read"]
