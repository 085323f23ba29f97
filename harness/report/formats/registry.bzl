"""The list of report formats, and the source that calls each by name."""

load("//tools:registry.bzl", "generated_source")

# Sorted. One entry for each folder with a Format().
FORMATS = [
    "csv",
    "github",
    "html",
    "json",
    "junit",
    "markdown",
    "text",
]

_SOURCE = """#include <array>

#include "harness/report/formats/format.h"
{includes}
namespace assay {{

absl::Span<const ReportFormat* const> ReportFormats() {{
  static const std::array<const ReportFormat*, {count}> formats = {{
{rows}  }};
  return formats;
}}

}}  // namespace assay
"""

def registry_source(name, out):
    generated_source(
        name = name,
        out = out,
        source = _SOURCE.format(
            includes = "".join(
                ['#include "harness/report/formats/%s/%s.h"\n' % (f, f) for f in FORMATS],
            ),
            count = len(FORMATS),
            rows = "".join(["      &formats::%s::Format(),\n" % f for f in FORMATS]),
        ),
    )

def registry_deps():
    return ["//harness/report/formats/%s" % f for f in FORMATS]
