"""The docs hang together: links lead somewhere, each page is reachable, decisions are complete."""

import re

import pytest

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
REPOSITORY_PATH = re.compile(r"`((?:node|proto|policies|examples|tests|scripts|docs)/[\w./-]*)`")
HEADING = re.compile(r"^(#{1,6}) +(.+?) *$", re.MULTILINE)
ADR_PARTS = ("Context", "Options", "Decision", "Cost")


@pytest.fixture(scope="module")
def pages(root):
    """Return the text of each Markdown page by its path."""
    found = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "examples").rglob("*.md")]
    return {path: path.read_text(encoding="utf-8") for path in sorted(found)}


def _links(text):
    for target, anchor in LINK.findall(CODE_BLOCK.sub("", text)):
        if "://" not in target and not target.startswith("mailto:"):
            yield target, anchor


def _anchors(text):
    for _, title in HEADING.findall(CODE_BLOCK.sub("", text)):
        yield "#" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def test_links_lead_to_files_and_headings(root, pages):
    broken = []
    for page, text in pages.items():
        for target, anchor in _links(text):
            path = (page.parent / target).resolve()
            if not path.exists() or (anchor and anchor not in set(_anchors(pages.get(path, "")))):
                broken.append(f"{page.relative_to(root)}: {target}{anchor}")
    assert broken == []


def test_paths_named_in_the_docs_exist(root, pages):
    missing = [
        f"{page.relative_to(root)}: {name}"
        for page, text in pages.items()
        if page.name != "CHANGELOG.md"
        for name in REPOSITORY_PATH.findall(CODE_BLOCK.sub("", text))
        if not (root / name).exists()
    ]
    assert missing == []


def test_every_page_is_reached_from_the_index(root, pages):
    reached, waiting = set(), [root / "docs" / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page not in pages:
            continue
        reached.add(page)
        waiting += [(page.parent / target).resolve() for target, _ in _links(pages[page])]
    docs = {page for page in pages if page.is_relative_to(root / "docs")}
    assert sorted(str(page.relative_to(root)) for page in docs - reached) == []


def test_decisions_are_numbered_without_a_gap(root):
    names = sorted(path.name for path in (root / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_decisions_say_context_options_decision_and_cost(root, pages):
    lacking = [
        f"{page.name}: {part}"
        for page, text in pages.items()
        if page.parent == root / "docs" / "adr" and page.name[0].isdigit()
        for part in ADR_PARTS
        if f"\n## {part}\n" not in text
    ]
    assert lacking == []


def test_prose_does_not_call_anything_simple(root, pages):
    calling = [
        f"{page.relative_to(root)}: {found.group()}"
        for page, text in pages.items()
        if (found := re.search(r"\b(?:simply|obviously|of course)\b", text, re.IGNORECASE))
    ]
    assert calling == []
