"""The list of energy meters, and the source that calls each by name."""

# Sorted. One entry for each folder with an Open().
METERS = [
    "nvml",
    "rapl",
]

_SOURCE = """#include <utility>

#include "harness/measure/energy/meter.h"
{includes}
namespace assay {{

std::vector<MeterSource> OpenMeters(const MeterEnvironment& environment) {{
  std::vector<MeterSource> sources;
{rows}  return sources;
}}

}}  // namespace assay
"""

def _registry_source_impl(ctx):
    ctx.actions.write(ctx.outputs.out, _SOURCE.format(
        includes = "".join(
            ['#include "harness/measure/energy/%s/%s.h"\n' % (m, m) for m in METERS],
        ),
        rows = "".join(
            ["  sources.push_back(meters::%s::Open(environment));\n" % m for m in METERS],
        ),
    ))

# Writes the C++ that lists every meter explicitly: no static initialiser
# registers anything, so that order and linking cannot change the list.
registry_source = rule(
    implementation = _registry_source_impl,
    attrs = {"out": attr.output(mandatory = True)},
)

def registry_deps():
    return ["//harness/measure/energy/%s" % m for m in METERS]
