"""What a task's BUILD file says."""

load("//tools:cc.bzl", "cc_library")

def assay_task(name, deps = []):
    """One folder of tasks: NAME.h and NAME.cc, for the registry.

    Args:
      name: the folder.
      deps: what NAME.cc includes besides task_spec.h.
    """
    cc_library(
        name = name,
        srcs = [name + ".cc"],
        hdrs = [name + ".h"],
        visibility = ["//harness/tasks:__subpackages__"],
        deps = ["//harness/tasks:task_spec"] + deps,
    )
