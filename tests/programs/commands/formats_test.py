# SPDX-License-Identifier: MIT
"""Other programs read the output of ashlar profile for a program with known leaks: jeprof, pprof, speedscope and
flamegraph.pl. ashlar profile also reads data of others: debug information from a debuginfod server.

usage: formats_test.py ASHLAR LIBRARY PROGRAMS SCRATCH [unittest's arguments]     keeps speedscope in SCRATCH"""
import contextlib
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import browser

ASHLAR, LIBRARY, PROGRAMS, SCRATCH = map(os.path.abspath, (sys.argv.pop(1) for _ in range(4)))
HERE = os.path.dirname(os.path.abspath(__file__))
PLANTED = os.path.join(PROGRAMS, "planted")
CLEAN = {key: value for key, value in os.environ.items()
         if key not in ("LD_PRELOAD", "ASHLAR_CONF") and not key.startswith("DEBUGINFOD_")}
LIMIT = 150
# flamegraph.pl has no package of its own. This one is in Debian's libdevel-nytprof-perl.
FLAME_GRAPH = shutil.which("flamegraph.pl") or "/usr/share/perl5/Devel/NYTProf/flamegraph.pl"


def run(*command, env=CLEAN, **settings):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, env=env, **settings)
    assert done.returncode == 0, (command, done.returncode, done.stdout, done.stderr)
    return done.stdout


def need(program):
    if not shutil.which(program) and not os.path.exists(program):
        raise unittest.SkipTest(f"there is no {program}; scripts/setup.sh --programs installs it")


class Formats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = scratch.name
        cls.folded, cls.speedscope, cls.pprof, cls.heap, cls.json = (
            cls.path(name) for name in ("folded", "profile.speedscope.json", "profile.pb.gz", "profile.heap", "json"))
        run(ASHLAR, "profile", "--library", LIBRARY, "--rate", "16K", "--leaks", "--flamegraph", cls.folded, "--speedscope",
            cls.speedscope, "--pprof", cls.pprof, "--jeprof", cls.heap, "--json", cls.json, "--", PLANTED, "leak")
        view = cls.load(cls.json)["processes"][0]["views"]["leaks"]
        cls.bytes = {site["function"]: site["bytes"]["value"] for site in view["sites"]}
        cls.total = view["total"]["bytes"]["value"]

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @staticmethod
    def load(path):
        with open(path, encoding="utf-8") as file:
            return json.load(file)


class SmallReaders(Formats):
    def test_jeprof(self):
        need("jeprof")
        lines = run("jeprof", "--text", PLANTED, self.heap).splitlines()
        found = {line.split()[-1]: float(line.split()[0]) for line in lines[1:]}
        for function in ("planted_leak", "smaller_leak"):  # in MiB with one digit
            self.assertAlmostEqual(found[function], self.bytes[function] / (1 << 20), delta=0.06)

    def test_profiles_of_jemalloc(self):
        """The opposite direction: reads the output of jemalloc's profiler."""
        library = next((path for path in glob.glob("/usr/lib/*/libjemalloc.so.2")), None)
        if library is None:
            self.skipTest("there is no libjemalloc.so.2; scripts/setup.sh installs it")
        done = subprocess.run([PLANTED, "leak"], cwd=self.folder, capture_output=True, text=True, timeout=LIMIT, check=True, env={
            **CLEAN, "LD_PRELOAD": library, "MALLOC_CONF": "prof:true,prof_final:true,lg_prof_sample:14"})
        if "Invalid conf" in done.stderr:
            self.skipTest("this jemalloc has no profiler")
        recorded = glob.glob(self.path("jeprof.*.heap"))[0]
        text = run(ASHLAR, "profile", "--leaks", "--json", self.path("theirs"), "--html", self.path("theirs.html"), recorded)
        self.assertIn("planted, at one moment", text)
        self.assertRegex(text, r"Live .* at the moment of the profile")
        self.assertNotIn("0 ns", text)
        views = self.load(self.path("theirs"))["processes"][0]["views"]
        self.assertEqual([site["function"] for site in views["leaks"]["sites"][:2]], ["planted_leak", "smaller_leak"])
        self.assertIsNone(views["temporary"])
        done = subprocess.run([ASHLAR, "profile", "--temporary", recorded], capture_output=True, text=True, timeout=LIMIT, env=CLEAN)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no bytes for the view --temporary", done.stderr)

    def test_folded_stacks_add_up(self):
        total, innermost = 0, {}
        with open(self.folded, encoding="utf-8") as file:
            for line in file:
                stack, count = re.fullmatch(r"([^;\n]+(?:;[^;\n]+)*) ([0-9]+)\n", line).groups()
                total += int(count)
                innermost[stack.split(";")[-1]] = int(count)
        self.assertAlmostEqual(total, self.total, delta=len(innermost))  # each is rounded
        self.assertEqual(innermost["planted_leak"], round(self.bytes["planted_leak"]))

    def test_speedscope_as_its_schema_says(self):
        """The rules of https://www.speedscope.app/file-format-schema.json for profiles of samples, and those of the
        comments in file-format-spec.ts. Values are bounded, indexes are valid, frames begin with the outermost."""
        found = self.load(self.speedscope)
        self.assertEqual(found["$schema"], "https://www.speedscope.app/file-format-schema.json")
        self.assertIsInstance(found["exporter"], str)
        self.assertIn(found["activeProfileIndex"], range(len(found["profiles"])))
        frames = found["shared"]["frames"]
        for frame in frames:
            self.assertIsInstance(frame["name"], str)
            self.assertIsInstance(frame.get("file", ""), str)
            for place in ("line", "col"):
                self.assertGreater(frame.get(place, 1), 0)
        for profile in found["profiles"]:
            self.assertEqual(profile["type"], "sampled")
            self.assertIsInstance(profile["name"], str)
            self.assertIn(profile["unit"], ("none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"))
            self.assertEqual(len(profile["samples"]), len(profile["weights"]))
            self.assertEqual(profile["endValue"] - profile["startValue"], sum(profile["weights"]))
            self.assertTrue(all(weight >= 0 for weight in profile["weights"]))
            self.assertTrue(all(index in range(len(frames)) for sample in profile["samples"] for index in sample))
        # A function is one frame, whichever of its lines makes the call.
        self.assertEqual([frame["name"] for frame in frames].count("main"), 1)
        leaks = found["profiles"][found["activeProfileIndex"]]
        self.assertEqual(leaks["name"], "leaks")
        stacks = {frames[sample[-1]]["name"]: [frames[index]["name"] for index in sample] for sample in leaks["samples"]}
        self.assertLess(stacks["planted_leak"].index("main"), stacks["planted_leak"].index("planted_leak"))


