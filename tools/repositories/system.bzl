"""Shows a library of the system's package manager as a Bazel repository.

Headers are symlinked below include/ and reach the compiler as system headers,
so that our warnings do not judge them; libraries are linked by name.
"""

# Where headers may be. A package that splits its headers keeps the generated
# ones in the multiarch folder, where the compiler finds them by itself; so the
# plain folder comes first.
_INCLUDE_DIRS = [
    "/usr/include",
    "/usr/include/x86_64-linux-gnu",
    "/usr/include/aarch64-linux-gnu",
]

def cc_target(name, libs, deps = [], defines = []):
    """One public cc_library of a system_repository.

    Linked only where used: a program that names a library and never calls it
    does not load it either.

    Args:
      name: the target's name.
      libs: names for the linker, without the `-l`, users before what they use.
      deps: names of other targets of the same repository.
      defines: what its headers need defined wherever they are included.

    Returns:
      The target as text for a BUILD file.
    """
    return """
cc_library(
    name = "{name}",
    defines = {defines},
    linkopts = [{linkopts}],
    visibility = ["//visibility:public"],
    deps = [{deps}],
)
""".format(
        name = name,
        defines = repr(defines),
        linkopts = ", ".join(["\"%s\"" % flag for flag in link_flags(libs)]),
        deps = ", ".join(["\":%s\"" % d for d in ["headers"] + deps]),
    )

def link_flags(libs):
    """The linker's flags for the named libraries, each only where used."""
    return ["-Wl,--as-needed"] + ["-l" + lib for lib in libs] if libs else []

def headers_target():
    """The text of the target that carries the headers, for every other."""
    return """
cc_library(
    name = "headers",
    hdrs = glob(["include/**"]),
    includes = ["include"],
    visibility = ["//visibility:public"],
)
"""

def find_file(ctx, candidates):
    """Returns the first path that exists, or None."""
    for candidate in candidates:
        path = ctx.path(candidate)
        if path.exists:
            return path
    return None

def missing(ctx, what, packages):
    """Stops the build: says what is not there and which packages hold it."""
    fail("@%s needs %s, which is not installed. Run tools/bazelw instead of bazel, or: apt-get install %s" %
         (ctx.name, what, " ".join(packages)))

def link_headers(ctx, headers, include_dir, packages):
    """Symlinks each header or folder of headers below include/."""
    for header in headers:
        below = [d + "/" + include_dir if include_dir else d for d in _INCLUDE_DIRS]
        path = find_file(ctx, [d + "/" + header for d in below])
        if not path:
            missing(ctx, "the header " + header, packages)
        ctx.symlink(path, "include/" + header)

def _link_file(ctx, file):
    """Symlinks a file named by its whole path; returns the last part of it."""
    path = find_file(ctx, [file])
    if not path:
        missing(ctx, "the file " + file, ctx.attr.packages)
    ctx.symlink(path, path.basename)
    return path.basename

def _system_repository_impl(ctx):
    link_headers(ctx, ctx.attr.headers, ctx.attr.include_dir, ctx.attr.packages)
    for program in ctx.attr.programs:
        path = ctx.which(program)
        if not path:
            missing(ctx, "the program " + program, ctx.attr.packages)
        ctx.symlink(path, program)
    names = ctx.attr.programs + [_link_file(ctx, f) for f in ctx.attr.files]
    ctx.file("BUILD", "exports_files(%s)\n" % repr(names) +
                      headers_target() +
                      "".join(ctx.attr.targets) +
                      ctx.attr.extra_build)

system_repository = repository_rule(
    implementation = _system_repository_impl,
    attrs = {
        "files": attr.string_list(),
        "headers": attr.string_list(),
        "include_dir": attr.string(),
        "packages": attr.string_list(mandatory = True),
        "programs": attr.string_list(),
        "targets": attr.string_list(),
        "extra_build": attr.string(),
    },
    local = True,
)
