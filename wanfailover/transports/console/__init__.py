"""A router's full-screen menu console: keys go in, and what a person would see comes out."""
