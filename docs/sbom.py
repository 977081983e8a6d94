"""Write what a service is made of: every pin with its hashes, licence and dependencies, and what the wheel vendors."""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
VENDORED = {"lit-html": ("3.3.3", "BSD-3-Clause")}
"""Version and licence of each folder below a folder `vendor`, by its name on npm."""


def sbom() -> Any:  # noqa: ANN401 - a CycloneDX document
    """Return the document: pins and hashes from the requirements, licences and the graph from what is installed.

    The requirements have pins of every platform; what is not installed on this one has no licence here.
    """
    told = _made("requirements", str(ROOT / "requirements" / "service.txt"))
    installed = _made("environment", sys.executable)
    here = {_name(part["name"]): part for part in installed["components"]}
    ref_of = {_name(part["name"]): part["bom-ref"] for part in told["components"]}
    root = told["metadata"]["component"]["bom-ref"]
    ours = {here[name]["bom-ref"]: ref for name, ref in ref_of.items() if name in here}
    ours[installed["metadata"]["component"]["bom-ref"]] = root
    needs = {ours[each["ref"]]: each.get("dependsOn", ()) for each in installed["dependencies"] if each["ref"] in ours}
    for part in told["components"]:
        part["licenses"] = _licences(here.get(_name(part["name"]), {}))
    vendored = [_vendored(folder) for folder in sorted(SOURCE.glob("**/vendor/*"))]
    told["components"] += vendored
    told["dependencies"] = [
        {"ref": ref, "dependsOn": sorted(ours[each] for each in needs.get(ref, ()) if each in ours)}
        for ref in sorted({*ref_of.values(), root})
    ]
    for each in told["dependencies"]:
        if each["ref"] == root:
            each["dependsOn"] += [part["bom-ref"] for part in vendored]
    return told


def _made(kind: str, of: str) -> Any:  # noqa: ANN401 - a CycloneDX document
    with tempfile.TemporaryDirectory() as place:
        into = Path(place) / "sbom.json"
        tool = str(Path(sys.executable).with_name("cyclonedx-py"))
        about = ("--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "application", "--output-reproducible")
        command = [tool, kind, of, *about, "--of", "JSON", "-o", str(into)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command
        return json.loads(into.read_text())


def _licences(part: Any) -> Any:  # noqa: ANN401 - CycloneDX
    """Return the licences by their SPDX names; a classifier repeats in other words what another entry says."""
    said = part.get("licenses", [])
    return [each for each in said if "expression" in each or "id" in each["license"]] or said


def _vendored(folder: Path) -> dict[str, Any]:
    if folder.name not in VENDORED:
        raise SystemExit(
            f"{folder.relative_to(ROOT)} has no row in VENDORED ({__file__}): say its version and licence."
        )
    version, licence = VENDORED[folder.name]
    return {
        "type": "library",
        "bom-ref": f"{folder.name}@{version}",
        "name": folder.name,
        "version": version,
        "purl": f"pkg:npm/{folder.name}@{version}",
        "licenses": [{"license": {"id": licence}}],
        "components": [
            {
                "type": "file",
                "bom-ref": str(path.relative_to(SOURCE)),
                "name": str(path.relative_to(SOURCE)),
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}],
            }
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ],
    }


def _name(text: str) -> str:
    return re.sub("[-_.]+", "-", text).lower()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(sbom(), indent=2) + "\n")
