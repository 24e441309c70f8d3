"""Decides a recording again: as the agent did, or as another policy would have.

`playback` feeds it to engines that begin as the live one did; `truth` and `tally` measure what came
of it; `whatif` is a second engine beside the first, with another policy and a router of its own.
"""
