"""A server that is killed after studies were removed, before they are gone: its next start finishes that, and none is half."""

import os
import subprocess
import sys
from pathlib import Path

import httpx2

from app.product import Product
from tests.waiting import until
from tests.web import films


def test_a_killed_server_finishes_what_was_removed(tmp_path: Path, models: Path) -> None:
    product = Product(tmp_path / "var", models=str(models), in_process_worker="false")
    try:
        product.start()
        url = f"http://127.0.0.1:{product.port}"
        sent = product.upload({f"{number}.dcm": films.dicom(number) for number in (1, 2, 3)}).json()["studies"]
        answer = httpx2.post(f"{url}/removals", data={"study": sent[:2]}, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == httpx2.codes.SEE_OTHER
        product.kill()
        product.start()
        until(lambda: "Nothing is left" in httpx2.get(f"{url}{answer.headers['location']}").text, 40, "they were not removed")
        assert [product.get(f"/api/v1/studies/{study}").status for study in sent] == [404, 404, 200]
    finally:
        product.stop()
    done = subprocess.run(
        [sys.executable, "-m", "app", "studies", "check"],
        env={**os.environ, "WHYLIGHT_VAR": str(tmp_path / "var")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("1 studies, 0 of others about to go\n0 rows without a parent\n0 blobs")
