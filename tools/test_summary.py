"""Counts the test cases of a `bazel test` run.

    python3 tools/test_summary.py EVENTS BAZEL_STATUS

EVENTS is what --build_event_json_file wrote, BAZEL_STATUS bazel's exit status.
Prints "PASSED FAILED SKIPPED" and, on stderr, a line for each failure. A test
with a test.xml counts once per case in it, any other test once. What did not
build, and a test that failed outside its cases, counts as one failure.
"""

import json
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree

# Bazel's exit status where it ran to the end: all passed, some test failed.
_RAN = ("0", "3")


def _cases(xml_text):
    """(passed, skipped, names of failed cases) of one test.xml."""
    passed, skipped, failed = 0, 0, []
    for case in xml.etree.ElementTree.fromstring(xml_text).iter("testcase"):
        name = "%s.%s" % (case.get("classname", ""), case.get("name", ""))
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name.lstrip("."))
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            skipped += 1
        else:
            passed += 1
    return passed, skipped, failed


def _read_xml(result):
    """The test.xml of a testResult event, or None."""
    for output in result.get("testActionOutput", []):
        url = urllib.parse.urlparse(output.get("uri", ""))
        if output["name"] == "test.xml" and url.scheme == "file":
            with open(urllib.request.url2pathname(url.path), "rb") as file:
                return file.read()
    return None


def _count_test(label, result):
    """(passed, skipped, failures) of one test's run."""
    ok = result.get("status") in ("PASSED", "FLAKY")
    try:
        passed, skipped, failed = _cases(_read_xml(result) or b"")
    except (OSError, xml.etree.ElementTree.ParseError):
        passed, skipped, failed = int(ok), 0, []
    failures = ["%s %s" % (label, case) for case in failed]
    if not ok and not failures:
        failures = ["%s %s" % (label, result.get("status", "failed"))]
    return passed, skipped, failures


def main(events, bazel_status):
    passed = skipped = 0
    failures = []
    with open(events, encoding="utf-8") as file:
        parsed = [json.loads(line) for line in file if line.strip()]
    for event in parsed:
        ident = event["id"]
        if "testResult" in event:
            counts = _count_test(
                ident["testResult"]["label"], event["testResult"]
            )
            passed += counts[0]
            skipped += counts[1]
            failures += counts[2]
        elif "targetCompleted" in ident:
            skip = event.get("aborted", {}).get("reason") == "SKIPPED"
            if not skip and not event.get("completed", {}).get("success"):
                label = ident["targetCompleted"]["label"]
                failures.append(label + " did not build")
    if bazel_status not in _RAN and not failures:
        failures.append("bazel stopped with exit status " + bazel_status)
    for failure in failures:
        print("FAIL " + failure, file=sys.stderr)
    print(passed, len(failures), skipped)


if __name__ == "__main__":
    main(*sys.argv[1:])
