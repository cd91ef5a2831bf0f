"""One batch at a time to a process that writes, and what is told of it if that does not answer."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence

from callkeeper.asyncstore.batch import Write
from callkeeper.asyncstore.codec import SentBatch
from callkeeper.asyncstore.frames import MessageTooLong
from callkeeper.asyncstore.messages import Messages
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import DatabaseFailed

_LOST = Phrase(
    "the process that writes was lost, so this may be stored or not; "
    "send the very same request again, which is safe"
)
_SILENT = Phrase(
    "the process that writes did not answer in time, so this may be stored or not; "
    "send the very same request again, which is safe"
)


class BatchChannel(ABC):
    """Batches to a process that writes. A batch may take ``seconds_max``."""

    def __init__(self, seconds_max: float) -> None:
        self.seconds_max = seconds_max
        self._begun = 0
        self._messages: Messages | None = None
        self._answer: asyncio.Future[list[object]] | None = None
        self._sent = SentBatch(())
        self._size = 0
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def restarts(self) -> int:
        """How often it was lost, and begun anew."""
        return max(0, self._begun - 1)

    @abstractmethod
    def begin(self) -> None:
        """Be in touch with the process, unless it is so already; OSError if that cannot be."""

    @abstractmethod
    async def stop(self) -> None:
        """End; no batch is under way then, and none will come."""

    @abstractmethod
    def _let_go(self) -> None:
        """Give up the process: the messages are closed already."""

    @abstractmethod
    def _end_silent(self) -> None:
        """Give up a process that did not answer in time."""

    def carry_out(self, batch: Sequence[Write]) -> "asyncio.Future[list[object]]":
        """Return the outcomes to come; all are DatabaseFailed if the process is lost meanwhile."""
        loop = asyncio.get_running_loop()
        answer = self._answer = loop.create_future()
        self._size = len(batch)
        self._sent = SentBatch(batch)
        self._deadline = loop.call_later(self.seconds_max, self._end_silent)
        try:
            self.begin()
            if self._messages is not None:
                self._messages.send(self._sent.message)
        except MessageTooLong:
            self._fail(Phrase("too much arrived at once to be stored; try again"))
        except OSError as error:
            self._lose(
                Phrase(
                    "the process that writes cannot be reached ({error}); try again",
                    error=str(error),
                )
            )
        return answer

    def _read(self, message: bytes) -> None:
        try:
            outcomes = self._sent.read(message)
        except ValueError:  # no answer to what was asked: whoever sent it is not to be relied on
            self._lose(_LOST)
        else:
            self._tell(outcomes)

    def _tell(self, outcomes: list[object]) -> None:
        answer, self._answer = self._answer, None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if answer is not None and not answer.done():
            answer.set_result(outcomes)

    def _fail(self, phrase: Phrase) -> None:
        self._tell([DatabaseFailed.saying(phrase)] * self._size)

    def _end_lost(self) -> None:
        self._lose(_LOST)

    def _lose_silent(self) -> None:
        self._lose(_SILENT)

    def _lose(self, phrase: Phrase) -> None:
        """Give up the process, and answer for it."""
        messages, self._messages = self._messages, None
        if messages is not None:
            messages.close()
            self._let_go()
        self._fail(phrase)
