"""The files that comments, docstrings, docs and messages name."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
NOT_OURS = {"var", "staticfiles", "__pycache__", "alpine"}  # and what is hidden
FOR_PEOPLE = {".md", ".toml", "Makefile"}  # read as a whole
# No part of an address, of a pattern or of a dotted name.
FILE = re.compile(
    r"(?<![\w/.*:@-])(?:[\w-]+/)*[\w-]+(?:\.[\w-]+)*\.(?:md|rst|py|html|css|js|toml|lock|sql)"
    r"\b(?![/*(-])"
)
COMMENTS = {
    ".html": re.compile(r"\{#.*?#\}|\{% comment.*?endcomment %\}|<!--.*?-->", re.S),
    ".css": re.compile(r"/\*.*?\*/", re.S),
    ".js": re.compile(r"/\*[\s\S]*?\*/|(?<![:\"'])//.*"),
}
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def own_files() -> list[Path]:
    """Return the files of the project, without what is generated, installed or vendored."""
    tops = (top for top in ROOT.iterdir() if top.name not in NOT_OURS and top.name[0] != ".")
    found = (path for top in tops for path in (top.rglob("*") if top.is_dir() else [top]))
    return sorted(
        path for path in found if path.is_file() and not NOT_OURS & {*path.relative_to(ROOT).parts}
    )


def prose_of_python(source: str) -> Iterator[str]:
    """Yield comments and docstrings."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, DOCUMENTED):
            yield ast.get_docstring(node) or ""


def prose(path: Path) -> Iterator[str]:
    """Yield what of a file is written for people."""
    if path.suffix == ".py":
        yield from prose_of_python(path.read_text())
    elif path.suffix == ".po":
        yield from (f"{entry.msgid}\n{entry.msgstr}" for entry in polib.pofile(str(path)))
    elif path.suffix in COMMENTS:
        yield from COMMENTS[path.suffix].findall(path.read_text())
    elif {path.suffix, path.name} & FOR_PEOPLE:
        yield path.read_text()


def cited(path: Path) -> set[str]:
    return {name for text in prose(path) for name in FILE.findall(text)}


def unknown(paths: list[Path]) -> list[tuple[str, str]]:
    """Return each file of ``paths`` with what it cites and the project does not hold."""
    held = [f"/{path.relative_to(ROOT).as_posix()}" for path in own_files()]
    return [
        (str(path.relative_to(ROOT)), name)
        for path in paths
        for name in sorted(cited(path))
        if not any(one.endswith(f"/{name}") for one in held)
    ]
