"""Questions of the company's own people through Flight: planned here, asked of every provider."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

import grpc

from sekisho.documents.envelope import Envelope
from sekisho.errors import EngineError, TrustError
from sekisho.model.query import QueryText
from sekisho.model.signed import SignedContract
from sekisho.server.asking import AskingRoom, Question
from sekisho.server.boundary import Explain
from sekisho.server.callers import User, UserCallers, token_of
from sekisho.server.choosing import contracts_of_consumer, the_only
from sekisho.server.contracts import the_purpose
from sekisho.server.describing import DescribingRoom
from sekisho.server.parts import Parts
from sekisho.server.prepared import Asked
from sekisho.server.running import RunningQuestion
from sekisho.server.shelf import Shelf, shelf_of_catalog
from sekisho.server.status import own_failure_of
from sekisho.wire.flight import PROGRESS_HEADER
from sekisho.wire.frames import add_metadata

PROGRESS_SECONDS = 0.2
"""How often a client that asked for it is told how far the providers have come."""


class UsersAsker:
    """What the users' face makes of questions; see `flight_service.Asker`."""

    explain: Explain = staticmethod(own_failure_of)

    def __init__(
        self,
        parts: Parts,
        *,
        callers: UserCallers,
        asking: AskingRoom,
        describing: DescribingRoom,
    ) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._callers = callers
        self._asking = asking
        self._describing = describing

    def caller_of(self, context: grpc.ServicerContext) -> User:
        """Give the user whose token the call bears."""
        return self._callers(context)

    def owner(self, caller: User) -> str:
        """Bind handles to a user's name."""
        return caller.name

    def greeting(self, context: grpc.ServicerContext) -> tuple[tuple[str, str], ...]:
        """Tell a client that sent its token as a password to send it as a bearer's."""
        return (("authorization", f"Bearer {token_of(context)}"),)

    def turn(self, caller: User) -> nullcontext[None]:
        """Let the company's own people call as often as they want."""
        del caller
        return nullcontext()

    def question(self, caller: User, asked: Asked, text: QueryText) -> Question:
        """Find the contract; the only one that fits where none is named."""
        signed = self._named(asked) or the_only(self._fitting())
        purpose = the_purpose(signed, asked.purpose)
        return Question(text=text, signed=signed, purpose=purpose, person=caller.name)

    def plan(self, question: Question) -> bytes:
        """Plan, so that what cannot be asked is refused now; providers are not asked."""
        self._asking.plan(question)
        return b""

    def describe(self, question: Question) -> bytes:
        """Plan, and have providers describe their parts."""
        return self._describing.schema(question)

    def answer(
        self, caller: User, question: Question | Envelope, context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        """Ask every provider, and stream the residual.

        Raises:
            TrustError: It is a signed request, which is for the peers' face.
        """
        del caller
        if isinstance(question, Envelope):
            raise TrustError(
                "a signed request is for the peers' face",
                step="ticket",
                hint="ask GetFlightInfo for a ticket",
            )
        headers = dict(context.invocation_metadata() or ())
        running = self._asking.ask(question)
        try:
            yield from self._frames(running, context, progress=PROGRESS_HEADER in headers)
        except GeneratorExit:
            self._asking.abandon(running, EngineError("cancelled by the user"))
            running.run.close()
            raise
        except Exception as error:
            behind = self._asking.abandon(running, error) or error
            running.run.close()
            raise _with_values(behind, question.text) from error

    def take(self, caller: User, asked: Asked, *, table: str, frames: tuple[bytes, ...]) -> int:
        """Take a table that the contract lets this company bring; providers get it when asked."""
        del caller
        signed = self._named(asked) or the_only(self._fitting())
        return self._asking.upload(signed, table, frames)

    def shelf(self, caller: User, asked: Asked) -> Shelf:
        """List what the chosen contract shows, and the company's own datasets."""
        del caller
        fitting = self._fitting()
        signed = self._named(asked) or (the_only(fitting) if fitting else None)
        if signed is not None and self._parts.party not in signed.consumers:
            signed = None
        local = self._parts.datasets.present().values()
        uploads = self._asking.uploads(signed).values()
        return shelf_of_catalog(self._asking.catalog(signed), local, uploads)

    def _named(self, asked: Asked) -> SignedContract | None:
        if not asked.contract:
            return None
        book = self._parts.contracts
        return book.signed(book.find(asked.contract, self._parts.now()))

    def _fitting(self) -> tuple[SignedContract, ...]:
        return contracts_of_consumer(self._parts.contracts, self._parts.party, self._parts.now())

    def _frames(
        self, running: RunningQuestion, context: grpc.ServicerContext, *, progress: bool
    ) -> Iterator[bytes]:
        run = running.run
        context.add_callback(running.cancel)
        yield run.schema
        last = self._parts.monotonic()
        for batch in run:
            now = self._parts.monotonic()
            if progress and now - last > PROGRESS_SECONDS:
                last = now
                yield add_metadata(batch.frame, _progress_note(running))
            else:
                yield batch.frame
        receipts = self._asking.finish(running)
        run.close()
        note: dict[str, Any] = {
            "receipts": [asdict(receipt) for receipt in receipts],
            "gaps": [asdict(gap) for gap in running.gaps()],
        }
        if progress:
            note["progress"] = [asdict(item) for item in running.progress()]
        yield add_metadata(run.end, json.dumps(note).encode())


def _with_values(error: Exception, text: QueryText) -> Exception:
    """Say what is most often behind an engine that does not finish, where values were bound."""
    if not isinstance(error, EngineError) or not text.parameters:
        return error
    values = ", ".join(f"`{item.name}` is {item.engine_type}" for item in text.parameters)
    error.hint = (
        f"a value may not fit what it is compared with: {values}; bind one of the other type, or"
        " write CAST in the query"
    )
    return error


def _progress_note(running: RunningQuestion) -> bytes:
    return json.dumps({"progress": [asdict(item) for item in running.progress()]}).encode()
