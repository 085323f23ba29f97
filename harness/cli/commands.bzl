"""The list of commands, from the names of their files."""

load("//tools:registry.bzl", "generated_source")

_SOURCE = """#include "harness/cli/command.h"

namespace assay {{

{declarations}
absl::Span<const Command* const> CommandList() {{
  static constexpr const Command* kList[] = {{
{rows}  }};
  return kList;
}}

}}  // namespace assay
"""

def _constant(file):
    """cmd_run.cc defines kRunCommand, cmd_two_words.cc kTwoWordsCommand."""
    words = file[len("cmd_"):-len(".cc")].split("_")
    return "k%sCommand" % "".join([word.capitalize() for word in words])

def command_list(name, out, files):
    """Writes `out`, which defines CommandList() of command.h."""
    constants = [_constant(file) for file in files]
    generated_source(
        name = name,
        out = out,
        source = _SOURCE.format(
            declarations = "".join(
                ["extern const Command %s;\n" % c for c in constants],
            ),
            rows = "".join(["      &%s,\n" % c for c in constants]),
        ),
    )
