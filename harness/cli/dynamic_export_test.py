#!/usr/bin/env python3
"""Networks that decide, written as If and Loop and read again.

    dynamic_export_test.py ASSAY
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ASSAY = None


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


class DynamicExportTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())

    def export(self, network, *flags, samples=1):
        """What `assay infer` makes of each sample that the export wrote."""
        model = self.folder / (network + ".onnx")
        assay(
            "export",
            network,
            "--output=%s" % model,
            "--samples=%d" % samples,
            "--samples_dir=%s" % (self.folder / network),
            *flags,
        )
        data = sorted((self.folder / network).iterdir())
        self.assertEqual(len(data), samples)
        return [
            json.loads(
                assay(
                    "infer",
                    model,
                    "--data_set=%s" % one,
                    "--tolerance=1e-5",
                    "--format=json",
                ).stdout
            )
            for one in data
        ]

    def test_what_is_written_is_read_with_the_same_outputs(self):
        for network in (
            "dscnn-exits",
            "experts",
            "lmd-xs-exits",
            "lmd-xs-greedy",
            "lmd-xs-speculative",
            "mobilenet-v2-exits",
            "resnet20-exits",
            "resnet20-gated",
        ):
            with self.subTest(network):
                (told,) = self.export(network)
                self.assertNotEqual(told["path"], "")
                for output in told["outputs"]:
                    self.assertEqual(output["agrees"], "yes")

    def test_samples_differ(self):
        one, two, three = self.export("experts", samples=3)
        self.assertGreater(
            len({one["path"], two["path"], three["path"]}), 1
        )

    def test_a_threshold_moves_the_exits(self):
        (early,) = self.export("dscnn-exits", "--threshold=0")
        self.assertEqual(early["path"], "0+")
        (late,) = self.export("dscnn-exits", "--threshold=1.1")
        self.assertNotIn("+", late["path"])

    def test_flags_of_the_other_kind_are_refused(self):
        out = "--output=%s" % (self.folder / "x.onnx")
        told = assay("export", "experts", out, "--batch=2", code=2).stderr
        self.assertIn("--batch says nothing of a network with", told)
        told = assay(
            "export", "shapes-resnet8", out, "--threshold=1", code=2
        ).stderr
        self.assertIn("--threshold is for a network with control flow", told)


if __name__ == "__main__":
    ASSAY = sys.argv.pop(1)
    unittest.main(verbosity=2)
