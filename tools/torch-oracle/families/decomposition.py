"""Matrix decompositions and what is solved by them."""

from cases import Family


def build():
    family = Family("decomposition", 10)
    return family
