"""The flight recorder: every fact that an engine was fed, so that it can be decided again.

The engine is a fold, so its decisions are those of the facts, their times, and what it began with.
All of that is kept here: `writer.FlightRecorder` is the agent's, `reader.Log` is anybody's.
"""
