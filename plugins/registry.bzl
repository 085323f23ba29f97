"""The plugins of this repository: one sorted row each, named like its folder."""

PLUGINS = [
    "early_exit",
    "magnitude",
    "nas_baselines",
    "null",
    "plain_c",
    "quantization",
    "structured_baselines",
    "template",
]

def plugin_libraries(plugins = PLUGINS):
    """The labels of the plugins' shared objects, for a `data` attribute."""
    return ["//plugins/{0}:{0}.so".format(name) for name in plugins]
