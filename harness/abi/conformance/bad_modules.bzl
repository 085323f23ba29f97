"""Modules that break one rule each, for the kit's own test."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

BAD_MODULES = [
    "card",
    "crash_in_open",
    "exits",
    "garbage",
    "global_state",
    "ignores_negotiation",
    "ignores_stop",
    "leaks",
    "misses_budget",
    "prints",
    "throws",
    "trusts_tables",
    "two_exports",
    "wrong_thread",
]

def bad_modules():
    """Declares bad_<name>.so for each name."""
    for name in BAD_MODULES:
        cc_binary(
            name = "bad_%s.so" % name,
            testonly = True,
            srcs = ["testdata/bad_modules.cc"],
            copts = [
                "-fvisibility=hidden",
                "-DBAD=BAD_%s" % name.upper(),
            ],
            linkshared = True,
            deps = ["//harness/abi:sdk"],
        )

def bad_modules_labels():
    return [":bad_%s.so" % name for name in BAD_MODULES]
