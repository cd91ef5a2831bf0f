"""How an attempt ends, and the code of a call that was answered."""

from typing import Literal

Outcome = Literal[
    "answered",
    "busy",
    "no_answer",
    "rejected",
    "number_changed",
    "wrong_number",
    "unreachable",
    "congestion",
    "failed",  # the line gave a cause that stands for none of the others
    "refused",  # by the line itself: nothing was dialed
    "unknown",  # dialed, perhaps, and no word ever came; a person has to look
    "withdrawn",  # claimed, and then not dialed after all; no try of the reservation's
]
ANSWERED_CODE = "00000"
