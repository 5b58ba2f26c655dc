"""The columns of an answer before it is asked for: providers' plans are described, no data is read.

Each provider says what its fragment's columns would be, as it does for `explain`, and an engine
worker binds the residual over empty relations of these shapes.
"""

from concurrent.futures import ThreadPoolExecutor

from sekisho.errors import EngineError, PeerError
from sekisho.federation.plan import Fragment
from sekisho.server.asking import AskingRoom, Question
from sekisho.server.neighbours import Neighbours
from sekisho.server.parts import Parts
from sekisho.server.residual import residual_job

ASKED_AT_ONCE = 16
MAX_SHAPE_BYTES = 1024 * 1024
"""Of a schema from a provider; five thousand columns with long names fit."""
DESCRIBE_SECONDS = 10.0
"""For a worker to bind a residual over empty relations."""


class DescribingRoom:
    """Describes answers for this company's own people; safe from any thread."""

    def __init__(self, parts: Parts, neighbours: Neighbours, asking: AskingRoom) -> None:
        """Work with a node's parts."""
        self._parts = parts
        self._neighbours = neighbours
        self._asking = asking

    def schema(self, question: Question) -> bytes:
        """Give the frame of an answer's schema.

        Returns:
            Nothing where it is not known: a provider is away, or runs a release that does not tell.

        Raises:
            Refusal: This node's planner or a provider's gate refuses the question.
        """
        plan = self._asking.plan(question)
        job = residual_job(
            self._parts,
            plan,
            question.text.parameters,
            seconds=DESCRIBE_SECONDS,
            schemas=self._shapes(question, plan.fragments),
            uploads=self._asking.uploads(question.signed),
        )
        if not all(job.schemas.values()):
            return b""
        try:
            return self._parts.engine.describe_plan(job)
        except (EngineError, PeerError):
            return b""

    def _shapes(self, question: Question, fragments: tuple[Fragment, ...]) -> dict[str, bytes]:
        """Ask each provider what its fragment's columns are; nothing for one that is away."""
        if not fragments:
            return {}
        with ThreadPoolExecutor(min(len(fragments), ASKED_AT_ONCE)) as threads:
            shapes = threads.map(lambda item: self._shape(question, item), fragments)
            return {item.name: shape for item, shape in zip(fragments, shapes, strict=True)}

    def _shape(self, question: Question, fragment: Fragment) -> bytes:
        try:
            found = self._neighbours.peer(fragment.party).explain(
                question.signed.id, question.purpose, question.fragment(fragment)
            )
        except PeerError:
            return b""
        return found.schema if len(found.schema) <= MAX_SHAPE_BYTES else b""
