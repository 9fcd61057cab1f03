"""The table of modules in docs/architecture.md is true."""

import ast
import re

from conftest import ROOT

PACKAGE = ROOT / "cifar_lr"
MODULES = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
ROWS = dict(
    re.findall(
        r"^\| `(\w+)\.py` \| .* \| (.*) \|$", (ROOT / "docs/architecture.md").read_text(), flags=re.MULTILINE
    )
)


def imported_by(module):
    """The package's modules that one imports, at its top or inside a function, but not for types alone."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "cifar_lr":
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cifar_lr."):
            found.add(node.module.removeprefix("cifar_lr."))
    return found & MODULES


def test_every_module_has_a_row():
    assert set(ROWS) == MODULES


def test_each_module_imports_what_its_row_says():
    said = {module: set(re.findall(r"\w+", row)) & MODULES for module, row in ROWS.items()}
    summed_up = {module for module, row in ROWS.items() if row in {"the above", "all"}}
    assert summed_up == {"train", "cli"}
    wrong = {
        module: (sorted(imported_by(module) - said[module]), sorted(said[module] - imported_by(module)))
        for module in MODULES - summed_up
        if imported_by(module) != said[module]
    }
    assert wrong == {}


def test_no_two_modules_import_each_other():
    imports = {module: imported_by(module) for module in MODULES}
    assert [(one, other) for one in imports for other in imports[one] if one in imports[other]] == []
