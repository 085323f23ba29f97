"""The list of backends, and the source that makes each by name."""

load("//tools:registry.bzl", "generated_source")

# Sorted. One entry for each folder NAME with NAME_device.h, which declares
# std::unique_ptr<Device> MakeNameDevice().
BACKENDS = [
    "cpu",
    "reference",
]

_SOURCE = """#include "harness/backend/registry.h"
{includes}
namespace assay {{

const std::vector<Backend>& Backends() {{
  static const auto* const backends = new std::vector<Backend>{{
{rows}  }};
  return *backends;
}}

}}  // namespace assay
"""

def registry_source(name, out):
    generated_source(
        name = name,
        out = out,
        source = _SOURCE.format(
            includes = "".join(
                ['#include "harness/backend/%s/%s_device.h"\n' % (b, b) for b in BACKENDS],
            ),
            rows = "".join(
                ['      {"%s", Make%sDevice},\n' % (b, b.capitalize()) for b in BACKENDS],
            ),
        ),
    )

def registry_deps():
    return ["//harness/backend/%s:%s_device" % (b, b) for b in BACKENDS]
