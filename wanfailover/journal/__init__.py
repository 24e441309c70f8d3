"""What was decided and done, kept in SQLite.

`Journal` is the agent's: one writer, on a thread of its own. `Reader` is anybody's: it opens the
file read-only and sees what the agent has written so far, whether an agent runs or not.
"""

from wanfailover.journal.reader import Reader, Record
from wanfailover.journal.writer import Journal

__all__ = ["Journal", "Reader", "Record"]
