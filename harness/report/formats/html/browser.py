"""A headless Chromium, steered through its debugging pipe.

Needs nothing but Python and the browser. Positions are CSS pixels.
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time


def find():
    """The browser's program, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page of one browser; use it in a `with`."""

    def __init__(self, width=1280, height=900, dark=False):
        self._size = (width, height)
        self._dark = dark
        self._next = 0
        self._rest = b""
        # What the console, exceptions and the network had to say.
        self.complaints = []

    def __enter__(self):
        self._home = tempfile.mkdtemp(prefix="browser")
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        self._process = subprocess.Popen(
            [
                "/bin/sh",
                "-c",
                # The browser reads descriptor 3 and writes descriptor 4.
                'exec "$@" 3<&%d 4>&%d' % (to_browser, from_browser),
                "sh",
                find(),
                "--headless=new",
                "--remote-debugging-pipe",
                "--no-sandbox",
                "--no-first-run",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--hide-scrollbars",
                "--user-data-dir=" + self._home,
            ],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self._home},
        )
        os.close(to_browser)
        os.close(from_browser)
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")
        self._session = self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.resize(*self._size)
        self.prefer("dark" if self._dark else "light")
        return self

    def __exit__(self, *error):
        os.close(self._write)
        os.close(self._read)
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def call(self, method, **params):
        """One command of the protocol; its result."""
        self._next += 1
        message = {"id": self._next, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._next:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]))
                return answer["result"]
            self._note(answer)

    def _receive(self):
        while b"\0" not in self._rest:
            piece = os.read(self._read, 1 << 16)
            if not piece:
                raise RuntimeError("the browser ended")
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, event):
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            thrown = details.get("exception", {}).get("description")
            self.complaints.append(thrown or details["text"])
        elif method == "Runtime.consoleAPICalled":
            if params["type"] in ("error", "warning", "assert"):
                self.complaints.append(json.dumps(params["args"]))
        elif method == "Log.entryAdded":
            if params["entry"]["level"] in ("error", "warning"):
                self.complaints.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("file:", "about:", "data:")):
                self.complaints.append("fetches " + url)

    def open(self, path):
        # From one place of a file to another would not load it again.
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url="file://" + path)
        self.wait("document.readyState === 'complete'")

    def run(self, script):
        """The value of an expression in the page."""
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError("%s: %s" % (script, answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait(self, script, seconds=20):
        """Until the expression holds."""
        end = time.monotonic() + seconds
        while not self.run(script):
            if time.monotonic() > end:
                raise TimeoutError("never true: " + script)
            time.sleep(0.02)

    def text(self, selector):
        return self.run(
            "[...document.querySelectorAll(%s)].map(e => e.innerText)"
            ".join('\\n')" % json.dumps(selector)
        )

    def click(self, selector):
        """With the mouse, in the middle of the first line of such an element."""
        box = self.run(
            "(() => { const e = document.querySelector(%s);"
            " e.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const r = e.getClientRects()[0];"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
            % json.dumps(selector)
        )
        self.click_at(*box)

    def click_at(self, x, y):
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=x,
                y=y,
                button="left" if kind != "mouseMoved" else "none",
                clickCount=1,
            )

    def press(self, key, text=""):
        codes = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowRight": 39,
                 " ": 32}
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                text=text if kind == "keyDown" else "",
                windowsVirtualKeyCode=codes.get(key, 0),
            )

    def type(self, text):
        self.call("Input.insertText", text=text)

    def resize(self, width, height):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def prefer(self, scheme, media=""):
        self.call(
            "Emulation.setEmulatedMedia",
            media=media,
            features=[
                {"name": "prefers-color-scheme", "value": scheme},
                # What scrolls smoothly is not yet where a click goes.
                {"name": "prefers-reduced-motion", "value": "reduce"},
            ],
        )

    def screenshot(self, path, whole=True):
        """A PNG of the page, or of what the window shows of it."""
        # Two frames, so that what was just drawn is in it.
        self.run(
            "new Promise(r => requestAnimationFrame(() =>"
            " requestAnimationFrame(r)))"
        )
        image = self.call(
            "Page.captureScreenshot", captureBeyondViewport=whole
        )
        with open(path, "wb") as file:
            file.write(base64.b64decode(image["data"]))
