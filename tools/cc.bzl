"""C++ targets of Assay: those of rules_cc, with precompiled headers."""

load(
    "@rules_cc//cc:defs.bzl",
    _cc_binary = "cc_binary",
    _cc_library = "cc_library",
    _cc_test = "cc_test",
)

# Warnings that <string> switches off around its own copies, which GCC forgets
# when it precompiles the header.
_WRONG_WARNINGS = [
    "-Wno-array-bounds",
    "-Wno-stringop-overflow",
    "-Wno-stringop-overread",
]

# What the sources of a layer are compiled behind: headers of layers below it.
_HEADERS = {
    "harness/claims": "//harness/precompiled:host",
    "harness/cli": "//harness/precompiled:host",
    "harness/host": "//harness/precompiled:host",
    "harness/report": "//harness/precompiled:report",
    "harness/sweep": "//harness/precompiled:host",
}
_LIBRARY = "//tools/precompiled:library"

def _header_of_layer():
    folders = native.package_name().split("/")
    if folders[0] == "plugins":
        return "//harness/precompiled:plugin"
    return _HEADERS.get("/".join(folders[:2]), _LIBRARY)

def _precompiled(header, srcs, kwargs):
    """Adds a precompiled header, or the one asked for, to what is C++."""
    kwargs = dict(kwargs)
    header = kwargs.pop("precompiled", header)
    if not [src for src in srcs if src.endswith(".cc")]:
        return kwargs
    kwargs["copts"] = kwargs.get("copts", []) + [
        "-include",
        header[2:].replace(":", "/") + ".h",
    ] + _WRONG_WARNINGS
    kwargs["deps"] = kwargs.get("deps", []) + [header]
    return kwargs

def cc_library(name, srcs = [], **kwargs):
    kwargs = _precompiled(_header_of_layer(), srcs, kwargs)
    _cc_library(name = name, srcs = srcs, **kwargs)

def cc_binary(name, srcs = [], **kwargs):
    kwargs = _precompiled(_header_of_layer(), srcs, kwargs)
    _cc_binary(name = name, srcs = srcs, **kwargs)

def cc_test(name, srcs = [], **kwargs):
    kwargs = _precompiled("//tools/precompiled:test", srcs, kwargs)
    _cc_test(name = name, srcs = srcs, **kwargs)
