#!/usr/bin/env python3
"""The `assay` command as a user has it, from a network of theirs to a
compressed one, on embedded data.

    run_test.py ASSAY CHEAT.so PLUGIN.so...
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ASSAY = None
PLUGINS = {}
TASK = "shapes-resnet8"
FOLDER = None  # cache, networks and runs


def assay(*words, code=0):
    """Standard output and error of a command that must end with `code`."""
    ended = subprocess.run(
        [ASSAY, *map(str, words)], capture_output=True, text=True
    )
    if ended.returncode != code:
        raise AssertionError(
            "%s: expected exit code %d, got %d\n%s%s"
            % (words, code, ended.returncode, ended.stdout, ended.stderr)
        )
    return ended


def setUpModule():
    global FOLDER
    FOLDER = pathlib.Path(tempfile.mkdtemp())
    # Long enough to be far from guessing.
    assay("train", TASK, "--steps=100", "--cache_dir=%s" % (FOLDER / "cache"))
    (checkpoint,) = (FOLDER / "cache").glob("*.safetensors")
    assay(
        "export", checkpoint, "--task=" + TASK, "--output", FOLDER / "net.onnx"
    )


def run(method, *flags, code=0, out=None):
    """Of FOLDER/net.onnx; the standard error, and the run's folder."""
    out = FOLDER / (out or method)
    ended = assay(
        "run",
        "--network=%s" % (FOLDER / "net.onnx"),
        "--task=" + TASK,
        "--method=" + method,
        "--plugin=" + PLUGINS[method],
        "--accuracy_only",
        "--out=%s" % out,
        "--cache_dir=%s" % (FOLDER / "cache"),
        *flags,
        code=code,
    )
    reports = list(out.glob("**/report.pb"))
    return ended.stderr, reports[0].parent if reports else None


def show(folder):
    return json.loads(
        assay("show", folder / "report.pb", "--format=json").stdout
    )


def accuracy(network):
    return network["quality"][0]["value"]


