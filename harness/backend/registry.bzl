"""The list of backends, and the source that makes each by name."""

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

def _registry_source_impl(ctx):
    ctx.actions.write(ctx.outputs.out, _SOURCE.format(
        includes = "".join(
            ['#include "harness/backend/%s/%s_device.h"\n' % (b, b) for b in BACKENDS],
        ),
        rows = "".join(
            ['      {"%s", Make%sDevice},\n' % (b, b.capitalize()) for b in BACKENDS],
        ),
    ))

# No static initialiser registers anything, so that order and linking cannot
# change the list.
registry_source = rule(
    implementation = _registry_source_impl,
    attrs = {"out": attr.output(mandatory = True)},
)

def registry_deps():
    return ["//harness/backend/%s:%s_device" % (b, b) for b in BACKENDS]
