"""The layout holds: floors, rooms, triggers, file sizes."""

import ast
import re
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.utils.translation import override

from tests.citations import cited, own_files, unknown
from zone.api.urls import RESOURCES
from zone.apps import modules_of_apps
from zone.database.checkout import VAR
from zone.feed.synced import sync_of
from zone.models import Row
from zone.models.base import Change

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("zone", "crm", "projects")
DOORS = ("admin", "api", "pages", "management")
FORBIDDEN_NAMES = {"services.py", "utils.py", "helpers.py", "common.py"}
SOURCES = sorted(
    path for app in FLOORS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts
)
OURS = [model for app in FLOORS for model in apps.get_app_config(app).get_models()]


def imports(path: Path) -> set[str]:
    """Return the dotted names of our own packages that ``path`` imports, wherever it does so."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.split(".")[0] in FLOORS}


def test_the_reader_of_imports_sees_them_all():
    assert "zone.models.base" in imports(ROOT / "crm" / "models" / "leads.py")
    assert "projects.models.Agreement" in imports(ROOT / "projects" / "progress.py")


def test_a_lower_floor_never_imports_a_higher_one():
    wrong = [
        (str(path.relative_to(ROOT)), name)
        for path in SOURCES
        for name in imports(path)
        if FLOORS.index(name.split(".")[0]) > FLOORS.index(path.relative_to(ROOT).parts[0])
    ]
    assert wrong == []


def test_the_doors_of_an_app_never_import_one_another():
    """Inside its own room everything goes; models and process modules use no door at all."""
    wrong = []
    for path in SOURCES:
        app, *rest = path.relative_to(ROOT).with_suffix("").parts
        for name in imports(path):
            target = [*name.split("."), ""]
            if target[0] == app and target[1] in DOORS and rest[0] not in (target[1], "urls"):
                wrong.append((str(path.relative_to(ROOT)), name))
    assert wrong == []


def test_keys_and_data_stay_in_the_folder_that_git_ignores(settings):
    """Elsewhere a checkout would begin with empty data and new keys, and commit the keys."""
    assert VAR == ROOT / "var" == settings.BASE_DIR / "var"
    assert "/var/" in (ROOT / ".gitignore").read_text().splitlines()


# Entry points put everything together; nobody imports them for what they hold.
ENTRIES = {"apps.py", "urls.py", "settings.py"}
LOOSE = 12


def rooms_of_the_ground() -> dict[str, set[str]]:
    """Return which rooms of zone each room imports: packages, and modules that lie loose."""
    found: dict[str, set[str]] = {}
    for path in (path for path in SOURCES if path.is_relative_to(ROOT / "zone")):
        if path.name not in ENTRIES:
            room = ".".join(path.relative_to(ROOT).with_suffix("").parts[:2])
            named = {".".join(name.split(".")[:2]) for name in imports(path)} - {"zone", room}
            found.setdefault(room, set()).update(named)
    known = {room for room in found if room.count(".")}
    return {room: named & known for room, named in found.items()}


def test_no_import_of_the_ground_runs_back_up():
    rooms = rooms_of_the_ground()
    assert len(list(TopologicalSorter(rooms).static_order())) == len(rooms)
    rooms["zone.models"].add("zone.api")
    with pytest.raises(CycleError):
        list(TopologicalSorter(rooms).static_order())


def test_few_modules_lie_loose_in_the_ground():
    loose = [path.name for path in (ROOT / "zone").glob("*.py") if path.name != "__init__.py"]
    assert len(loose) <= LOOSE, sorted(loose)


def test_a_lower_floor_never_names_a_noun_of_a_higher_one():
    """What the ground needs of a noun, the noun's own app declares."""
    wrong = []
    for place, app in enumerate(FLOORS):
        labels = [
            re.escape(f"{upper}.{model._meta.model_name}") + "|" + re.escape(model._meta.db_table)
            for upper in FLOORS[place + 1 :]
            for model in apps.get_app_config(upper).get_models()
        ]
        named = re.compile(rf"\b({'|'.join(labels) or '(?!)'})\b", re.IGNORECASE)
        for path in (path for path in SOURCES if path.is_relative_to(ROOT / app)):
            wrong += [(str(path.relative_to(ROOT)), m[0]) for m in named.finditer(path.read_text())]
    assert [one for one in wrong if one not in KEYS_UP] == []


# Keys to a noun of a higher floor, which Django takes as text.
KEYS_UP = [("crm/models/follow_ups.py", "projects.Project")]


def test_no_module_has_a_name_that_says_nothing():
    assert [path for path in SOURCES if path.name in FORBIDDEN_NAMES] == []


def test_no_file_grows_past_400_lines():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_html_is_never_marked_safe_and_scripts_are_never_inline():
    assert [path for path in SOURCES if "mark_safe" in path.read_text()] == []
    templates = [path for app in FLOORS for path in (ROOT / app).rglob("*.html")]
    inline = [
        path
        for path in templates
        if re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", path.read_text())
    ]
    assert (inline, bool(templates)) == ([], True)


@pytest.mark.django_db
def test_every_business_row_keeps_its_version():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'touch_row'")
        touched = {table for (table,) in cursor.fetchall()}
    rows = {model._meta.db_table for model in OURS if issubclass(model, Row)}
    assert touched == rows


