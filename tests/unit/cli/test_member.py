"""Members: compared by people, kept with an alias, and never believed on sight."""

import pytest


@pytest.fixture
def pair(make_node):
    return make_node("ua.example"), make_node("maker.example")


def test_a_member_is_added_by_its_fingerprint(sekisho, pair, introduce):
    node, other = pair
    introduce(node, other)
    listed = sekisho("member", "list", "--dir", node, "--format", "json").json
    assert [(item["alias"], item["party"], item["version"]) for item in listed] == [
        ("maker", "maker.example", 1)
    ]


def test_another_fingerprint_is_not_trusted_and_nothing_is_kept(sekisho, pair):
    node, other = pair
    ran = sekisho(
        *("member", "add", other / "member.json", "--dir", node),
        *("--fingerprint", "sha256:" + "0" * 64),
    )
    assert ran.code == 4
    assert "has another fingerprint" in ran.err
    assert sekisho("member", "list", "--dir", node, "--format", "json").json == []


def test_without_a_fingerprint_somebody_must_be_there_to_compare(sekisho, pair):
    node, other = pair
    ran = sekisho("member", "add", other / "member.json", "--dir", node)
    assert ran.code == 2
    assert "--fingerprint" in ran.err
    assert sekisho("member", "list", "--dir", node, "--format", "json").json == []


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("no", 1), ("y", 1)])
def test_a_person_compares_at_the_terminal(sekisho, pair, monkeypatch, answer, code):
    node, other = pair
    monkeypatch.setattr("sekisho.cli.member.is_interactive", lambda: True)
    monkeypatch.setattr("sekisho.cli.member.confirm", lambda _question: answer == "yes")
    assert sekisho("member", "add", other / "member.json", "--dir", node).code == code
    listed = sekisho("member", "list", "--dir", node, "--format", "json").json
    assert len(listed) == (code == 0)


def test_a_known_member_needs_no_comparing_again(sekisho, pair, introduce):
    node, other = pair
    introduce(node, other)
    ran = sekisho("member", "add", other / "member.json", "--dir", node, "--alias", "boeing")
    assert ran.code == 0
    listed = sekisho("member", "list", "--dir", node, "--format", "json").json
    assert listed[0]["alias"] == "boeing"


def test_an_altered_document_is_not_trusted(sekisho, pair):
    node, other = pair
    path = other / "member.json"
    text = path.read_text()
    at = text.index('"sig":"') + 10
    path.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    digest = sekisho("member", "show", "--dir", other, "--format", "json").json["fingerprint"]
    ran = sekisho("member", "add", path, "--dir", node, "--fingerprint", digest)
    assert ran.code == 4
    assert sekisho("member", "list", "--dir", node, "--format", "json").json == []


def test_the_own_document_is_not_another_company(sekisho, node):
    ran = sekisho("member", "add", node / "member.json", "--dir", node)
    assert ran.code == 1
    assert "own member document" in ran.err


def test_an_alias_that_sql_uses_is_refused(sekisho, pair):
    node, other = pair
    digest = sekisho("member", "show", "--dir", other, "--format", "json").json["fingerprint"]
    ran = sekisho(
        *("member", "add", other / "member.json", "--dir", node),
        *("--fingerprint", digest, "--alias", "select"),
    )
    assert ran.code == 1
    assert "`select` cannot be an alias" in ran.err


def test_a_folder_without_a_node_says_what_to_do(sekisho, tmp_path):
    ran = sekisho("member", "list", "--dir", tmp_path)
    assert ran.code == 1
    assert "there is no node in" in ran.err
    assert "sekisho init" in ran.err


def test_the_keys_are_shown_with_their_purposes(sekisho, node):
    ran = sekisho("member", "show", "--dir", node)
    assert "(member, contract, notice)" in ran.out
    assert "(request, receipt, checkpoint)" in ran.out
