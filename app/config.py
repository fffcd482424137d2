"""Settings, and the only reader of the environment. Every field is documented in docs/reference/settings.md; a test says so."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds app/, models/, templates/ and static/."""


UNFINISHED_DEMO = "demo-unfinished"
"""The file in the var folder that is there while the demo's studies are being put in."""


class Settings(BaseSettings):
    """What can be set from outside, as ``WHYLIGHT_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(env_prefix="WHYLIGHT_", frozen=True)

    var: Path = Field(default=ROOT / "var", description="Folder for the database, the stored files and temporary uploads.")
    database_url: str = Field(
        default="", description="Address of the database, postgresql://…; empty: SQLite in the var folder."
    )
    models: Path = Field(default=ROOT / "models", description="Folder with one folder per network.")
    data: Path = Field(
        default=ROOT.parent / "shared" / "data", description="Real films for training, evaluation and tests; may be missing."
    )
    host: str = Field(
        default="127.0.0.1", description="Address to serve on. Only loopback addresses are accepted, unless container is set."
    )
    container: bool = Field(
        default=False,
        description="The server runs in a container that publishes on a loopback address only; any address may be served then.",
    )
    port: int = Field(default=8000, ge=0, le=65535, description="Port to serve on; 0 takes a free one.")
    allowed_hosts: str = Field(
        default="127.0.0.1,localhost,[::1]", description="Host names a request may carry, separated by commas."
    )
    proxies: str = Field(
        default="",
        description="Addresses of proxies whose X-Forwarded-Host and X-Forwarded-Proto are believed, separated by commas.",
    )
    prefix: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="The path under which a proxy serves this product, such as /whylight; empty: the root of a server.",
    )
    device: str = Field(
        default="auto", description="auto, cpu, cuda or cuda:N: where networks run. auto takes CUDA where there is a GPU."
    )
    threads: int = Field(default=0, ge=0, description="Threads for the networks on a CPU; 0 leaves PyTorch's own choice.")
    in_process_worker: bool = Field(default=True, description="Run jobs in a thread of the server; off when workers run apart.")
    demo: bool = Field(default=True, description="Put demo studies (phantoms) into an empty database when serving.")
    retention_days: int = Field(
        default=0, ge=0, description="Days after which a study to which no file came is removed for good; 0: never."
    )
    language: str = Field(default="en", description="Language when the browser asks for none we have: en or ko.")
    max_upload_mb: int = Field(default=2048, ge=1, description="Largest upload in MB, all files of one request together.")
    max_file_mb: int = Field(
        default=512, ge=1, description="Largest single file in MB, also after unzipping, inflating or decoding it."
    )
    max_decoded_mb: int = Field(default=8192, ge=1, description="Most MB of one upload's pixels once they are decoded.")
    max_files: int = Field(default=5000, ge=1, description="Most files in one upload, members of archives counted.")
    max_pixels: int = Field(default=100_000_000, ge=1, description="Most pixels in one frame.")
    decode_seconds: int = Field(default=20, ge=1, description="Longest time for decoding one file's pixels.")
    decode_memory_mb: int = Field(default=2048, ge=256, description="Most memory for decoding one file's pixels.")
    lease_seconds: int = Field(default=20, ge=1, description="How long a worker may be silent before its job goes to another.")

    def database(self) -> str:
        """The SQLAlchemy URL in force; PostgreSQL's own form of address is taken for its driver, psycopg 3."""
        kind, colon, rest = self.database_url.partition("://")
        if kind in {"postgresql", "postgres"}:
            return f"postgresql+psycopg{colon}{rest}"
        return self.database_url or f"sqlite:///{self.var / 'whylight.sqlite3'}"
