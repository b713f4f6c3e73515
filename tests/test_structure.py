"""Rules of the house that a machine can check: imports, what is loaded at start, and maps of folders."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("gan_zoo", "datamodules")

FLOORS = (
    ("__init__", "__main__", "cli"),
    ("commands",),
    ("dashboard",),
    ("report",),
    ("training",),
    ("callbacks", "models", "editing"),
    ("metrics", "adversarial", "growing"),
    ("module",),
    ("sampling", "studies"),
    ("run", "step", "translation", "networks", "perceptual", "augment"),
    ("distributed", "lookup", "bounds", "memory", "tiles"),
    ("losses", "penalties", "schedules", "layers", "images", "errors", "published", "trust", "interrupts"),
)
"""Files and folders of gan_zoo, the top floor first. Imports run downwards, or stay on their floor.

`gan_zoo` may import `datamodules`, never the other way round.
"""
OLD_PATHS = ("strategy", "gradients", "rescoring")
"""Paths of version 0.1, which only import their successors."""

FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
EXPERIMENTS = sorted((ROOT / "experiments").rglob("*.yaml"))


def label(file: Path) -> str:
    return str(file.relative_to(ROOT))


every_file = pytest.mark.parametrize("file", FILES, ids=label)


@cache
def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def imported(file: Path, node: ast.AST) -> set[str]:
    """Return the modules that a statement imports: `from gan_zoo import losses` is gan_zoo.losses; __version__ is no
    module.
    """
    if isinstance(node, ast.Import):
        return {name.name for name in node.names}
    if isinstance(node, ast.ImportFrom):
        package = module_name(file) if file.name == "__init__.py" else module_name(file).rpartition(".")[0]
        base = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
        names = [name.name for name in node.names if (base, name.name) != ("gan_zoo", "__version__")]
        return {f"{base}.{name}" if is_module(f"{base}.{name}") else base for name in names}
    return set()


def imports(file: Path) -> set[str]:
    """Return all modules that `file` imports, also inside functions."""
    return set().union(*(imported(file, node) for node in ast.walk(tree(file))))


def imports_at_once(file: Path) -> set[str]:
    """Return the modules that are imported with `file`: not those inside functions or only for type checkers."""
    modules, waiting = set(), list[ast.AST](tree(file).body)
    while waiting:
        node = waiting.pop()
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not typing_only and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            modules |= imported(file, node)
            waiting.extend(ast.iter_child_nodes(node))
    return modules


def room(module: str) -> str:
    """Return the file or folder of gan_zoo that contains `module`."""
    return [*module.split("."), "__init__"][1]


def floor(module: str) -> int:
    """Return the number of the floor of `module`; the top floor is 0."""
    return next(number for number, rooms in enumerate(FLOORS) if room(module) in rooms)


def test_every_file_of_gan_zoo_has_a_floor() -> None:
    rooms = {room(module_name(file)) for file in FILES if module_name(file).split(".")[0] == "gan_zoo"}
    known = {name for names in FLOORS for name in names} | {*OLD_PATHS}
    assert not rooms - known, "give each of these a place in FLOORS, as low as its imports allow"
    assert not known - rooms, "FLOORS names rooms that no longer exist"


def test_rooms_do_not_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for file in FILES:
        own = module_name(file)
        if own.split(".")[0] == "gan_zoo" and room(own) not in (*OLD_PATHS, "__init__"):
            used = {room(module) for module in imports(file) if module.split(".")[0] == "gan_zoo"}
            graph.setdefault(room(own), set()).update(used - {room(own)})
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_an_old_path_only_imports_its_successor() -> None:
    for name in OLD_PATHS:
        path = ROOT / "gan_zoo" / name
        for file in path.glob("*.py") if path.is_dir() else [path.with_suffix(".py")]:
            nodes = (ast.Expr, ast.ImportFrom, ast.If)
            assert all(isinstance(node, nodes) for node in tree(file).body), label(file)


@every_file
def test_imports_run_downwards(file: Path) -> None:
    own = module_name(file)
    ours = {module for module in imports(file) if module.split(".")[0] == "gan_zoo"}
    if own.split(".")[0] != "gan_zoo" or room(own) in OLD_PATHS:
        return
    upwards = {module for module in ours if floor(module) < floor(own)}
    assert not upwards, f"{own} imports from a floor above it"


@every_file
def test_models_do_not_import_models(file: Path) -> None:
    if module_name(file).startswith("gan_zoo.models"):
        assert not [module for module in imports(file) if module.startswith("gan_zoo.models")]


@every_file
def test_datamodules_never_import_gan_zoo(file: Path) -> None:
    package = module_name(file).split(".")[0]
    forbidden = {"experiments", "tests"} | ({"gan_zoo"} if package == "datamodules" else set())
    assert not {module.split(".")[0] for module in imports(file)} & forbidden


@every_file
def test_imported_packages_are_declared_in_pyproject(file: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required, optional = project["dependencies"], project["optional-dependencies"]
    extras = [requirement for name, extra in optional.items() if name != "dev" for requirement in extra]
    assert not undeclared(imports_at_once(file), distributions(required)), "not among pyproject.toml's dependencies"
    assert not undeclared(imports(file), distributions([*required, *extras])), "neither a dependency nor in an extra"


def distributions(requirements: list[str]) -> set[str]:
    """Return the names of the distributions that `requirements` name."""
    return {normalised(re.split(r"[\[<>=~! ;]", requirement)[0]) for requirement in requirements}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def providers() -> Mapping[str, list[str]]:
    """Return the distributions that provide each package that can be imported here."""
    return packages_distributions()


def undeclared(modules: set[str], declared: set[str]) -> set[str]:
    """Return the packages of `modules` that come neither with Python, nor from us, nor from `declared`."""
    foreign = {module.split(".")[0] for module in modules} - set(sys.stdlib_module_names) - set(PACKAGES)
    names = {package: {normalised(name) for name in (*providers().get(package, ()), package)} for package in foreign}
    return {package for package in foreign if not declared & names[package]}


@every_file
def test_no_decorator_is_ours_or_registers_anything(file: Path) -> None:
    own = {node.name for node in tree(file).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            own |= {name.asname or name.name for name in node.names}
    for node in ast.walk(tree(file)):
        for decorator in getattr(node, "decorator_list", []):
            text = ast.unparse(decorator)
            assert not re.search("regist", text, re.IGNORECASE), f"{text} in line {decorator.lineno}"
            assert re.split(r"\W", text)[0] not in own, f"{text} in line {decorator.lineno} is a decorator of ours"


HEAVY = ("torch", "torchvision", "lightning", "torchmetrics", "jsonargparse", "numpy", "PIL")


@pytest.mark.parametrize(
    "code",
    [
        "import gan_zoo",
        "from gan_zoo.cli import run; run(['--help'])",
        "from gan_zoo.cli import run; run(['--version'])",
        "from gan_zoo.cli import run; run(['status', '.'])",
        "from gan_zoo.cli import run; run(['data', 'list'])",
        "from gan_zoo.cli import run; run(['study', 'mnist_objectives', '--dry-run'])",
        "import gan_zoo; assert gan_zoo.runs('.')[0]['status'] == 'finished'",
    ],
)
def test_loads_no_heavy_package(code: str, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "run.json").write_text('{"status": "finished"}')
    script = f"{code}\nimport sys\nprint('loaded', sorted(set(sys.modules) & set({HEAVY})))"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1:] == ["loaded []"], done.stdout + done.stderr


@pytest.mark.parametrize("file", EXPERIMENTS, ids=label)
def test_an_experiment_opens_with_its_command(file: Path) -> None:
    lines = file.read_text().splitlines()
    header = [line for line in lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]]
    assert header and header[0].strip("# "), "opens with a comment that says what is trained"
    name = str(file.relative_to(ROOT / "experiments").with_suffix(""))
    command = f"gan-zoo study {file.stem}" if name.startswith("studies/") else f"gan-zoo fit -c {name}"
    assert any(f"{line.strip('# ')} ".startswith(f"{command} ") for line in header), f"the header states `{command}`"


@pytest.mark.parametrize(
    "folder", sorted({file.parent for file in FILES if file.parent.name not in ("models", "rescoring")}), ids=label
)
def test_a_folder_opens_with_a_map_of_its_files(folder: Path) -> None:
    text = ast.get_docstring(tree(folder / "__init__.py")) or ""
    rooms = [path for path in folder.iterdir() if (path.suffix == ".py" and path.stem[0] != "_") or holds_code(path)]
    missing = [path.name for path in rooms if path.stem not in re.findall(r"\w+", text)]
    assert not missing, "the docstring of __init__.py names each file of its folder"


def holds_code(path: Path) -> bool:
    return path.is_dir() and (path / "__init__.py").exists()
