"""What an analyst holds after a query: a stream of Arrow batches, then its receipts."""

import json
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import grpc
import pyarrow as pa

from sekisho.client.channel import raise_error
from sekisho.client.notebook import SHOWN_ROWS, answer_html
from sekisho.client.notes import Gap, Progress, Receipt
from sekisho.errors import NodeError
from sekisho.wire.frames import frame_stream_reader, parse_frame

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


class Answer:
    """The result of one query; read it once, as batches or as a whole.

    A cut stream raises: an answer is complete and verified, or it is an error.
    """

    def __init__(
        self, call: Any, *, on_progress: Callable[[tuple[Progress, ...]], None] | None = None
    ) -> None:
        """Wrap a running DoGet call; `on_progress` is called between batches."""
        self._call = call
        self._on_progress = on_progress
        self._end: Mapping[str, Any] | None = None
        self._ahead: list[pa.RecordBatch] = []
        try:
            self._reader = pa.ipc.open_stream(
                pa.PythonFile(frame_stream_reader(self._frames()), mode="r")
            )
        except grpc.RpcError as error:
            raise_error(error)
        self.schema: pa.Schema = self._reader.schema
        """The Arrow schema of the batches."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Give the batches as they arrive; bounded memory at any size.

        Whoever stops before the end, by Ctrl-C for one, stops the work at every provider.
        """
        try:
            while (batch := self._next()) is not None:
                yield batch
        except BaseException:
            self.cancel()
            raise

    def _next(self) -> pa.RecordBatch | None:
        """Give the next batch that has rows; None after the last."""
        if self._ahead:
            return self._ahead.pop(0)
        try:
            while (batch := self._read()) is not None:
                if batch.num_rows:
                    return batch
        except grpc.RpcError as error:
            raise_error(error)
        if self._end is None:
            msg = "the answer ended without its receipts"
            raise NodeError(msg, hint="ask again; nothing of a cut answer may be used")
        return None

    def _read(self) -> pa.RecordBatch | None:
        try:
            return self._reader.read_next_batch()
        except StopIteration:
            return None

    def __repr__(self) -> str:
        """Tell the columns; nothing is read for it."""
        columns = ", ".join(f"{item.name} {item.type}" for item in self.schema)
        return f"<sekisho.Answer of {columns}>"

    def _repr_html_(self) -> str:
        """Show the first rows in a notebook; they can still be read afterwards."""
        rows = sum(batch.num_rows for batch in self._ahead)
        while rows < SHOWN_ROWS and (batch := self._ahead_of()) is not None:
            rows += batch.num_rows
        return answer_html(self.schema, self._ahead, is_whole=self._end is not None)

    def _ahead_of(self) -> pa.RecordBatch | None:
        """Read one batch more and keep it for whoever reads on."""
        kept, self._ahead = self._ahead, []
        try:
            batch = self._next()
        finally:
            self._ahead = kept
        if batch is not None:
            self._ahead.append(batch)
        return batch

    def __enter__(self) -> Self:
        """Cancel the query when the block is left early."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the work at every provider unless the answer is complete."""
        self.cancel()

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """The providers' receipts; empty until the whole answer was read."""
        return tuple(Receipt(**item) for item in (self._end or {}).get("receipts", ()))

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """The providers whose part may miss cells of statistics; empty until all was read."""
        return tuple(Gap(**item) for item in (self._end or {}).get("gaps", ()))

    def cancel(self) -> None:
        """Stop the query here and at every provider."""
        self._call.cancel()

    def to_arrow(self) -> pa.Table:
        """Read everything into one Arrow table."""
        return pa.Table.from_batches(list(self), schema=self.schema)

    def to_pandas(self) -> "pd.DataFrame":
        """Read everything into a pandas frame (needs the extra `pandas`)."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> "pl.DataFrame":
        """Read everything into a polars frame (needs the extra `polars`)."""
        import polars as pl  # noqa: PLC0415  heavy and optional

        frame = pl.from_arrow(self.to_arrow())
        if not isinstance(frame, pl.DataFrame):
            msg = f"expected a frame, found {type(frame).__name__}"
            raise TypeError(msg)
        return frame

    def _frames(self) -> Iterator[bytes]:
        for data in self._call:
            metadata = parse_frame(data).metadata
            if len(metadata):
                self._note(json.loads(bytes(metadata)))
            yield data

    def _note(self, note: Mapping[str, Any]) -> None:
        if "receipts" in note:
            self._end = note
        if "progress" in note and self._on_progress is not None:
            self._on_progress(tuple(Progress(**item) for item in note["progress"]))
