"""The version of this project, as the reports name it."""

__version__ = "0.2.0"
