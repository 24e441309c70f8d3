"""Junk and hostile requests, thrown at every socket that an agent listens on."""
