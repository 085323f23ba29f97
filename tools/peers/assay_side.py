"""Assay's side of a comparison: a child process that runs programs on request."""

import subprocess

import numpy


class AssaySide:
    """Speaks the protocol of harness/peers/assay_side.cc."""

    def __init__(self, binary, threads):
        self.process = subprocess.Popen(
            [binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ask("threads", threads)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"assay_side ended at: {words}")
            if line.startswith("ok"):
                return "".join(lines) + line[2:].strip()
            if line.startswith("error"):
                raise RuntimeError(line.strip())
            lines.append(line)

    def feed(self, program, name, array, folder):
        path = f"{folder}/feed.npy"
        numpy.save(path, array)
        self.ask("feed", program, name, path)

    def fetch(self, program, name, folder):
        path = f"{folder}/fetch.npy"
        self.ask("fetch", program, name, path)
        return numpy.load(path)

    def timer(self, program):
        """A function: seconds to spend -> median seconds of a run, or of what
        the program counts as one (a token)."""

        def time(seconds):
            return float(self.ask("time", program, seconds).split()[1])

        return time

    def close(self):
        self.process.stdin.close()
        self.process.wait()
