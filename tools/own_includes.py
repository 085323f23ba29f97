"""Finds sources that compile only because a header is precompiled.

//tools/precompiled reads its headers before every source, so that a missing
include goes unnoticed until another compiler or other flags do without them.
"""

import functools
import os
import pathlib
import re

_INCLUDE = re.compile(
    r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE
)

# A name, the precompiled header that declares it, and headers that bring it.
_NAMES = [
    (r"\bstd::array\b", "array", []),
    (r"\bstd::function\b", "functional", ["gtest/gtest.h"]),
    (r"\bstd::map\b", "map", ["gtest/gtest.h"]),
    (r"\bstd::set\b", "set", ["gtest/gtest.h"]),
    (r"\bstd::vector\b", "vector", ["functional", "gtest/gtest.h"]),
    (
        r"\bstd::(?:unique_ptr|shared_ptr|make_unique|make_shared)\b",
        "memory",
        ["functional", "gtest/gtest.h"],
    ),
    (
        r"\bstd::(?:all_of|any_of|clamp|copy|copy_n|count_if|equal|fill|fill_n"
        r"|find|find_if|is_sorted|lower_bound|max|max_element|min|min_element"
        r"|none_of|nth_element|remove_if|reverse|sort|stable_sort|transform"
        r"|unique|upper_bound)\(",
        "algorithm",
        ["functional"],
    ),
    (
        r"\bstd::(?:string|to_string)\b",
        "string",
        ["absl/status/status.h", "absl/strings/str_cat.h", "gtest/gtest.h"],
    ),
    (
        r"\bu?int(?:8|16|32|64)_t\b",
        "cstdint",
        ["stdint.h", "absl/status/status.h", "memory", "string", "vector"],
    ),
    (
        r"\babsl::(?:Status|StatusCode|OkStatus|[A-Z]\w+Error)\b",
        "absl/status/status.h",
        ["absl/status/statusor.h"],
    ),
    (r"\babsl::StatusOr\b", "absl/status/statusor.h", []),
    (r"\babsl::Str(?:Append|Cat)\b", "absl/strings/str_cat.h", []),
    (r"\babsl::StrJoin\b", "absl/strings/str_join.h", []),
    (
        r"\babsl::string_view\b",
        "absl/strings/string_view.h",
        ["absl/status/status.h", "absl/strings/str_cat.h"],
    ),
    (
        r"\babsl::(?:Span|MakeSpan|MakeConstSpan)\b",
        "absl/types/span.h",
        [],
    ),
    (r"^(?:TEST|TEST_F|TEST_P)\(", "gtest/gtest.h", []),
    (r"\b(?:ASSERT|EXPECT)_THAT\(|^MATCHER\w*\(", "gmock/gmock.h", []),
]
_IMPLIED = {
    "absl/status/statusor.h": ["absl/status/status.h"],
    "gmock/gmock.h": ["gtest/gtest.h"],
}
_GENERATED = ["algorithm", "functional", "map", "memory", "string", "vector"]


def _code(text):
    """The text without comments and the insides of strings."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    return re.sub(r"//.*", "", text)


class _Closures:
    """What each file includes, directly or through the tree's own headers."""

    def __init__(self, root):
        self._root = root

    @functools.lru_cache(None)
    def text(self, name):
        path = self._root / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    @functools.lru_cache(None)
    def of(self, name):
        found, todo = set(), [name]
        while todo:
            at = todo.pop()
            for pair in _INCLUDE.findall(self.text(at)):
                header = pair[0] or pair[1]
                beside = os.path.normpath(
                    os.path.join(os.path.dirname(at), header)
                )
                if pair[0] and self.text(beside):
                    header = beside
                if header in found:
                    continue
                found.add(header)
                found.update(_IMPLIED.get(header, []))
                if header.endswith(".pb.h"):
                    found.update(_GENERATED)
                todo.append(header)
        return found


# Our own precompiled headers, and the layers whose sources come behind them.
_OWN = {
    "harness/precompiled/host_headers.h": (
        "harness/claims/",
        "harness/cli/",
        "harness/host/",
        "harness/sweep/",
    ),
    "harness/precompiled/kernel_headers.h": ("/cpu/",),
    "harness/precompiled/report_headers.h": ("harness/report/",),
}
_TYPE = re.compile(
    r"^(?:class|struct|enum|enum class) (\w+)(?: final)?(?: :.*)? \{",
    re.MULTILINE,
)
_HEADER_NAME = re.compile(r"^#include \"(harness/[^\"]+\.h)\"", re.MULTILINE)


def _own_names(closures):
    """Of each precompiled header of ours: its layers, its types' headers."""
    for precompiled, layers in _OWN.items():
        headers = {}
        for header in _HEADER_NAME.findall(closures.text(precompiled)):
            headers.update(dict.fromkeys(_TYPE.findall(closures.text(header)), header))
        if headers:
            used = re.compile(r"(?<![:.\w>])(?:%s)\b(?!\()" % "|".join(headers))
            yield layers, used, headers


def _check_own(closures, own_names, file, code):
    """Types of precompiled headers of ours without the header, or a declaration
    of their own."""
    for layers, used, headers in own_names:
        if not any(layer in file for layer in layers):
            continue
        missing = {
            name
            for name in set(used.findall(code))
            if headers[name] not in closures.of(file)
        }
        if not missing:
            continue
        declared = "\n".join(map(closures.text, [file, *closures.of(file)]))
        for name in sorted(missing):
            if not re.search(
                r"\b(?:class|struct|enum|using) %s\b" % name, declared
            ):
                yield "%s: needs #include of %s" % (file, headers[name])


def check(root, files):
    """Yields a problem for each name whose header the file does not include."""
    closures = _Closures(pathlib.Path(root))
    own_names = list(_own_names(closures))
    for name in files:
        code = _code(closures.text(name))
        included = closures.of(name)
        yield from _check_own(closures, own_names, name, code)
        for pattern, header, others in _NAMES:
            if re.search(pattern, code, re.MULTILINE) and not included & {
                header,
                *others,
            }:
                yield "%s: needs #include of %s" % (name, header)
