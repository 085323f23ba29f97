"""The macro for libraries of ops."""

load("//tools:cc.bzl", "cc_library")

_DEPS = [
    "//harness/core:dtype",
    "//harness/core:shape",
    "//harness/core:status_macros",
    "//harness/core:tensor",
    "//harness/graph",
    "//harness/graph:channel_groups",
    "//harness/graph:gradient",
    "//harness/ops/support",
    "@com_google_absl//absl/status",
    "@com_google_absl//absl/status:statusor",
    "@com_google_absl//absl/strings",
]

def op_library(name, deps = [], **kwargs):
    """A cc_library of op schemas and references.

    References are plain loops for the compiler to vectorise (-O3), and are not
    contracted to fused multiply-adds, so that they round alike on every machine.
    """
    cc_library(
        name = name,
        copts = ["-O3", "-ffp-contract=off"],
        deps = _DEPS + deps,
        **kwargs
    )
