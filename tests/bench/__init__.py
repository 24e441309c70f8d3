"""Figures for the README, measured in the packet lab: ``make bench``."""
