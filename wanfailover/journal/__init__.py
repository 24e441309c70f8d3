"""What was decided and done, kept in SQLite.

`writer.Journal` is the agent's: one writer, on a thread of its own. `reader.Reader` is anybody's:
it sees what the agent has written so far, whether one runs or not. They are imported from their
modules: `status` reads, and need not wait for what writing takes.
"""
