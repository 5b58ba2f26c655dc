"""Cells that a real notebook kernel runs: an answer is laid out, and can still be read after."""

import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def cell(pair):
    """Runs a cell; gives what it shows, by kind of content."""
    maker = pair.maker
    manager, client = start_new_kernel(kernel_name="python3")

    def run(code: str) -> list[dict[str, str]]:
        shown = []

        def note(message: dict) -> None:
            content = message["content"]
            assert message["msg_type"] != "error", content
            if message["msg_type"] in {"execute_result", "display_data", "update_display_data"}:
                shown.append(content["data"])

        client.execute_interactive(code, output_hook=note, timeout=60)
        return shown

    run(
        "import sekisho\nfrom pathlib import Path\n"
        f"folder = Path({str(maker.folder.root)!r})\n"
        f"node = sekisho.connect('grpc+tls://{maker.config.listen.users}',"
        " token=folder / 'tokens' / 'operator', ca=folder / 'certs' / 'anchor.pem')\n"
        f"contract = {pair.contract!r}\n"
    )
    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_an_answer_is_shown_and_can_still_be_read(cell):
    (shown,) = cell(
        "answer = node.query('SELECT origin, count(*) AS n FROM flights GROUP BY origin"
        " ORDER BY origin', contract=contract)\nanswer"
    )
    assert shown["text/plain"] == "<sekisho.Answer of origin string, n int64>"
    assert [name in shown["text/html"] for name in ("EWR", "JFK", "LGA")] == [True] * 3
    (whole,) = cell("answer.to_arrow().num_rows, len(answer.receipts)")
    assert whole["text/plain"] == "(3, 1)"


def test_a_long_answer_shows_its_first_rows(cell):
    (shown,) = cell("long = node.query('SELECT origin FROM flights', contract=contract)\nlong")
    assert "more rows follow" in shown["text/html"]
    (count,) = cell("long.to_arrow().num_rows")
    assert count["text/plain"] == "1800"


def test_an_explanation_is_drawn(cell):
    (shown,) = cell("node.explain('SELECT origin FROM flights', contract=contract)")
    assert "is asked" in shown["text/html"]
    assert "what each company learns" in shown["text/html"]


def test_progress_is_shown_where_it_comes_from(cell):
    shown = cell(
        "from sekisho.client.notebook import notebook_progress\n"
        "show = notebook_progress()\n"
        "for state in ('answered', 'answering', 'answered'):\n"
        "    part = sekisho.Progress(party='ua.example', state=state, rows=7, bytes=1)\n"
        "    show((part,))\n"
    )
    # What is over at once is not shown; what was shown is brought to its end.
    assert [item["text/plain"] for item in shown] == [
        "ua.example  answering, 7 rows",
        "ua.example  answered, 7 rows",
    ]
