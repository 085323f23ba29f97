"""The CUDA toolkit, or an empty stand-in where there is none.

    load("@cuda//:defs.bzl", "HAVE_CUDA")

says which. The targets exist either way, so that BUILD files need no
conditions around their deps; without a toolkit they are empty. CUDA_HOME names
a toolkit that is not in the usual place; ASSAY_CUDA=0 leaves it out
(--config=cpu).
"""

load("//tools/repositories:system.bzl", "find_file")

# Target, library, and the header that shows the library is there.
_LIBRARIES = [
    ("cudart", "cudart", "cuda_runtime.h"),
    ("cublas", "cublas", "cublas_v2.h"),
    ("cublaslt", "cublasLt", "cublasLt.h"),
    ("cudnn", "cudnn", "cudnn.h"),
]

# The toolkit's C++ libraries (CUB, Thrust) are for nvcc, which finds them by
# itself; the host compiler needs only the few headers of nv/.
_HEADERS = """glob(
        ["include/**"],
        exclude = ["include/cccl/c*/**", "include/cccl/thrust/**"],
    )"""

_LIBRARY = """
cc_library(
    name = "{name}",
    linkopts = {linkopts},
    visibility = ["//visibility:public"],
    deps = [":cuda_headers"],
)
"""

def _root(ctx):
    """The toolkit's folder, or None: $CUDA_HOME, else where it is installed."""
    if ctx.os.environ.get("ASSAY_CUDA") == "0":
        return None
    homes = [ctx.os.environ.get("CUDA_HOME", ""), "/usr/local/cuda"]
    nvcc = find_file(ctx, [h + "/bin/nvcc" for h in homes if h])
    return nvcc.dirname.dirname if nvcc else None

def _cuda_repository_impl(ctx):
    root = _root(ctx)
    if root:
        ctx.symlink(root.get_child("include"), "include")
    ctx.file("defs.bzl", "HAVE_CUDA = %s\nNVCC = %s\n" % (
        bool(root),
        repr(str(root.get_child("bin").get_child("nvcc")) if root else ""),
    ))
    build = """
cc_library(
    name = "cuda_headers",
    hdrs = {hdrs},
    includes = {includes},
    visibility = ["//visibility:public"],
)
""".format(
        hdrs = _HEADERS if root else "[]",
        includes = "[\"include\", \"include/cccl\"]" if root else "[]",
    )
    for name, lib, header in _LIBRARIES:
        found = root and root.get_child("include").get_child(header).exists
        linkopts = []
        if found:
            folder = str(root.get_child("lib64"))
            linkopts = ["-L" + folder, "-Wl,-rpath," + folder, "-l" + lib]
        build += _LIBRARY.format(name = name, linkopts = repr(linkopts))
    ctx.file("BUILD", build)

cuda_repository = repository_rule(
    implementation = _cuda_repository_impl,
    environ = ["ASSAY_CUDA", "CUDA_HOME"],
    local = True,
)
