"""The macro that every plugin's BUILD file uses."""

load("@rules_cc//cc:defs.bzl", "cc_test")
load("//tools:cc.bzl", "cc_binary")

_EXPORTS = "//plugins:exports.lds"
_CONFORMANCE = "//harness/abi/conformance:conformance_main"

# Who loads plugins: the program, the harness's tests, other plugins' tests.
_LOADERS = [
    "//:__pkg__",
    "//harness:__subpackages__",
    "//plugins:__subpackages__",
]

def assay_plugin(name, srcs, deps, claims = None, copts = [], linkopts = [], data = [], conformance = {}):
    """Declares a plugin `<name>.so` and its `<name>_conformance_test`.

    The shared object exports `assay_module_open_v1` and nothing else, so that
    two plugins in one process cannot collide.

    Args:
      name: the method's id, equal to the folder and to its row in registry.bzl.
      srcs: the plugin's own sources: the wiring between the SDK and the method.
      deps: the method's libraries and "//harness/abi:sdk".
      claims: the textproto with the claims of the method's paper, if it has one.
      copts: further flags of the compiler.
      linkopts: further flags of the linker.
      data: files the plugin reads at run time.
      conformance: settings that make a run short for the conformance test.
    """
    library = name + ".so"
    cc_binary(
        name = library,
        srcs = srcs,
        additional_linker_inputs = [_EXPORTS],
        copts = ["-fvisibility=hidden"] + copts,
        data = data + ([claims] if claims else []),
        linkopts = ["-Wl,--version-script=$(location %s)" % _EXPORTS] + linkopts,
        linkshared = True,
        precompiled = "//harness/precompiled:plugin",
        visibility = _LOADERS,
        deps = deps,
    )

    cc_test(
        name = name + "_conformance_test",
        size = "small",
        args = ["$(rootpath :%s)" % library] + [
            "%s=%s" % (key, value)
            for key, value in conformance.items()
        ],
        data = [":" + library],
        deps = [_CONFORMANCE],
    )

    if claims:
        native.filegroup(
            name = name + "_claims",
            srcs = [claims],
            visibility = _LOADERS,
        )