class DebugInformation(unittest.TestCase):
    """A stripped program, and a server with its debug information."""

    @contextlib.contextmanager
    def server(self, folder, build_id):
        need("debuginfod")
        with socket.socket() as any_port:
            any_port.bind(("127.0.0.1", 0))
            port = any_port.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        log = os.path.join(folder, "log")
        with open(log, "w", encoding="utf-8") as file, subprocess.Popen(
                ["debuginfod", "--database", os.path.join(folder, "sqlite"), "--port", str(port), "--rescan-time", "0",
                 "--groom-time", "0", "-F", os.path.join(folder, "debug")], stdout=file, stderr=file, env=CLEAN) as process:
            try:
                give_up = time.monotonic() + LIMIT
                # until the server has searched the folder
                while not self.answers(f"{url}/buildid/{build_id}/debuginfo"):
                    if process.poll() is not None or time.monotonic() > give_up:
                        with open(log, encoding="utf-8") as said:
                            self.fail("the server does not answer: " + said.read())
                    time.sleep(0.05)
                yield url
            finally:
                process.terminate()

    @staticmethod
    def answers(url):
        directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with directly.open(url, timeout=LIMIT) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def test_a_stripped_program_has_names_by_its_build_id(self):
        with tempfile.TemporaryDirectory() as folder:
            stripped = os.path.join(folder, "stripped")
            os.mkdir(os.path.join(folder, "debug"))
            run("objcopy", "--only-keep-debug", PLANTED, os.path.join(folder, "debug", "planted.debug"))
            run("strip", "-o", stripped, PLANTED)
            build_id = re.search("Build ID: ([0-9a-f]+)", run("readelf", "-n", stripped)).group(1)
            kept = os.path.join(folder, "kept")
            without = run(ASHLAR, "profile", "--library", LIBRARY, "--rate", "16K", "--leaks", "--keep", kept, "--", stripped, "leak")
            self.assertIn("stripped+0x", without)
            self.assertNotIn("planted_leak", without)
            profile = os.path.join(kept, os.listdir(kept)[0])
            with self.server(folder, build_id) as url:
                found = run(ASHLAR, "profile", "--leaks", profile,
                            env={**CLEAN, "DEBUGINFOD_URLS": url, "DEBUGINFOD_CACHE_PATH": os.path.join(folder, "cache"),
                                 "no_proxy": "127.0.0.1"})
        self.assertRegex(found, r"planted_leak at planted\.cc:[0-9]+")
        self.assertRegex(found, r"from main at planted\.cc:[0-9]+")


