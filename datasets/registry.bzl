"""The list of data sets, and the source that calls each by name."""

load("//tools:registry.bzl", "generated_source")

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

def registry_source(name, out):
    generated_source(
        name = name,
        out = out,
        source = _SOURCE.format(
            includes = "".join(
                ['#include "datasets/%s/%s.h"\n' % (d, d) for d in DATASETS],
            ),
            count = len(DATASETS),
            rows = "".join(["      &datasets::%s::Info(),\n" % d for d in DATASETS]),
        ),
    )

def registry_deps():
    return ["//datasets/%s" % d for d in DATASETS]
