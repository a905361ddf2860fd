"""Convolutions."""

from cases import Family


def build():
    family = Family("conv", 7)
    return family