class NetworkTest(unittest.TestCase):
    """An imported network, compressed, and taken away again."""

    def check_artifact(self, folder, name):
        model, samples = FOLDER / (name + ".onnx"), FOLDER / (name + ".samples")
        cache = "--cache_dir=%s" % (FOLDER / "cache")
        assay(
            "export",
            folder / "artifacts" / "0",
            "--output=%s" % model,
            "--samples=20",
            "--samples_dir=%s" % samples,
            cache,
        )
        told = assay(
            "infer",
            model,
            "--batch=20",
            "--input=%s" % (samples / "inputs.npy"),
            "--expect=%s" % (samples / "logits.npy"),
            "--format=json",
        ).stdout
        (output,) = json.loads(told)["outputs"]
        self.assertEqual(output["agrees"], "yes")
        self.assertEqual(float(output["abs_error"]), 0.0)
        return model

    def test_structured_pruning_with_fine_tuning(self):
        _, folder = run(
            "structured_baselines",
            "--budget=macs=0.6",
            "--param=fine_tune_epochs=0.3",
            "--param=recalibration_batches=5",
            "--same_allowance",
        )
        report = show(folder)
        dense, (pruned,) = report["dense"], report["candidates"]
        self.assertGreater(accuracy(dense), 0.25)  # guessing: 0.1
        self.assertGreater(accuracy(pruned), accuracy(dense) - 0.15)
        self.assertLessEqual(
            int(pruned["cost"]["macs"]), 0.6 * int(dense["cost"]["macs"])
        )
        self.assertLess(
            int(pruned["cost"]["bytes_on_disk"]),
            int(dense["cost"]["bytes_on_disk"]),
        )
        self.assertTrue(pruned["budgets"][0]["met"])
        # The dense network was offered the samples that the method spent.
        tuned = report["tuned_dense"]
        self.assertEqual(
            tuned["ledger"]["allowance"]["samples"],
            report["ledger"]["samples"],
        )
        self.assertGreaterEqual(
            int(tuned["ledger"]["samples"]), int(report["ledger"]["samples"])
        )
        self.assertEqual(len(pruned["against_tuned_dense"]), 1)
        page = assay("show", folder / "report.pb").stdout
        self.assertIn("The dense network with the same allowance", page)
        # What was taken away comes back as a network of the user's.
        model = self.check_artifact(folder, "pruned")
        assay(
            "run",
            "--network=%s" % model,
            "--task=" + TASK,
            "--method=null",
            "--plugin=" + PLUGINS["null"],
            "--accuracy_only",
            "--out=%s" % (FOLDER / "again"),
            "--cache_dir=%s" % (FOLDER / "cache"),
        )
        (again,) = (FOLDER / "again").glob("**/report.pb")
        self.assertAlmostEqual(
            accuracy(show(again.parent)["dense"]), accuracy(pruned), delta=0.005
        )

    def test_quantization(self):
        _, folder = run(
            "quantization",
            "--budget=weight_bits=8,activation_bits=8",
            "--param=calibration_samples=64",
        )
        report = show(folder)
        dense, (quantized,) = report["dense"], report["candidates"]
        self.assertEqual(quantized["quality"][0]["precision"], "int8")
        self.assertGreater(accuracy(quantized), accuracy(dense) - 0.05)
        self.assertLess(
            int(quantized["cost"]["bytes_on_disk"]),
            0.5 * int(dense["cost"]["bytes_on_disk"]),
        )
        self.assertGreater(
            int(quantized["materialisation"]["integer_kernels"]), 0
        )
        self.check_artifact(folder, "quantized")

    def test_flags_that_do_not_fit_are_told_in_words(self):
        for number, (flag, words) in enumerate(
            (
                ("--network_layout=nhwc", "expected [N,32,32,3]"),
                ("--network_layout=chwn", "expects nchw or nhwc, got 'chwn'"),
                ("--network_output=scores", 'expected an output "scores", got'),
                ("--network_labels=disc,cat", 'label "cat" is no class of'),
                ("--network_labels=disc,ring", "expected each of the 10"),
                ("--network_mean=1,2", "expected 1 or 3 values of each"),
            )
        ):
            with self.subTest(flag):
                told, folder = run(
                    "null", flag, code=2, out="unfit-%d" % number
                )
                self.assertIn(words, told)
                self.assertIsNone(folder)

    def test_a_plugin_that_is_no_file_is_told_before_anything_runs(self):
        ended = assay(
            "run",
            "--task=" + TASK,
            "--method=quantization",
            "--plugin=%s" % (FOLDER / "none.so"),
            "--out=%s" % (FOLDER / "never"),
            "--cache_dir=%s" % (FOLDER / "never"),
            code=3,
        )
        self.assertIn("--plugin: no file", ended.stderr)
        self.assertFalse((FOLDER / "never").exists())

    def test_flags_that_say_what_is_so_change_nothing(self):
        labels = (
            "disc,ring,square,triangle,pentagon,diamond,star,cross,half_disc,"
            "ell"
        )
        _, plain = run("null", out="plain")
        _, said = run(
            "null",
            "--network_output=logits",
            "--network_labels=" + labels,
            "--network_layout=nchw",
            out="said",
        )
        self.assertEqual(
            accuracy(show(plain)["dense"]), accuracy(show(said)["dense"])
        )

    def test_labels_in_another_order_are_noticed(self):
        order = "9,8,7,6,5,4,3,2,1,0"
        told, _ = run("null", "--network_labels=" + order, code=1, out="order")
        self.assertIn("does not fit the task: its accuracy on", told)


class HistoryTest(unittest.TestCase):
    def test_showing_makes_no_database(self):
        file = FOLDER / "no" / "history.sqlite"
        ended = assay("history", "show", "--db=%s" % file, code=3)
        self.assertIn("there is no history; `assay history index", ended.stderr)
        self.assertFalse(file.parent.exists())


class TwinTest(unittest.TestCase):
    """The method once more, on the task under other names."""

    def audit(self, method, *flags):
        _, folder = run(method, "--audit", *flags, out="audit-" + method)
        report = show(folder)
        self.assertEqual(report["outcome"]["status"], "OK")
        (audit,) = [
            a
            for a in report["candidates"][0]["audits"]
            if a["kind"] == "renamed_twin"
        ]
        page = assay("show", folder / "report.pb").stdout
        self.assertIn("renamed_twin", page)
        return audit

    def test_a_method_that_knows_the_task_by_name_is_caught(self):
        audit = self.audit("cheat")
        self.assertFalse(audit.get("passed", False), audit)
        self.assertIn("under other names", audit["detail"])

    def test_a_method_that_does_not_passes(self):
        audit = self.audit("magnitude", "--budget=sparsity=0.5")
        self.assertTrue(audit["passed"], audit)


if __name__ == "__main__":
    ASSAY = sys.argv[1]
    for path in sys.argv[2:]:
        PLUGINS[pathlib.Path(path).stem] = path
    unittest.main(argv=sys.argv[:1], verbosity=2)
