"""Fakes that stand for what cannot be had in memory."""
