"""Finds includes that a target's direct deps do not declare.

GCC has no layering check: a header from a dep of a dep, or a library's header
that lies in the system's include folder, compiles without being declared. This
reads the BUILD graph from `bazel query` and the includes from the sources.
"""

import collections
import pathlib
import re
import subprocess
import xml.etree.ElementTree

_INCLUDE = re.compile(
    r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE
)
_SOURCE = re.compile(r"\.(h|cc|c|cu|cuh|inc)$")

# The start of a header's name, and of the labels one of which declares it.
_EXTERNAL = [
    ("absl/", "@com_google_absl//absl/{package}:"),
    ("benchmark/", "@com_github_google_benchmark//"),
    ("cublas", "@cuda//"),
    ("cuda", "@cuda//"),
    ("cudnn", "@cuda//"),
    ("curl/", "@curl//"),
    ("gmock/", "@com_google_googletest//"),
    ("google/protobuf/", "@com_google_protobuf//"),
    ("gtest/", "@com_google_googletest//"),
    ("oneapi/dnnl/", "@onednn//"),
    ("onnx/", "@onnx//"),
    ("opencv2/", "@opencv//"),
    ("openssl/", "@openssl//"),
    ("sqlite3.h", "@sqlite//"),
    ("zlib.h", "@zlib//"),
]

Rule = collections.namedtuple("Rule", "name kind srcs hdrs deps actual")


def includes(path):
    """The names a file includes, in order."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return [quoted or angled for quoted, angled in _INCLUDE.findall(text)]


def _path(label):
    """//a/b:c.h -> a/b/c.h; None for other repositories' files."""
    if not label.startswith("//"):
        return None
    package, _, name = label[2:].partition(":")
    return package + "/" + name if package else name


def _rules(root):
    """{label: Rule} of the tree's C++ and protobuf targets and aliases."""
    kinds = (
        "kind('cc_.* rule|proto_library rule|alias rule|_cuda_.* rule', //...)"
    )
    xml_text = subprocess.run(
        ["bazel", "query", "--output=xml", "--keep_going", kinds],
        cwd=root,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ).stdout
    # Python's parser knows XML 1.0 alone; Bazel's 1.1 differs in the header only.
    tree = xml.etree.ElementTree.fromstring(
        xml_text.replace('version="1.1"', 'version="1.0"', 1)
    )
    rules = {}
    for rule in tree.iter("rule"):
        lists = {
            l.get("name"): [v.get("value") for v in l.iter("label")]
            for l in rule.iter("list")
        }
        actual = [
            l.get("value")
            for l in rule.findall("label")
            if l.get("name") == "actual"
        ]
        rules[rule.get("name")] = Rule(
            rule.get("name"),
            rule.get("class"),
            lists.get("srcs", []),
            lists.get("hdrs", []) + lists.get("textual_hdrs", []),
            lists.get("deps", []),
            actual[0] if actual else None,
        )
    return rules


def _declared_headers(rule, rules):
    """The headers of the tree that a dep on this target declares."""
    if rule.actual in rules:
        return _declared_headers(rules[rule.actual], rules)
    if rule.kind == "_cuda_objects":  # half of a cuda_library
        return []
    if rule.kind == "cc_proto_library":
        return [
            _path(s)[: -len(".proto")] + ".pb.h"
            for d in rule.deps
            if d in rules
            for s in rules[d].srcs
            if _path(s)
        ]
    return [_path(h) for h in rule.hdrs]


def _problem(name, rule, own, direct, owners):
    """Why this target may not include `name`, or None."""
    if name in own or name in direct:
        return None
    if name in owners:
        return "needs the dep " + " or ".join(sorted(owners[name]))
    for start, label in _EXTERNAL:
        if name.startswith(start):
            label = label.format(
                package=name.split("/")[1] if "/" in name else ""
            )
            # Generated messages bring protobuf's own headers with them.
            if any(d.startswith(label) for d in rule.deps) or (
                start == "google/protobuf/"
                and any(n.endswith(".pb.h") for n in direct)
            ):
                return None
            return "needs a dep that starts with " + label
    return None


def check(root):
    """Yields a problem for each undeclared include of the tree."""
    try:
        rules = _rules(root)
    except subprocess.CalledProcessError as error:
        yield "bazel query: " + error.stderr.strip().splitlines()[-1]
        return
    declared = {name: _declared_headers(r, rules) for name, r in rules.items()}
    owners = collections.defaultdict(set)
    for name, headers in declared.items():
        for header in headers:
            owners[header].add(name)
    for rule in sorted(rules.values()):
        files = [_path(label) for label in rule.srcs + rule.hdrs]
        files = [
            f for f in files if f and _SOURCE.search(f) and (root / f).exists()
        ]
        direct = {h for d in rule.deps for h in declared.get(d, [])}
        for name in sorted(set(files)):
            for included in includes(pathlib.Path(root) / name):
                problem = _problem(included, rule, set(files), direct, owners)
                if (
                    not problem
                    and (root / included).exists()
                    and included not in owners
                    and included not in files
                ):
                    problem = "no target has it in its hdrs"
                if problem:
                    yield "%s: %s includes %s: %s" % (
                        name,
                        rule.name,
                        included,
                        problem,
                    )
