"""What is built: the same bytes every time, everything that runs and nothing else, and a list of its parts."""

import hashlib
import json
import re
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

from built import ROOT, build, ran

NOT_EVERYWHERE = {"async-timeout", "colorama"}
"""Pins of other platforms or Pythons: not installed here, so that their licence cannot be read."""


def test_two_builds_are_equal_to_the_last_byte_and_the_sdist_builds_the_same_wheel(dist: Path, tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in dist.iterdir() if path.suffix in {".whl", ".gz"}}
    assert sorted(first) == ["sale-0.1.0-py3-none-any.whl", "sale-0.1.0.tar.gz"]
    with tarfile.open(dist / "sale-0.1.0.tar.gz") as sdist:
        sdist.extractall(tmp_path, filter="data")
    assert build(tmp_path / "sale-0.1.0", tmp_path / "again") == first


def test_the_wheel_has_every_file_of_the_three_packages_and_nothing_else(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    source = ROOT / "src"
    ours = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    assert inside == {name for name in ours if "__pycache__" not in name and ".egg-info" not in name}
    assert {"sale_domain/py.typed", "sale_adapters/py.typed", "sale_app/py.typed"} <= inside


def test_the_library_asks_for_attrs_alone_and_the_extras_for_the_rest(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        told = Parser().parsestr(archive.read(name).decode())
    always = [asked for asked in told.get_all("Requires-Dist") or () if "extra ==" not in asked]
    assert [re.split(r"[<>=~! ;]", asked)[0] for asked in always] == ["attrs"]
    assert set(told.get_all("Provides-Extra") or ()) == {"client", "service", "otel", "demo", "testing"}


def test_the_list_of_parts_names_every_pin_and_vendored_file_with_hash_and_licence(tmp_path: Path) -> None:
    ran(
        "make",
        "-o",
        ".venv/.ready",
        "sbom",
        f"SBOM={tmp_path / 'sbom.json'}",
        f"BIN={Path(sys.executable).parent}",
        cwd=ROOT,
    )
    told = json.loads((tmp_path / "sbom.json").read_text())
    pinned = re.findall(
        r"^([a-z0-9._-]+(?:\[[a-z,]+\])?)==(\S+)", (ROOT / "requirements/service.txt").read_text(), re.MULTILINE
    )
    assert len(pinned) > 20
    vendored = [part for part in told["components"] if part["purl"].startswith("pkg:npm/")]
    pins = [part for part in told["components"] if part not in vendored]
    assert {(part["name"], part["version"]) for part in pins} == {
        (name.partition("[")[0], version) for name, version in pinned
    }
    assert (told["metadata"]["component"]["name"], told["metadata"]["component"]["version"]) == ("sale", "0.1.0")
    assert all(part["externalReferences"][0]["hashes"] for part in pins)
    files = {each["name"]: each["hashes"][0]["content"] for part in vendored for each in part["components"]}
    assert files == {
        str(path.relative_to(ROOT / "src")): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (ROOT / "src").glob("**/vendor/**/*")
        if path.is_file()
    }
    assert {part["name"] for part in told["components"] if not part["licenses"]} <= NOT_EVERYWHERE
    needs = {each["ref"]: each["dependsOn"] for each in told["dependencies"]}
    assert "lit-html@3.3.3" in needs[told["metadata"]["component"]["bom-ref"]]
