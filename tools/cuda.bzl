"""Compiles CUDA sources with nvcc, where there is a toolkit."""

load("@cuda//:defs.bzl", "HAVE_CUDA", "NVCC")
load("@rules_cc//cc:defs.bzl", "cc_library")

# Machine code for Hopper; PTX, which the driver compiles on first use, for
# everything else from Ampere on.
_ARCHITECTURES = [
    "-gencode=arch=compute_80,code=compute_80",
    "-gencode=arch=compute_90,code=sm_90",
]

_FLAGS = [
    "-std=c++20",
    "-O3",
    "-lineinfo",
    "-Werror=all-warnings",
    "-Xcompiler=-fPIC,-fno-semantic-interposition,-Wall,-Wextra",
]

def _cuda_objects_impl(ctx):
    context = cc_common.merge_cc_infos(
        cc_infos = [dep[CcInfo] for dep in ctx.attr.deps],
    ).compilation_context
    objects = []
    for src in ctx.files.srcs:
        object = ctx.actions.declare_file("_cuda/%s/%s.pic.o" % (ctx.label.name, src.basename))
        args = ctx.actions.args()
        args.add_all(_FLAGS + _ARCHITECTURES + ctx.attr.copts)
        args.add_all(context.defines, before_each = "-D")
        args.add_all(["."] + context.quote_includes.to_list() + context.includes.to_list(), before_each = "-I")
        args.add_all(context.system_includes, before_each = "-isystem")
        args.add("-c", src)
        args.add("-o", object)
        ctx.actions.run(
            executable = NVCC,
            arguments = [args],
            inputs = depset(ctx.files.srcs + ctx.files.hdrs, transitive = [context.headers]),
            outputs = [object],
            mnemonic = "CudaCompile",
            progress_message = "Compiling " + src.short_path,
            use_default_shell_env = True,
        )
        objects.append(object)
    return [DefaultInfo(files = depset(objects))]

_cuda_objects = rule(
    implementation = _cuda_objects_impl,
    attrs = {
        "copts": attr.string_list(),
        "deps": attr.label_list(providers = [CcInfo]),
        "hdrs": attr.label_list(allow_files = True),
        "srcs": attr.label_list(allow_files = [".cu"]),
    },
)

def cuda_library(name, srcs, hdrs = [], deps = [], copts = [], **kwargs):
    """A cc_library whose sources are CUDA: `srcs` are .cu files.

    Without a toolkit it has its headers and no code: whoever calls into it asks
    HAVE_CUDA of @cuda//:defs.bzl first and leaves its own target out.

    Args:
      name: the library's name.
      srcs: CUDA sources.
      hdrs: headers for the users of the library.
      deps: libraries; the toolkit's headers and run time are there anyway.
      copts: further flags of nvcc.
      **kwargs: passed to cc_library: visibility, testonly, ...
    """
    if HAVE_CUDA:
        _cuda_objects(
            name = name + "_objects",
            srcs = srcs,
            hdrs = hdrs,
            copts = copts,
            testonly = kwargs.get("testonly", False),
            deps = deps + ["@cuda//:cuda_headers"],
        )
    cc_library(
        name = name,
        srcs = [name + "_objects"] if HAVE_CUDA else [],
        hdrs = hdrs,
        deps = deps + ["@cuda//:cudart"],
        **kwargs
    )
