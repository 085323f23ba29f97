#!/usr/bin/env python3
"""Makes the page's template: everything inlined, split where the data go.

    make_page.py OUTPUT.cc PAGE.html PAGE.css SCRIPT.js...

PAGE.html says where things go: `{{style}}`, `{{script}}`, `{{data}}` and
`{{policy}}`. The policy allows this very style and script, by their hashes,
and nothing else: whatever text a report brings, the page runs and fetches
nothing.
"""

import base64
import hashlib
import pathlib
import sys

SOURCE = """#include "harness/report/formats/html/page_template.h"

namespace assay::formats::html {

const char kPageHead[] =
%s;

const char kPageTail[] =
%s;

}  // namespace assay::formats::html
"""


def read(name):
    return pathlib.Path(name).read_text(encoding="utf-8")


def hash_of(text):
    digest = hashlib.sha256(text.encode()).digest()
    return "'sha256-%s'" % base64.b64encode(digest).decode()


def policy(style, script):
    return "; ".join(
        [
            "default-src 'none'",
            "style-src " + hash_of(style),
            "script-src " + hash_of(script),
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def literal(text):
    """`text` as adjacent C++ string literals, one for each line of it."""
    rows = []
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), 4000):
            piece = line[start : start + 4000]
            for plain, escape in (
                ("\\", "\\\\"),
                ('"', '\\"'),
                ("?", "\\?"),
                ("\r", "\\r"),
                ("\n", "\\n"),
                ("\t", "\\t"),
            ):
                piece = piece.replace(plain, escape)
            rows.append('    "%s"' % piece)
    return "\n".join(rows)


def main(output, page_name, style_name, *script_names):
    style = read(style_name)
    script = "\n".join(read(name) for name in script_names)
    for text in (style, script):
        if "</script" in text or "</style" in text or "{{data}}" in text:
            sys.exit("make_page.py: a source would end its own element")
    page = read(page_name)
    for mark, text in (
        ("{{policy}}", policy(style, script)),
        ("{{style}}", style),
        ("{{script}}", script),
    ):
        if page.count(mark) != 1:
            sys.exit("%s: expects %s once" % (page_name, mark))
        page = page.replace(mark, text)
    head, data, tail = page.partition("{{data}}")
    if not data:
        sys.exit("%s: expects {{data}}" % page_name)
    pathlib.Path(output).write_text(
        SOURCE % (literal(head), literal(tail)), encoding="utf-8"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
