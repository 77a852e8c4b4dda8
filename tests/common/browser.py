# SPDX-License-Identifier: MIT
"""Headless Chromium, and its screenshots."""
import html
import json
import os
import re
import shutil
import struct
import subprocess
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LIGHT, DARK = "1", "0"  # as blink's settings have them
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n')


class Browser:
    def __init__(self, folder):
        self.folder = folder

    def run(self, page, *options, width=1280, height=900, scheme=LIGHT):
        """Returns stdout and stderr. All host names are unresolvable."""
        command = [PATH, "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                   "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
                   f"--user-data-dir={self.folder}/profile", f"--window-size={width},{height}",
                   f"--blink-settings=preferredColorScheme={scheme}", "--enable-logging=stderr", *options]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium refuses to run as root in a sandbox
        done = subprocess.run([*command, "file://" + page], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(f"the browser failed with status {done.returncode}: {done.stderr[-2000:]}")
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return done.stdout, console

    def probe(self, page, width=1280, scheme=LIGHT, scripts=("page_probe.js",)):
        """Returns the results of the probe scripts. They run in a copy of the page without its script policy. The
        copy is in a frame, because a frame can be narrower than a window."""
        script = ""
        for name in scripts:
            with open(os.path.join(HERE, name), encoding="utf-8") as file:
                script += file.read()
        with open(page, encoding="utf-8") as file:
            text = POLICY.sub("", file.read()).replace("</body>", f"<script>{script}</script></body>")
        outer = page + ".frame.html"
        with open(outer, "w", encoding="utf-8") as file:
            file.write(f"""<!DOCTYPE html><html><head><meta name="color-scheme" content="light dark"></head><body>
<iframe width="{width}" height="800" style="border: 0"></iframe><script>
const frame = document.querySelector("iframe");
frame.onload = () => {{ document.documentElement.dataset.probe = frame.contentDocument.documentElement.dataset.probe; }};
frame.srcdoc = {json.dumps(text).replace("</", "<" + chr(92) + "/")};
</script></body></html>""")
        dom, _ = self.run(outer, "--dump-dom", width=1400, scheme=scheme)
        found = re.search(r'^<html[^>]* data-probe="([^"]*)"', dom, re.M)
        if not found:
            raise AssertionError("the probe left nothing behind")
        return json.loads(html.unescape(found.group(1)))


def first_pixel(path):
    """Returns the first pixel of a PNG with 8 bits per channel. No filter changes the first pixel."""
    with open(path, "rb") as file:
        data = file.read()
    place, packed = 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        if kind == b"IDAT":
            packed += data[place + 8:place + 8 + length]
        place += 12 + length
    return tuple(zlib.decompressobj().decompress(packed, 16)[1:4])
