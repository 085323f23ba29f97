"""The list of energy meters, and the source that calls each by name."""

load("//tools:registry.bzl", "generated_source")

# Sorted. One entry for each folder with an Open().
METERS = [
    "external",
    "nvml",
    "rapl",
    "rapl_perf",
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

def registry_source(name, out):
    generated_source(
        name = name,
        out = out,
        source = _SOURCE.format(
            includes = "".join(
                ['#include "harness/measure/energy/%s/%s.h"\n' % (m, m) for m in METERS],
            ),
            rows = "".join(
                ["  sources.push_back(meters::%s::Open(environment));\n" % m for m in METERS],
            ),
        ),
    )

def registry_deps():
    return ["//harness/measure/energy/%s" % m for m in METERS]
