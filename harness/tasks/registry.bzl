"""The list of tasks, and the source that calls each by name."""

load("//tools:registry.bzl", "generated_source")

# Sorted. One entry for each folder with an assay_task().
TASKS = [
    "cifar10_resnet20",
    "cifar10_resnet8",
    "fashion_mnist_lenet5",
    "fsdd_dscnn",
    "grammar_lmd",
    "grammar_lme",
    "mnist_lenet5",
    "shapes_resnet8",
    "sst2_lme_xs",
    "syllables_dscnn",
    "tinyshakespeare_lmd_xs",
    "wikitext2_lmd_xs",
]

_SOURCE = """#include <iterator>
#include <utility>

#include "harness/tasks/registry.h"
{includes}
namespace assay {{

std::vector<TaskSpec> UnsortedTaskSpecs() {{
  std::vector<TaskSpec> all;
  for (std::vector<TaskSpec> specs : {{
{rows}       }}) {{
    std::move(specs.begin(), specs.end(), std::back_inserter(all));
  }}
  return all;
}}

}}  // namespace assay
"""

def registry_source(name, out):
    generated_source(
        name = name,
        out = out,
        source = _SOURCE.format(
            includes = "".join(
                ['#include "harness/tasks/%s/%s.h"\n' % (t, t) for t in TASKS],
            ),
            rows = "".join(["           tasks::%s::Specs(),\n" % t for t in TASKS]),
        ),
    )

def registry_deps():
    return ["//harness/tasks/%s" % t for t in TASKS]
