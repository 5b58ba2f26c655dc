"""`import sekisho` gives a dozen names, each of them meant."""

import sys
from types import ModuleType

import sekisho

MOST_NAMES = 20


def test_exported_names_are_sorted_and_few():
    assert list(sekisho.__all__) == sorted(sekisho.__all__)
    assert len(sekisho.__all__) <= MOST_NAMES


def test_every_exported_name_is_there_and_documented():
    bare = [name for name in sekisho.__all__ if not getattr(sekisho, name).__doc__]
    assert bare == []


def test_what_is_public_is_exported():
    rooms = {name for name in sys.modules if name.startswith("sekisho.")}
    public = {
        name
        for name, value in vars(sekisho).items()
        if not name.startswith("_")
        if not (isinstance(value, ModuleType) and f"sekisho.{name}" in rooms)
    }
    assert public <= set(sekisho.__all__)
