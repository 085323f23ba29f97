"""oneDNN 3.x: the system's where it has one, else the one tools/bazelw fetched.

Debian 12 ships 2.6, whose API is older, so tools/bazelw unpacks pinned wheels
below the user's cache folder (see tools/onednn_requirements.txt).
"""

load("//tools/repositories:system.bzl", "find_file")

_SYSTEM_HEADERS = "/usr/include/oneapi/dnnl"

_SYSTEM_BUILD = """
cc_library(
    name = "onednn",
    hdrs = glob(["include/**"]),
    includes = ["include"],
    linkopts = ["-ldnnl"],
    visibility = ["//visibility:public"],
)
"""

# The shared object is a file of this repository: Bazel links it and sets each
# binary's run path to it.
_FETCHED_BUILD = """
cc_library(
    name = "onednn",
    srcs = ["lib/libdnnl.so.3"],
    hdrs = glob(["include/**"]),
    includes = ["include"],
    linkopts = ["-lgomp"],
    visibility = ["//visibility:public"],
)
"""

def _system_is_3(ctx):
    header = find_file(ctx, [_SYSTEM_HEADERS + "/dnnl_version.h"])
    return header and "DNNL_VERSION_MAJOR 3" in ctx.read(header)

def _fetched_dir(ctx):
    """Where tools/bazelw unpacks oneDNN; the two must agree."""
    env = ctx.os.environ
    cache = env.get("XDG_CACHE_HOME", "") or env.get("HOME", "") + "/.cache"
    return cache + "/assay/onednn-3.2"

def _onednn_repository_impl(ctx):
    if _system_is_3(ctx):
        ctx.symlink(_SYSTEM_HEADERS, "include/oneapi/dnnl")
        ctx.file("BUILD", _SYSTEM_BUILD)
        return
    folder = _fetched_dir(ctx)
    library = find_file(ctx, [folder + "/lib/libdnnl.so.3"])
    if not library:
        fail("@%s: no oneDNN 3 on this system and none in %s. Run tools/bazelw once; it fetches one." %
             (ctx.name, folder))
    ctx.symlink(library, "lib/libdnnl.so.3")
    ctx.symlink(folder + "/include/oneapi", "include/oneapi")
    ctx.file("BUILD", _FETCHED_BUILD)

onednn_repository = repository_rule(
    implementation = _onednn_repository_impl,
    environ = ["HOME", "XDG_CACHE_HOME"],
    local = True,
)
