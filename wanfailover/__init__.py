"""Moves an office's router to its backup Internet circuit, proves it, and moves it back."""

__version__ = "0.1.0"
