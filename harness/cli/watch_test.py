#!/usr/bin/env python3
"""`assay watch` in a terminal of its own, by tmux.

    watch_test.py ASSAY

Without tmux the tests of the terminal skip and say so.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from xml.etree import ElementTree

ASSAY = None


def stamp(ago=0.0):
    when = time.gmtime(time.time() - ago)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", when)


def run(name, state, **rest):
    return {"name": name, "folder": name, "state": state, **rest}


class Suite:
    """The files of a suite whose process is this one."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.status = {
            "state": "RUNNING",
            "suite": "quick",
            "host": socket.gethostname(),
            "pid": str(os.getpid()),
            "started": stamp(20),
            "runs": [
                run(
                    "null",
                    "ENDED",
                    status="OK",
                    started=stamp(20),
                    finished=stamp(10),
                    verdict="DEGRADED",
                    reasons=["GOVERNOR_UNKNOWN"],
                ),
                run("lamp", "RUNNING", started=stamp(10)),
                run("int8", "WAITING"),
            ],
        }
        (self.folder / "lamp").mkdir()
        self.write()

    def write(self):
        self.status["updated"] = stamp()
        self.replace("status.json", self.status)

    def progress(self, done):
        self.replace(
            "lamp/progress.json",
            {
                "process": "compress",
                "label": "train",
                "done": done,
                "total": 100,
                "unit": "steps",
                "seconds": 2.0,
                "updated": stamp(),
            },
        )

    def replace(self, name, value):
        path = self.folder / name
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(value))
        temporary.rename(path)

    def finish(self, status):
        for row in self.status["runs"]:
            if row["state"] != "ENDED":
                row.update(
                    state="ENDED",
                    status=status,
                    stage="COMPRESS",
                    message="ended by signal 11",
                    started=stamp(5),
                    finished=stamp(),
                )
        self.status["state"] = "DONE"
        self.write()


