"""Pooling over windows."""

from cases import Family


def build():
    family = Family("pool", 8)
    return family
