"""Flags for a target of ours that uses OpenMP: add both to the target."""

OPENMP_COPTS = ["-fopenmp"]
OPENMP_LINKOPTS = ["-fopenmp"]
