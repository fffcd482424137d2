"""Whylight: a light box for radiology AI that shows why a network said what it said."""

__version__ = "0.1.0"
