"""What comes with the package: contracts, guardrails and stories are clean, their tests hold."""

import tomllib
from pathlib import Path

import pytest

from sekisho.cli.demo import STORIES
from sekisho.cli.shipped import shipped

ROOT = Path(__file__).parents[3]
FOLDERS = (ROOT / "policies", ROOT / "examples")
TEST = ".contract.test.yaml"
TESTS = sorted(path for folder in FOLDERS for path in folder.rglob(f"*{TEST}"))
CONTRACTS = sorted(path for folder in FOLDERS for path in folder.rglob("*.contract.yaml"))


def test_all_that_is_shipped_is_clean(sekisho):
    ran = sekisho("contract", "lint", *FOLDERS)
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name.removesuffix(TEST))
def test_every_contract_test_that_is_shipped_holds(sekisho, path):
    ran = sekisho("contract", "test", path)
    assert ran.code == 0, ran.out + ran.err


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name)
def test_every_contract_that_is_shipped_has_a_test_beside_it(path):
    assert path.with_suffix(".test.yaml") in TESTS


@pytest.mark.parametrize("name", STORIES)
def test_the_wheel_carries_every_story(name):
    assert (shipped("stories", name) / "README.md").is_file()
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert f"examples/{name}" in wheel["only-include"]
    assert wheel["sources"][f"examples/{name}"] == f"sekisho/stories/{name}"


def test_the_demo_lists_its_stories(sekisho):
    ran = sekisho("demo", "--help")
    assert [name for name, told in STORIES.items() if f"{name} " not in ran.out] == []
    assert all(told.help in ran.out for told in STORIES.values())
    assert sekisho("demo", "unknown").code == 2
