"""What a data set's BUILD file says."""

load("//tools:cc.bzl", "cc_library")

def assay_dataset(name, deps):
    """One data set: NAME.h and NAME.cc, for the registry and its own tests.

    Args:
      name: the folder and id of the data set.
      deps: what NAME.cc includes besides dataset_info.h.
    """
    cc_library(
        name = name,
        srcs = [name + ".cc"],
        hdrs = [name + ".h"],
        visibility = ["//datasets:__subpackages__"],
        deps = ["//datasets:dataset_info"] + deps,
    )
