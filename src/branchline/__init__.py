"""Branchline: from a written plan to checked, merged work by coding agents."""

__version__ = "0.1.0"
