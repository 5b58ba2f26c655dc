"""A slip in node.yaml or in a guardrail that would leave a node without its guardrail.

expect: the node does not start, and says the place of the slip
effect: it never serves what the guardrail keeps back
source: DESIGN 4: a term that the node would ignore must never look like control
"""

import pytest

from support.guardrails import FILE, guard
from support.nodes import Companies

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    with Companies(tmp_path_factory.mktemp("slips")) as companies:
        found = companies.found("ua")
        guard(found, "when: {column_class: [health]}, require: {access: [private]}")
        yield found


@pytest.mark.parametrize(
    ("file", "right", "wrong", "told"),
    [
        ("node.yaml", "floors.yaml]", "floor.yaml]", "the guardrail `"),
        ("node.yaml", "guardrails: [", "guardrail: [", "`guardrail` is not a field here"),
        ("node.yaml", "guardrails: [", "#guardrails: [\nguardrials: [", "is not a field here"),
        (FILE, "[health]", "[helth]", "`helth` is not identifier"),
        (FILE, "when:", "wen:", "`wen` is not a field here"),
        (FILE, "access: [private]", "access: []", "`access` has 0 of at least 1 entries"),
        (FILE, "require: {access: [private]}", "require: {}", "nothing is required here"),
        (FILE, "guardrail/v1", "guardrail/v2", "is not sekisho.guardrail/v1"),
        (
            FILE,
            "rules:\n",
            "rules:\n  - {rule: x, because: x, require: {access: [rows]}}\n",
            "no contract can meet both",
        ),
    ],
)
def test_a_slip_keeps_the_node_from_starting(company, file, right, wrong, told):
    path = company.folder.root / file
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))
    try:
        ran = company.run("serve")
    finally:
        path.write_text(text)
    assert ran.code == 1
    assert told in ran.err
    assert f"{file.rpartition('/')[2]}:" in ran.err
