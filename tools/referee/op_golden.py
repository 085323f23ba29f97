#!/usr/bin/env python3
"""Writes golden vectors: what PyTorch makes of ops, and of their gradients.

    op_golden.py FOLDER      one <family>.txt per family of ops
    op_golden.py FOLDER --check    says which file would change; status 1 then

Everything is computed in double from operands with few decimals and written with
ten digits. Equal versions of PyTorch write equal files.

A file holds cases, each a few lines:

    case OP NAME
    with ATTRIBUTE TYPE VALUE          int, real, text, ints
    operand TYPE SHAPE : VALUES        or "operand absent"
    result TYPE SHAPE : VALUES         "-" in place of VALUES: not compared
    gradient I SHAPE : VALUES

Gradients are those of the sum of the first result times a seed whose element i is
(i % 7 - 3) / 4, with respect to operand I.
"""

import argparse
import pathlib
import sys

import torch

from families import (attention, compose, conv, elementwise, fused, matmul, norm, optimizer, pool,
                      quantize, reduce, shape, softmax)
from families.case import FAMILIES

MODULES = (attention, compose, conv, elementwise, fused, matmul, norm, optimizer, pool, quantize,
           reduce, shape, softmax)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    for module in MODULES:
        module.cases()
    changed = []
    for family, lines in sorted(FAMILIES.items()):
        text = "# PyTorch %s by tools/referee/op_golden.py; do not edit.\n%s\n" % (
            torch.__version__.split("+")[0], "\n".join(lines))
        path = arguments.folder / (family + ".txt")
        if path.exists() and path.read_text() == text:
            continue
        changed.append(path)
        if not arguments.check:
            path.write_text(text)
    for path in changed:
        print("%s %s" % ("differs:" if arguments.check else "wrote", path))
    return 1 if changed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
