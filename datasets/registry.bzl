"""The list of data sets, and the source that calls each by name."""

# Sorted. One entry for each folder with an assay_dataset().
DATASETS = [
    "cifar10",
    "fashion_mnist",
    "fsdd",
    "grammar",
    "mnist",
    "shapes",
    "sst2",
    "syllables",
    "tinyshakespeare",
    "wikitext2",
]

_SOURCE = """#include <array>

#include "datasets/registry.h"
{includes}
namespace assay {{

absl::Span<const DatasetInfo* const> DatasetInfos() {{
  static const std::array<const DatasetInfo*, {count}> infos = {{
{rows}  }};
  return infos;
}}

}}  // namespace assay
"""

def _registry_source_impl(ctx):
    ctx.actions.write(ctx.outputs.out, _SOURCE.format(
        includes = "".join(
            ['#include "datasets/%s/%s.h"\n' % (d, d) for d in DATASETS],
        ),
        count = len(DATASETS),
        rows = "".join(["      &datasets::%s::Info(),\n" % d for d in DATASETS]),
    ))

# Writes the C++ that lists every data set explicitly: no static initialiser
# registers anything, so that order and linking cannot change the list.
registry_source = rule(
    implementation = _registry_source_impl,
    attrs = {"out": attr.output(mandatory = True)},
)

def registry_deps():
    return ["//datasets/%s" % d for d in DATASETS]
