"""C++ targets of Assay: those of rules_cc, with precompiled headers.

Plugins do without: they are built as anybody would build one, and GCC leaves
copies of std::string's functions in what it compiles behind such a header, which
a plugin must not show.
"""

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

def _precompiled(header, srcs, kwargs):
    """Adds a header of //tools/precompiled to what is compiled as C++."""
    if not [src for src in srcs if src.endswith(".cc")]:
        return kwargs
    kwargs = dict(kwargs)
    kwargs["copts"] = kwargs.get("copts", []) + [
        "-include",
        "tools/precompiled/%s.h" % header,
    ] + _WRONG_WARNINGS
    kwargs["deps"] = kwargs.get("deps", []) + [
        "//tools/precompiled:" + header,
    ]
    return kwargs

def cc_library(name, srcs = [], **kwargs):
    _cc_library(name = name, srcs = srcs, **_precompiled("library", srcs, kwargs))

def cc_binary(name, srcs = [], **kwargs):
    _cc_binary(name = name, srcs = srcs, **_precompiled("library", srcs, kwargs))

def cc_test(name, srcs = [], **kwargs):
    _cc_test(name = name, srcs = srcs, **_precompiled("test", srcs, kwargs))
