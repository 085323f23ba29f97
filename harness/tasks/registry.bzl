"""The list of tasks, and the source that calls each by name."""

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

def _registry_source_impl(ctx):
    ctx.actions.write(ctx.outputs.out, _SOURCE.format(
        includes = "".join(
            ['#include "harness/tasks/%s/%s.h"\n' % (t, t) for t in TASKS],
        ),
        rows = "".join(["           tasks::%s::Specs(),\n" % t for t in TASKS]),
    ))

# Writes the C++ that lists every task explicitly: no static initialiser
# registers anything, so that order and linking cannot change the list.
registry_source = rule(
    implementation = _registry_source_impl,
    attrs = {"out": attr.output(mandatory = True)},
)

def registry_deps():
    return ["//harness/tasks/%s" % t for t in TASKS]
