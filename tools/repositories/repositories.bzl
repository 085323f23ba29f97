"""Every external repository of Assay, made from the system's packages.

Nothing is downloaded here: tools/bazelw installs what the rules look for.
"""

load("//tools/repositories:absl.bzl", "absl_repository")
load("//tools/repositories:cuda.bzl", "cuda_repository")
load("//tools/repositories:inline.bzl", "inline_repository")
load("//tools/repositories:onednn.bzl", "onednn_repository")
load("//tools/repositories:system.bzl", "cc_target", "system_repository")

# Bazel's own rules, where Debian installs them.
_BAZEL_RULES = "/usr/share/bazel/rules"

# Debian's rules_cc does not load on Debian's Bazel; the native rules do.
_RULES_CC_DEFS = """
cc_binary = native.cc_binary
cc_import = native.cc_import
cc_library = native.cc_library
cc_proto_library = native.cc_proto_library
cc_test = native.cc_test
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite
fdo_prefetch_hints = native.fdo_prefetch_hints
fdo_profile = native.fdo_profile
"""

# `bazel test` names this target even when no coverage is collected.
_COVERAGE_BUILD = """
filegroup(
    name = "coverage_report_generator",
    visibility = ["//visibility:public"],
)
"""

# Header-only view of protobuf's well-known types: their code is in libprotobuf.
_WELL_KNOWN = [
    "any",
    "api",
    "descriptor",
    "duration",
    "empty",
    "field_mask",
    "source_context",
    "struct",
    "timestamp",
    "type",
    "wrappers",
]

_WELL_KNOWN_DEPS = {
    "api": ["source_context", "type"],
    "type": ["any", "source_context"],
}

def _proto_targets():
    text = """
proto_lang_toolchain(
    name = "cc_toolchain",
    blacklisted_protos = [{all}],
    command_line = "--cpp_out=$(OUT)",
    runtime = ":protobuf",
    visibility = ["//visibility:public"],
)
""".format(all = ", ".join(["\":%s_proto\"" % n for n in _WELL_KNOWN]))
    for name in _WELL_KNOWN:
        text += """
proto_library(
    name = "{name}_proto",
    srcs = ["include/google/protobuf/{name}.proto"],
    strip_import_prefix = "include",
    visibility = ["//visibility:public"],
    deps = [{deps}],
)
""".format(
            name = name,
            deps = ", ".join([
                "\":%s_proto\"" % d
                for d in _WELL_KNOWN_DEPS.get(name, [])
            ]),
        )
    return text

def _bazel_rules():
    native.local_repository(
        name = "rules_java",
        path = _BAZEL_RULES + "/java",
    )
    native.local_repository(
        name = "rules_proto",
        path = _BAZEL_RULES + "/proto",
    )
    inline_repository(
        name = "rules_cc",
        files = {
            "BUILD": "",
            "cc/BUILD": "",
            "cc/defs.bzl": _RULES_CC_DEFS,
        },
    )
    inline_repository(
        name = "remote_coverage_tools",
        files = {"BUILD": _COVERAGE_BUILD},
    )

def assay_repositories():
    """Declares them all; WORKSPACE calls it."""
    _bazel_rules()
    absl_repository(name = "com_google_absl")
    cuda_repository(name = "cuda")
    onednn_repository(name = "onednn")
    system_repository(
        name = "chartjs",
        files = ["/usr/share/javascript/chart.js/chart.min.js"],
        packages = ["libjs-chart.js"],
    )
    system_repository(
        name = "com_google_googletest",
        headers = ["gtest", "gmock"],
        packages = ["libgtest-dev", "libgmock-dev"],
        targets = [
            cc_target("gtest", ["gmock", "gtest", "pthread"]),
            cc_target("gtest_main", ["gmock_main"], deps = ["gtest"]),
        ],
    )
    system_repository(
        name = "com_github_google_benchmark",
        headers = ["benchmark"],
        packages = ["libbenchmark-dev"],
        targets = [
            cc_target("benchmark", ["benchmark", "pthread"]),
            cc_target("benchmark_main", ["benchmark_main"], deps = ["benchmark"]),
        ],
    )
    system_repository(
        name = "com_google_protobuf",
        headers = ["google/protobuf"],
        packages = ["libprotobuf-dev", "protobuf-compiler"],
        programs = ["protoc"],
        targets = [cc_target("protobuf", ["protobuf", "pthread"])],
        extra_build = _proto_targets(),
    )
    system_repository(
        name = "opencv",
        headers = ["opencv2"],
        include_dir = "opencv4",
        packages = [
            "libopencv-core-dev",
            "libopencv-imgproc-dev",
            "libopencv-imgcodecs-dev",
        ],
        targets = [
            cc_target("core", ["opencv_core"]),
            cc_target("imgproc", ["opencv_imgproc"], deps = ["core"]),
            cc_target("imgcodecs", ["opencv_imgcodecs"], deps = ["imgproc"]),
        ],
    )
    system_repository(
        name = "onnx",
        headers = ["onnx/onnx_pb.h", "onnx/onnx-ml.pb.h"],
        packages = ["libonnx-dev"],
        targets = [cc_target(
            "onnx_proto",
            ["onnx_proto", "protobuf", "pthread"],
            defines = ["ONNX_ML=1", "ONNX_NAMESPACE=onnx"],
        )],
    )
    system_repository(
        name = "zlib",
        headers = ["zlib.h", "zconf.h"],
        packages = ["zlib1g-dev"],
        targets = [cc_target("zlib", ["z"])],
    )
    system_repository(
        name = "lapack",
        headers = [
            "lapack.h",
            "lapacke.h",
            "lapacke_config.h",
            "lapacke_mangling.h",
            "lapacke_utils.h",
        ],
        packages = ["liblapacke-dev"],
        targets = [cc_target("lapacke", ["lapacke"])],
    )
    system_repository(
        name = "openssl",
        headers = ["openssl"],
        packages = ["libssl-dev"],
        targets = [cc_target("crypto", ["crypto"])],
    )
    system_repository(
        name = "curl",
        headers = ["curl"],
        packages = ["libcurl4-openssl-dev"],
        targets = [cc_target("curl", ["curl"])],
    )
    system_repository(
        name = "sqlite",
        headers = ["sqlite3.h"],
        packages = ["libsqlite3-dev"],
        targets = [cc_target("sqlite3", ["sqlite3"])],
    )
