"""A process that appends to a ledger and says each index once it is durable, until it is killed.

Usage: `python appender.py STATE_FILE THREADS`.
"""

import sys
import threading
from pathlib import Path

from sekisho.store.answers import Sent
from support.state import CHANNEL, DECISION, NOW, PLAN, asked, opened, received, signed_contract


def main() -> None:
    """Open, answer, ask and refuse without end."""
    state = opened(Path(sys.argv[1]))
    signed = signed_contract("{rows: {max: 1000000000, per: term}}")
    start = state.ledger.head().size * 100_000
    said = threading.Lock()

    def say(index: int) -> None:
        with said:
            sys.stdout.write(f"{index}\n")
            sys.stdout.flush()

    def run(first: int, step: int) -> None:
        number = first
        while True:
            number += step
            request = received(number, signed=signed)
            answer = state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=NOW)
            say(answer.index)
            sent = Sent(rows=1, bytes=10, blake3="ab")
            say(state.answers.close(answer.index, sent, now=NOW).index)
            say(state.questions.ask(asked(number), channel=CHANNEL, now=NOW).index)

    threads = int(sys.argv[2])
    for first in range(threads):
        threading.Thread(target=run, args=(start + first, threads), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
