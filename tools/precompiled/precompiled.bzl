"""Headers that are parsed once for the whole build.

Half of the time of a small source file goes into the standard library's and
Abseil's headers. GCC reads them back from `<header>.gch` instead, if it lies
beside the header and was made with the same flags; otherwise, and with other
compilers, it reads the header itself, so that nothing depends on it.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

def _arguments(ctx, toolchain, features, context, header, output):
    """The flags that a C++ source is compiled with, for a header."""
    cpp = ctx.fragments.cpp
    variables = cc_common.create_compile_variables(
        cc_toolchain = toolchain,
        feature_configuration = features,
        source_file = header.path,
        output_file = output.path,
        user_compile_flags = cpp.copts + cpp.cxxopts + ctx.attr.copts,
        include_directories = context.includes,
        quote_include_directories = depset(
            ["."],
            transitive = [context.quote_includes],
        ),
        system_include_directories = context.system_includes,
        preprocessor_defines = context.defines,
        use_pic = True,
    )
    return ["-x", "c++-header"] + cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = ACTION_NAMES.cpp_compile,
        variables = variables,
    )

def _sanitized(ctx):
    """GCC 12 breaks off within passes behind a header precompiled for one."""
    return [
        flag
        for flag in ctx.fragments.cpp.copts
        if flag.startswith("-fsanitize")
    ]

def _precompiled_header_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    context = cc_common.merge_cc_infos(
        cc_infos = [dep[CcInfo] for dep in ctx.attr.deps],
    ).compilation_context

    # Under another name than the source, which would be found first.
    header = ctx.actions.declare_file(ctx.label.name + ".h")
    ctx.actions.symlink(output = header, target_file = ctx.file.header)
    headers = [header]
    if toolchain.compiler != "clang" and not _sanitized(ctx):
        compiled = ctx.actions.declare_file(header.basename + ".gch")
        ctx.actions.run(
            executable = cc_common.get_tool_for_action(
                feature_configuration = features,
                action_name = ACTION_NAMES.cpp_compile,
            ),
            arguments = _arguments(
                ctx,
                toolchain,
                features,
                context,
                header,
                compiled,
            ),
            env = cc_common.get_environment_variables(
                feature_configuration = features,
                action_name = ACTION_NAMES.cpp_compile,
                variables = cc_common.empty_variables(),
            ),
            inputs = depset(
                [header, ctx.file.header],
                transitive = [context.headers, toolchain.all_files],
            ),
            outputs = [compiled],
            mnemonic = "PrecompileHeader",
            progress_message = "Precompiling " + ctx.file.header.short_path,
        )
        headers.append(compiled)
    own = CcInfo(compilation_context = cc_common.create_compilation_context(
        headers = depset(headers + [ctx.file.header]),
    ))
    return [
        DefaultInfo(files = depset(headers)),
        cc_common.merge_cc_infos(
            cc_infos = [own] + [dep[CcInfo] for dep in ctx.attr.deps],
        ),
    ]

precompiled_header = rule(
    doc = "NAME.h, which is `header`, with NAME.h.gch beside it.",
    implementation = _precompiled_header_impl,
    attrs = {
        "copts": attr.string_list(
            doc = "what the sources behind it are compiled with besides",
        ),
        "deps": attr.label_list(
            doc = "what the header includes",
            providers = [CcInfo],
        ),
        "header": attr.label(allow_single_file = [".h"], mandatory = True),
        "_cc_toolchain": attr.label(
            default = "@bazel_tools//tools/cpp:current_cc_toolchain",
        ),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
