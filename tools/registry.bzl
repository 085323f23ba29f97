"""The source of a registry, written from its list.

A registry is a sorted list in a .bzl file from which explicit calls are
generated: no static initialiser registers anything, so that neither order nor
linking can change the list.
"""

def _generated_source_impl(ctx):
    ctx.actions.write(ctx.outputs.out, ctx.attr.source)

generated_source = rule(
    doc = "Writes `source` to the file `out`.",
    implementation = _generated_source_impl,
    attrs = {
        "out": attr.output(mandatory = True),
        "source": attr.string(mandatory = True),
    },
)
