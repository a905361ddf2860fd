"""Padding, windows as columns, resizing and sampling of images."""

from cases import Family


def build():
    family = Family("spatial", 9)
    return family
