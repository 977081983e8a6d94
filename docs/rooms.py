"""Whether ARCHITECTURE.md's map is true: what it names is there, what is there it names, and its arrows are imports."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
MAP = ROOT / "ARCHITECTURE.md"
ROOMS = ("src/sale_domain", "src/sale_adapters", "src/sale_app", "tests")

GROUP = re.compile(r"subgraph \w+\[(sale_\w+)\]\n(.*?)\n  end", re.DOTALL)
NODE = re.compile(r"\b(\w+)(?:\[([^\](]+)\])?")
ARROW = re.compile(r"^ *([\w &]+?)(?:\[[^\]]*\])? (?:-->|-\. \w+ \.->) ([\w &]+?)(?:\[[^\]]*\])?$", re.MULTILINE)


def untruths(text: str) -> list[str]:
    """Return what is wrong with a map: a sentence each."""
    drawing, _, rest = text.partition("```mermaid")[2].partition("```")
    nodes = _nodes(drawing)
    return [*_of_rooms(rest), *_of_nodes(nodes), *_of_arrows(drawing, nodes)]


def _of_rooms(text: str) -> Iterator[str]:
    """Compare each row of the table with the room that it is about."""
    for room in ROOMS:
        row = next((line for line in text.splitlines() if line.startswith(f"| `{room}` |")), "")
        named = {name.rstrip("/") for name in re.findall(r"`([\w/.]+)`", row)} - {room}
        yield from (f"{room}/{name} is not there" for name in sorted(named) if not _is_there(room, name))
        packages = {path.name for path in (ROOT / room).iterdir() if path.is_dir() and any(path.glob("*.py"))}
        yield from (f"{room}/{package} is not on the map" for package in sorted(packages - named))


def _is_there(room: str, name: str) -> bool:
    return any((ROOT / room / spelled).exists() for spelled in (name, f"{name}.py"))


def _nodes(drawing: str) -> Mapping[str, tuple[str, ...]]:
    """Return the modules of each node inside our packages; a label lists several."""
    return {
        name: tuple(f"{package}.{part.replace(' ', '_')}" for part in (label or name).split(", "))
        for package, inside in GROUP.findall(drawing)
        for name, label in NODE.findall(inside)
    }


def _of_nodes(nodes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    paths = {module: f"src/{module.replace('.', '/')}" for modules in nodes.values() for module in modules}
    yield from (
        f"{module} is drawn and not there"
        for module, path in paths.items()
        if not (ROOT / path).is_dir() and not (ROOT / f"{path}.py").exists()
    )


def _of_arrows(drawing: str, nodes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    graph = grimp.build_graph("sale_domain", "sale_adapters", "sale_app")
    for sources, targets in ARROW.findall(drawing):
        for source, target in product(sources.split(" & "), targets.split(" & ")):
            if source not in nodes or target not in nodes:
                continue
            pairs = product(nodes[source], nodes[target])
            known = graph.modules
            if not any(
                graph.direct_import_exists(importer=importer, imported=imported, as_packages=True)
                for importer, imported in pairs
                if {importer, imported} <= known
            ):
                yield f"{source} is drawn to use {target} and does not import it"
