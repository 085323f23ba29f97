"""The list of report formats, and the source that calls each by name."""

# Sorted. One entry for each folder with a Format().
FORMATS = [
    "csv",
    "json",
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

def _registry_source_impl(ctx):
    ctx.actions.write(ctx.outputs.out, _SOURCE.format(
        includes = "".join(
            ['#include "harness/report/formats/%s/%s.h"\n' % (f, f) for f in FORMATS],
        ),
        count = len(FORMATS),
        rows = "".join(["      &formats::%s::Format(),\n" % f for f in FORMATS]),
    ))

# Writes the C++ that lists every format explicitly: no static initialiser
# registers anything, so that order and linking cannot change the list.
registry_source = rule(
    implementation = _registry_source_impl,
    attrs = {"out": attr.output(mandatory = True)},
)

def registry_deps():
    return ["//harness/report/formats/%s" % f for f in FORMATS]
