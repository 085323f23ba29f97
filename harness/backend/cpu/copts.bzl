"""What CPU kernels are compiled with."""

load("//tools:openmp.bzl", "OPENMP_COPTS")

# Vectorise loops; no C library error numbers and no floating-point traps, which
# would forbid it. Results keep IEEE semantics otherwise.
KERNEL_COPTS = OPENMP_COPTS + [
    "-O3",
    "-fno-math-errno",
    "-fno-trapping-math",
    # Wide vectors pass between inlined functions alone.
    "-Wno-psabi",
]
