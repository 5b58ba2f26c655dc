"""The rooms stand in layers; `pyproject.toml` draws them."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_layers_hold(root, monkeypatch, capsys):
    monkeypatch.chdir(root)
    status = lint_imports(no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out