def test_every_model_is_a_business_row_or_history_or_the_trail_or_serves_synchronisation():
    others = {
        "zone.AuditEntry",
        "zone.AuditLink",
        "zone.AuditAnchor",
        "zone.ExternalRef",
        "zone.Merged",
    }
    others |= {"zone.ApiBudget", "zone.ApiReply", "zone.ApiUpload", "zone.ApiUploadPart"}
    others |= {"zone.WebhookCursor", "zone.Throttle", "zone.WorkerBeat", "zone.JobRun"}
    others |= {"projects.ProjectNumber", "zone.SentForm", "zone.ImportLine"}
    others |= {"zone.Notice", "zone.NoticeChannel", "zone.Digest", "zone.CalendarToken"}
    assert {m._meta.label for m in OURS if not issubclass(m, (Row, Change))} == others


ROWS = [model for model in OURS if issubclass(model, Row)]


@pytest.mark.parametrize("model", ROWS, ids=lambda model: model._meta.label)
def test_every_row_has_rights_a_translated_name_and_its_place_on_the_interface(model):
    rights = {label for module in modules_of_apps("roles") for label in module.RIGHTS}
    assert model._meta.label_lower in rights
    with override("en"):
        english = str(model._meta.verbose_name), str(model._meta.verbose_name_plural)
    with override("zh-hans"):
        chinese = str(model._meta.verbose_name), str(model._meta.verbose_name_plural)
    assert not set(english) & set(chinese)
    if sync_of(model):
        assert RESOURCES[model.SYNC.name].model is model


# An index that is the beginning of another one costs every write and answers nothing.
REDUNDANT = """
SELECT a.indexrelid::regclass::text
FROM pg_index a JOIN pg_index b ON a.indrelid = b.indrelid AND a.indexrelid <> b.indexrelid
WHERE a.indrelid = ANY(%s::regclass[]) AND NOT a.indisunique
  AND coalesce(a.indpred, b.indpred) IS NULL AND coalesce(a.indexprs, b.indexprs) IS NULL
  AND b.indkey::text || ' ' LIKE a.indkey::text || ' %%'
  AND b.indclass::text || ' ' LIKE a.indclass::text || ' %%'
"""


def redundant_indexes() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(REDUNDANT, [[model._meta.db_table for model in OURS]])
        return sorted(name for (name,) in cursor.fetchall())


@pytest.mark.django_db
def test_no_index_is_the_beginning_of_another():
    assert redundant_indexes() == []
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX needless ON crm_lead (chain_id)")
    assert redundant_indexes() == ["needless"]


def test_every_model_says_in_one_sentence_what_it_is():
    assert [m for m in OURS if not m.__doc__ or m.__doc__.startswith(f"{m.__name__}(")] == []


def test_the_top_level_stays_as_it_is():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    folders = {line.split("/")[0] for line in listed.stdout.splitlines() if "/" in line}
    assert folders <= {".ci", "docs", "zone", "crm", "projects", "fixtures", "tests"}


def test_every_file_that_is_cited_is_there():
    assert unknown(own_files()) == []


# A name that is nowhere, in each kind of file; `gone` keeps this test out of what it finds.
GONE = "gone" + ".md"
CITING = {
    "comment.py": f"x = 1  # see {GONE} §1\n",
    "docstring.py": f'def f():\n    """As {GONE} has it."""\n',
    "remark.html": f"<p></p>{{# {GONE} #}}",
    "block.html": f"{{% comment %}}\n{GONE}\n{{% endcomment %}}",
    "hidden.html": f"<!-- {GONE} -->",
    "block.css": f"/* {GONE} */",
    "line.js": f"let x = 1; // {GONE}",
    "block.js": f"/* a\n {GONE} */",
    "doc.md": f"Read `{GONE}`.",
    "words.po": f'msgid ""\nmsgstr ""\n\nmsgid "see {GONE}"\nmsgstr ""\n',
    "Makefile": f"all:  ## {GONE}",
}


@pytest.mark.parametrize("name", CITING)
def test_a_citation_is_found_in_each_kind_of_file(name, tmp_path):
    (tmp_path / name).write_text(CITING[name])
    assert cited(tmp_path / name) == {GONE}


@pytest.mark.parametrize(
    "text",
    ["https://example.org/a.html", "tests/*.py", "a.py-b", "settings.html_of", "p.mdx", "f.js()"],
)
def test_what_is_no_file_is_not_taken_for_one(text, tmp_path):
    (tmp_path / "doc.md").write_text(text)
    assert cited(tmp_path / "doc.md") == set()


def test_the_map_of_the_readme_leads_to_places_that_are_there():
    text = (ROOT / "README.md").read_text()
    table = text.split("## Map of the house")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (?!to change|-)(.+) \| (.+) \|$", table, re.M)
    places = {task: re.findall(r"`([a-z]+/[\w/.]+)`", cell) for task, cell in rows}
    assert len(places) >= 25
    assert [task for task, found in places.items() if not found] == []
    assert [
        place for found in places.values() for place in found if not (ROOT / place).exists()
    ] == []
