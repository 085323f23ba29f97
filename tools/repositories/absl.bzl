"""The system's Abseil under its canonical labels.

The packages' pkg-config files say which library needs which; reading them
gives exact link flags for this version of Abseil and for the next.
"""

load("//tools/repositories:system.bzl", "find_file", "headers_target", "link_flags", "link_headers", "missing")

_PACKAGES = ["libabsl-dev"]

_PKGCONFIG_DIRS = [
    "/usr/lib/x86_64-linux-gnu/pkgconfig",
    "/usr/lib/aarch64-linux-gnu/pkgconfig",
    "/usr/lib/pkgconfig",
    "/usr/lib64/pkgconfig",
    "/usr/share/pkgconfig",
]

# Bazel package to its public targets. A target is backed by the pkg-config
# file absl_<target>, or by the one named here.
_LABELS = {
    "algorithm": {"algorithm": "", "container": "absl_algorithm_container"},
    "base": {"base": "", "core_headers": "", "config": "", "endian": "", "log_severity": ""},
    "cleanup": {"cleanup": ""},
    "container": {
        "btree": "",
        "fixed_array": "",
        "flat_hash_map": "",
        "flat_hash_set": "",
        "inlined_vector": "",
        "node_hash_map": "",
        "node_hash_set": "",
    },
    "debugging": {
        "failure_signal_handler": "",
        "leak_check": "",
        "stacktrace": "",
        "symbolize": "",
    },
    "flags": {
        "commandlineflag": "absl_flags_commandlineflag",
        "config": "absl_flags_config",
        "flag": "absl_flags",
        "marshalling": "absl_flags_marshalling",
        "parse": "absl_flags_parse",
        "reflection": "absl_flags_reflection",
        "usage": "absl_flags_usage",
    },
    "functional": {"any_invocable": "", "bind_front": "", "function_ref": ""},
    "hash": {"hash": ""},
    "memory": {"memory": ""},
    "meta": {"type_traits": ""},
    "numeric": {"bits": "", "int128": ""},
    "random": {
        "bit_gen_ref": "absl_random_bit_gen_ref",
        "distributions": "absl_random_distributions",
        "random": "absl_random_random",
        "seed_sequences": "absl_random_seed_sequences",
    },
    "status": {"status": "", "statusor": ""},
    "strings": {"cord": "", "str_format": "", "strings": ""},
    "synchronization": {"synchronization": ""},
    "time": {"civil_time": "", "time": ""},
    "types": {
        "any": "",
        "compare": "",
        "optional": "",
        "span": "",
        "variant": "",
    },
    "utility": {"utility": ""},
}

def _parse(text):
    """Splits a pkg-config file into (required absl modules, libraries)."""
    requires, libs = [], []
    for line in text.split("\n"):
        if line.startswith("Requires:"):
            # "absl_x = 20220623, absl_y = 20220623"
            words = line[len("Requires:"):].replace(",", " ").split(" ")
            requires = [w for w in words if w.startswith("absl_")]
        elif line.startswith("Libs:"):
            libs = [w[len("-l"):] for w in line.split(" ") if w.startswith("-labsl")]
    return requires, libs

def _read_modules(ctx, folder):
    """Reads the given folder's absl_*.pc; returns {module: (requires, libs)}."""
    modules = {}
    for path in ctx.path(folder).readdir():
        if path.basename.startswith("absl_") and path.basename.endswith(".pc"):
            modules[path.basename[:-len(".pc")]] = _parse(ctx.read(path))
    return modules

def _module_target(name, requires, libs):
    return """
cc_library(
    name = "{name}",
    linkopts = {linkopts},
    visibility = ["//absl:__subpackages__"],
    deps = {deps},
)
""".format(
        name = name,
        linkopts = repr(link_flags(libs)),
        deps = repr([":headers"] + [":" + r for r in requires]),
    )

def _alias(name, module):
    return """
alias(
    name = "{name}",
    actual = "//:{module}",
    visibility = ["//visibility:public"],
)
""".format(name = name, module = module)

def _absl_repository_impl(ctx):
    link_headers(ctx, ["absl"], "", _PACKAGES)
    probe = find_file(ctx, [d + "/absl_base.pc" for d in _PKGCONFIG_DIRS])
    if not probe:
        missing(ctx, "absl_base.pc", _PACKAGES)
    modules = _read_modules(ctx, probe.dirname)

    build = headers_target()
    for name in sorted(modules):
        requires, libs = modules[name]
        build += _module_target(name, [r for r in requires if r in modules], libs)
    ctx.file("BUILD", build)

    for package, targets in _LABELS.items():
        text = ""
        for target, module in targets.items():
            module = module or "absl_" + target
            if module in modules:  # later Abseils drop some and add others
                text += _alias(target, module)
        ctx.file("absl/%s/BUILD" % package, text)

absl_repository = repository_rule(
    implementation = _absl_repository_impl,
    local = True,
)