class Terminal:
    """A shell in tmux, with a server of its own."""

    def __init__(self, columns=90, rows=24):
        self.socket = os.path.join(tempfile.mkdtemp(), "tmux")
        self.tmux(
            "new-session", "-d", "-x", str(columns), "-y", str(rows),
            "env PS1='ready$ ' sh",
        )
        self.wait("ready$")

    def tmux(self, *words):
        return subprocess.run(
            ["tmux", "-f", "/dev/null", "-S", self.socket, *words],
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def type(self, text):
        self.tmux("send-keys", "-l", text)
        self.tmux("send-keys", "Enter")

    def press(self, key):
        self.tmux("send-keys", key)

    def text(self):
        return self.tmux("capture-pane", "-p")

    def wait(self, text, seconds=20):
        """Until the screen shows it; the screen."""
        end = time.monotonic() + seconds
        while True:
            screen = self.text()
            if text in screen:
                return screen
            if time.monotonic() > end:
                raise AssertionError("never saw %r in\n%s" % (text, screen))
            time.sleep(0.05)

    def close(self):
        self.tmux("kill-server")


@unittest.skipUnless(
    shutil.which("tmux"),
    "no tmux here: the terminal was not looked at; apt-get install tmux "
    "(tools/packages.txt)",
)
class TerminalTest(unittest.TestCase):
    def setUp(self):
        self.suite = Suite()
        self.terminal = Terminal()
        self.addCleanup(self.terminal.close)
        self.terminal.type("%s watch %s; echo code $?" % (
            ASSAY, self.suite.folder))
        self.terminal.wait("quick: 1 of 3 runs done, 1 waiting")

    def test_follows_the_suite(self):
        screen = self.terminal.wait("running  lamp")
        for words in ("nothing heard of it yet", "last results", "ok      null",
                      "timings DEGRADED in 1 run: GOVERNOR_UNKNOWN", "  int8",
                      "q leaves"):
            self.assertIn(words, screen)
        # The page has the screen for itself.
        self.assertNotIn("ready$", screen)
        self.suite.progress(40)
        self.terminal.wait("compress: train  [====>     ] 40 %  40/100 steps")
        self.suite.progress(70)
        screen = self.terminal.wait("70/100 steps")
        self.assertNotIn("40/100", screen)
        self.suite.finish("OK")
        # What it came to stays, below the command.
        screen = self.terminal.wait("code 0")
        self.assertIn("ready$", screen)
        self.assertIn("quick: 3 of 3 runs done", screen)

    def test_a_failure_is_told_by_the_exit_code(self):
        self.suite.finish("CRASHED")
        screen = self.terminal.wait("code 1")
        self.assertIn("CRASHED in COMPRESS: ended by signal 11", screen)

    def test_q_leaves_and_gives_the_screen_back(self):
        self.terminal.press("q")
        screen = self.terminal.wait("code 0")
        self.assertIn("ready$", screen)
        self.assertNotIn("q leaves", screen)
        # The shell has its echo again.
        self.terminal.type("echo again")
        self.assertIn("$ echo again\nagain", self.terminal.wait("\nagain"))

    def test_control_c_leaves(self):
        self.terminal.press("C-c")
        self.assertIn("ready$", self.terminal.wait("code 130"))

    def test_follows_the_window(self):
        self.suite.progress(40)
        self.terminal.wait("40/100")
        self.terminal.tmux("resize-window", "-x", "40", "-y", "10")
        screen = self.terminal.wait("...")
        self.assertIn("q leaves", screen)
        self.assertNotIn("waiting\n  int8", screen)
        self.terminal.tmux("resize-window", "-x", "120", "-y", "30")
        self.terminal.wait("waiting\n  int8")

    def test_a_dead_suite_is_noticed(self):
        child = subprocess.Popen(["true"])
        child.wait()
        self.suite.status["pid"] = str(child.pid)
        self.suite.write()
        self.terminal.wait("is gone, the same command goes on")
        self.terminal.wait("code 1")


class PlainTest(unittest.TestCase):
    def watch(self, *words):
        return subprocess.run(
            [ASSAY, "watch", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def test_lines_where_there_is_no_terminal(self):
        suite = Suite()
        suite.finish("OK")
        done = self.watch(str(suite.folder))
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertTrue(lines[0].startswith("[1/3]  ok      null"), lines)
        self.assertIn("quick: 3 of 3 runs done", lines)
        self.assertNotIn("\x1b", done.stdout)

    def test_once_says_how_far_it_is(self):
        done = self.watch("--once", str(Suite().folder))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("running  lamp", done.stdout)

    def test_the_suite_last_heard_of(self):
        suite = Suite()
        done = self.watch("--once", str(suite.folder.parent / "none"))
        self.assertEqual(done.returncode, 3)
        parent = pathlib.Path(tempfile.mkdtemp())
        suite.folder.rename(parent / "quick")
        done = self.watch("--once", str(parent))
        self.assertIn("quick: 1 of 3", done.stdout)

    def test_where_nothing_runs(self):
        done = self.watch(tempfile.mkdtemp())
        self.assertEqual(done.returncode, 3)
        self.assertIn("no suite runs or ran in", done.stderr)


def tell_bazel(result):
    """Skipped cases, so that whoever counts tests does not count them as run."""
    if not result.skipped or "XML_OUTPUT_FILE" not in os.environ:
        return
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", name="watch_test")
    for test, why in result.skipped:
        print("skipped: " + why)
        case = ElementTree.SubElement(suite, "testcase", name=str(test))
        ElementTree.SubElement(case, "skipped", message=why)
    for test, why in result.failures + result.errors:
        case = ElementTree.SubElement(suite, "testcase", name=str(test))
        ElementTree.SubElement(case, "failure", message=why)
    ran = result.testsRun - len(result.skipped + result.failures + result.errors)
    for number in range(ran):
        ElementTree.SubElement(suite, "testcase", name="passed %d" % number)
    ElementTree.ElementTree(suites).write(os.environ["XML_OUTPUT_FILE"])


if __name__ == "__main__":
    ASSAY = os.path.abspath(sys.argv[1])
    outcome = unittest.main(argv=sys.argv[:1], exit=False, verbosity=2).result
    tell_bazel(outcome)
    sys.exit(0 if outcome.wasSuccessful() else 1)
