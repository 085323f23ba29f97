"""The macro for libraries of CPU kernels."""

load("//tools:cc.bzl", "cc_library")
load("//tools:openmp.bzl", "OPENMP_LINKOPTS")
load(":copts.bzl", "KERNEL_COPTS")

_DEPS = [
    "//harness/backend/cpu:program_builder",
    "//harness/backend/cpu:kernel",
    "//harness/backend/cpu:layout",
    "//harness/backend/cpu:support",
    "//harness/core:dtype",
    "//harness/core:shape",
    "//harness/core:status_macros",
    "//harness/core:tensor",
    "//harness/graph",
    "@com_google_absl//absl/status",
    "@com_google_absl//absl/status:statusor",
    "@com_google_absl//absl/strings",
    "@onednn//:onednn",
]

def cpu_kernel_library(name, deps = [], **kwargs):
    """A cc_library of kernels for harness/backend/cpu/kernels.inc."""
    cc_library(
        name = name,
        copts = KERNEL_COPTS,
        precompiled = "//harness/precompiled:kernels",
        linkopts = OPENMP_LINKOPTS,
        visibility = [
            "//harness/backend/cpu:__subpackages__",
            "//harness/ops:__subpackages__",
        ],
        deps = _DEPS + deps,
        **kwargs
    )
