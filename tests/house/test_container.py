"""The container: what its files promise. Whether they are well written is hadolint's and dclint's work."""

import re

from app.config import Settings
from tests.house.conftest import ROOT, files, name

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def test_what_the_image_copies_is_there_and_is_sent_to_the_build() -> None:
    sent = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    copied = [source for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE) for source in line.split()[:-1]]
    assert len(copied) > 5
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert [source for source in copied if source not in sent] == []


def test_the_product_runs_as_nobody_special() -> None:
    user = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)[-1]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "a number, so that an orchestrator can check it"
    assert "HEALTHCHECK" in DOCKERFILE


def test_every_setting_that_the_image_and_the_compose_file_name_is_a_setting() -> None:
    named = set(re.findall(r"WHYLIGHT_([A-Z_]+)(?=[=:])", DOCKERFILE + COMPOSE))
    assert named
    assert {setting.lower() for setting in named} <= set(Settings.model_fields)


def test_the_compose_file_publishes_to_this_machine_only() -> None:
    ports = re.search(r"^ {4}ports:\n((?: {6}- .*\n)+)", COMPOSE, re.MULTILINE)
    assert ports
    published = re.findall(r"- ['\"]?([^'\"\n]+)", ports.group(1))
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []
    assert "network_mode" not in COMPOSE
    assert COMPOSE.count("ports:") == 1


def test_the_compose_file_gives_the_container_nothing_it_does_not_need() -> None:
    for line in ("read_only: true", "- ALL", "- no-new-privileges:true"):
        assert line in COMPOSE
    assert "privileged: true" not in COMPOSE


def test_only_the_image_opens_the_door_that_loopback_keeps_shut() -> None:
    """Elsewhere the setting is named to explain it, never to switch it on."""
    told = {"README.md", "Dockerfile", "docs/decisions/0008-loopback-until-accounts.md"}
    setters = {
        name(path)
        for path in files()
        if path.suffix not in {".png", ".jpg", ".safetensors", ".pyc"}
        and "tests" not in path.parts
        and re.search(
            r"WHYLIGHT_CONTAINER\s*[=:]\s*[\"']?(?:true|1|yes|on)", path.read_text(encoding="utf-8", errors="replace")
        )
    }
    assert setters <= told
    assert "Dockerfile" in setters
