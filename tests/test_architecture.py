"""The rules of the house: arrows between rooms point one way, and what a room may bring in from outside."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lib_modelsim"

CAN_EXECUTE = ("pickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve")
"""Modules whose readers run what a file tells them to."""


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """`similarity` for lib_modelsim/similarity/matrix.py, `errors` for lib_modelsim/errors.py."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Dotted names that the file imports anywhere in it; `from a import b` gives `a.b`, relative ones are resolved."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"), path.name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)
        elif path.name == "discovery.py":  # which imports modules of our own packages alone
            continue
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield ast.literal_eval(node.args[0])  # fails, as it should, where the name is not written out


def outside(path: Path) -> set[str]:
    """Top-level names of what the file imports from elsewhere."""
    return {name.split(".")[0] for name in imports(path)} - {"lib_modelsim"}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_arrows_between_rooms_point_one_way(monkeypatch, capsys):
    """The contracts of pyproject.toml: layers, the two strands, no cycles, who knows gradio and the WebUI."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("importlinter.cli._configure_logging", lambda verbose: None)  # it disables all other loggers
    kept = lint_imports(no_cache=True) == 0
    assert kept, capsys.readouterr().out


def test_every_room_stands_in_the_layers():
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in files()} - {"__init__"}
    contracts = (ROOT / "pyproject.toml").read_text("utf-8")
    missing = {room for room in rooms if f'lib_modelsim.{room}"' not in contracts and f".{room} :" not in contracts}
    assert missing == set()


def test_only_one_file_prints_and_makes_loggers():
    """Names come from strangers: `saying` writes out what a terminal would obey. (`installing` runs without the
    package, and prints no names.)"""

    def prints(node: ast.AST) -> bool:
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        return called == "print" or called.endswith(("getLogger", "stdout.write", "stderr.write"))

    doors = {"saying.py", "installing.py", "pictures/encoders/published_weights.py"}  # the last one listens to others'
    trees = {relative(path): ast.parse(path.read_text("utf-8")) for path in files() if relative(path) not in doors}
    assert [name for name, tree in trees.items() if any(map(prints, ast.walk(tree)))] == []


def test_a_public_class_name_exists_once():
    found = [
        node.name
        for path in files()
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert sorted(name for name in set(found) if found.count(name) > 1) == []


@pytest.mark.parametrize("path", sorted((PACKAGE / "checkpoints").rglob("*.py")), ids=relative)
def test_files_are_read_without_torch(path):
    if path.name not in ("values.py", "memory.py"):
        assert not outside(path) & {"torch", "safetensors"}


@pytest.mark.parametrize("path", files(), ids=relative)
def test_nothing_can_execute_a_pickle(path):
    assert not outside(path) & set(CAN_EXECUTE)
    assert "torch.load" not in imports(path)
    assert "torch.load(" not in path.read_text("utf-8")


OPENS_PICTURES = {
    "PIL.Image.open",
    "PIL.ImageFile.Parser",
    "PIL.ImageGrab",
    "matplotlib.image",
    "matplotlib.pyplot.imread",
    "torchvision.datasets",
    "skimage.io",
    "modules.images",
    "gradio.processing_utils",
}
OPENS_PICTURES |= {"imageio", "torchvision.io", "scipy.misc", "pillow_heif", "wand", "pyvips", "tifffile"}
OPENS_PICTURES |= {"cv2.imdecode", "cv2.imdecodemulti", "cv2.imread", "cv2.imreadmulti", "cv2.VideoCapture", "cv2.*"}
"""Names that read picture files in whatever format their content has."""


def uses(path: Path) -> Iterator[str]:
    """Dotted names that the file uses, its imports' own names in the place of what it calls them."""
    tree = ast.parse(path.read_text("utf-8"), path.name)
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {each.asname or each.name.split(".")[0]: each.asname and each.name for each in node.names}
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            known |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
            yield from (f"{node.module}.{each.name}" for each in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            yield f"{known.get(first) or first}.{rest}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr" and len(node.args) > 1:
            first, _, rest = ast.unparse(node.args[0]).partition(".")
            yield ".".join(filter(None, (known.get(first) or first, rest, str(getattr(node.args[1], "value", "?")))))


def opens_pictures(path: Path) -> set[str]:
    return {name for name in uses(path) if any(f"{name}.".startswith(f"{each}.") for each in OPENS_PICTURES)}


OURS = [*files(), *sorted((ROOT / "benchmarks").rglob("*.py")), *sorted((ROOT / "scripts").glob("*.py"))]
OURS += sorted(ROOT.glob("*.py"))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_picture_files_are_opened_in_one_place(path):
    """Pillow executes an EPS whatever its name is: only pictures/opening.py calls it, with a list of formats."""
    if path == PACKAGE / "pictures" / "opening.py":
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        opening = [call for call in calls if ast.unparse(call.func) == "Image.open"]
        assert opening
        assert all("formats" in {keyword.arg for keyword in call.keywords} for call in opening)
    else:
        assert not opens_pictures(path), "use pictures/opening.py"


def test_the_walk_sees_every_way_to_open_a_picture(tmp_path):
    file = tmp_path / "a.py"
    for text in (
        "from PIL import Image\nImage.open(path)",
        "from PIL import Image as Pillow\ndef f():\n    return Pillow.open(path)",
        "import PIL.Image\nPIL.Image.open(path)",
        "from PIL.Image import open",
        "def f():\n    import PIL.Image as I\n    opener = I.open",
        "import cv2\ncv2.imread(path)",
        "from cv2 import imdecode",
        "from PIL import Image\ngetattr(Image, 'open')(path)",
        "from torchvision.io import read_image",
        "from matplotlib import pyplot as plt\nplt.imread(path)",
        "from modules import images\nimages.read(path)",
    ):
        file.write_text(text)
        assert opens_pictures(file), text
    file.write_text("from PIL import Image\nImage.new('RGB', (1, 1)).save(open(path))")
    assert not opens_pictures(file)


def test_the_walk_sees_every_kind_of_import(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.test_architecture.ROOT", tmp_path)
    file = tmp_path / "lib_modelsim" / "families" / "features.py"
    file.parent.mkdir(parents=True)
    file.write_text(
        "import gradio as gr\n"
        "from ..similarity.matrix import SimilarityMatrix\n"
        "from . import linkage\n"
        "def later():\n"
        "    from modules import shared\n"
        "    importlib.import_module('torch.nn')\n"
    )
    assert set(imports(file)) == {
        "gradio",
        "lib_modelsim.similarity.matrix.SimilarityMatrix",
        "lib_modelsim.families.linkage",
        "modules.shared",
        "torch.nn",
    }