class LargeReaders(Formats):
    """With the label `programs`."""

    def test_go_tool_pprof(self):
        need("go")
        env = {**CLEAN, "PPROF_TMPDIR": self.folder, "GOCACHE": self.path("go"), "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
        text = run("go", "tool", "pprof", "-top", "-unit=bytes", self.pprof, env=env)
        self.assertIn("File: planted\n", text)
        self.assertIn("Type: leaks_space\n", text)
        for function in ("planted_leak", "smaller_leak"):
            self.assertRegex(text, rf"(?m)^ *{round(self.bytes[function])}B .* {function}$")
        raw = run("go", "tool", "pprof", "-raw", self.pprof, env=env)
        self.assertRegex(raw, r"planted_leak \S*planted\.cc:[0-9]+")
        other = run("go", "tool", "pprof", "-top", "-sample_index=alloc_objects", self.pprof, env=env)
        self.assertIn("Type: alloc_objects\n", other)
        tree = run("go", "tool", "pprof", "-peek=^planted_leak$", self.pprof, env=env)
        self.assertRegex(tree, r"(?m)\| +main$")

    def test_go_tool_pprof_of_cpu_time(self):
        need("go")
        file = self.path("cpu.pb.gz")
        run(ASHLAR, "profile", "--library", LIBRARY, "--cpu", "--pprof", file, "--", os.path.join(PROGRAMS, "cpu"), "ratio")
        env = {**CLEAN, "PPROF_TMPDIR": self.folder, "GOCACHE": self.path("go"), "GOTOOLCHAIN": "local"}
        text = run("go", "tool", "pprof", "-top", "-unit=ms", file, env=env)
        self.assertIn("Type: cpu\n", text)
        shares = {function: float(share) for share, function in
                  re.findall(r"(?m)^ *[0-9.]+(?:ms)? +([0-9.]+)% .* (burn_[a-z]+)$", text)}
        self.assertAlmostEqual(shares["burn_three"] / shares["burn_one"], 3, delta=1)

    def test_flamegraph_pl(self):
        need(FLAME_GRAPH)
        picture = run("perl", FLAME_GRAPH, self.folded)
        share = 100 * self.bytes["planted_leak"] / self.total
        found = re.search(r"<title>planted_leak \(.* samples, ([0-9.]+)%\)</title>", picture)
        self.assertAlmostEqual(float(found.group(1)), share, delta=0.02)

    def install_speedscope(self):
        """Returns speedscope's folder, installed by the lock file beside this test."""
        need("npm")
        os.makedirs(SCRATCH, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(HERE, "speedscope", name), SCRATCH)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=SCRATCH, capture_output=True,
                              text=True, timeout=LIMIT, env=CLEAN)
        if done.returncode != 0:
            self.skipTest("npm cannot install speedscope: " + done.stderr)
        return os.path.join(SCRATCH, "node_modules", "speedscope", "dist", "release")

    def test_speedscope_itself(self):
        app = self.install_speedscope()
        check = """
            import Ajv from "ajv";
            import { readFileSync } from "node:fs";
            const [schema, file] = process.argv.slice(1).map((path) => JSON.parse(readFileSync(path, "utf8")));
            const is_valid = new Ajv({ strict: false, allErrors: true }).compile(schema);
            if (!is_valid(file)) { console.error(is_valid.errors); process.exitCode = 1; }"""
        run("node", "--input-type=module", "-e", check, os.path.join(app, "file-format-schema.json"), self.speedscope, cwd=SCRATCH)
        if browser.PATH is None:
            self.skipTest("there is no chromium; scripts/setup.sh installs it")
        script = self.path("show.js")
        with open(self.speedscope, encoding="utf-8") as file, open(script, "w", encoding="utf-8") as out:
            text = json.dumps(file.read())
            out.write(f"""speedscope.loadFileFromBase64("profile", btoa(unescape(encodeURIComponent({text}))));
const look = setInterval(() => {{  // in the view of one table, when it is there
  const tab = [...document.querySelectorAll("div")].find((each) => /^\\S* ?Sandwich$/u.test(each.textContent.trim()));
  if (tab) {{ tab.click(); clearInterval(look); }}
}}, 50);""")
        dom, _ = browser.Browser(self.folder).run(
            os.path.join(app, "index.html") + "#localProfilePath=" + script, "--dump-dom", "--virtual-time-budget=20000",
            "--allow-file-access-from-files", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
        # of seven views of memory and two of the processor
        self.assertRegex(dom, r">leaks <span[^>]*>\(4/9\)</span>")
        self.assertIn("planted_leak", dom)
        self.assertIn("smaller_leak", dom)

    def test_heaptrack(self):
        """The opposite direction: reads heaptrack's recording of the program. It agrees with Ashlar's own profile of
        every block."""
        need("heaptrack")
        run("heaptrack", "--output", self.path("heaptrack"), PLANTED, "leak")
        recorded = next(self.path(name) for name in os.listdir(self.folder) if name.startswith("heaptrack."))
        text = run(ASHLAR, "profile", "--leaks", "--json", self.path("theirs"), "--html", self.path("theirs.html"),
                   "--pprof", self.path("theirs.pb.gz"), recorded)
        self.assertIn("planted (recorded by heaptrack)", text)
        found = self.load(self.path("theirs"))["processes"][0]["views"]
        sites = {site["function"]: site for site in found["leaks"]["sites"]}
        for function, blocks in (("planted_leak()", 2000), ("smaller_leak()", 1000)):
            self.assertEqual(sites[function]["bytes"]["value"], 16_000 * blocks)
            self.assertEqual(sites[function]["blocks"]["value"], blocks)
            self.assertIn("main", [frame["function"] for frame in sites[function]["stack"]])
        self.assertIsNone(found["waste"])
        for options, words in ((("--waste",), "no bytes for the view --waste"), (("--jeprof", "-"), "needs addresses")):
            done = subprocess.run([ASHLAR, "profile", *options, recorded], capture_output=True, text=True, timeout=LIMIT, env=CLEAN)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
