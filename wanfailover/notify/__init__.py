"""Telling people: what is worth a message, and getting it to them by whatever path works."""
