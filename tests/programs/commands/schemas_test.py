# SPDX-License-Identifier: MIT
"""Tests that the JSON of the library and the command matches docs/schemas. The schemas allow readers to meet unknown
fields. This test does not: every written field must be described.

usage: schemas_test.py ASHLAR LIBRARY SOURCES PROGRAMS"""
import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError as missing:
    print(f"skipped: {missing}; scripts/setup.sh installs it")
    sys.exit(77)

ASHLAR, LIBRARY, SOURCES, PROGRAMS = sys.argv[1:5]
SCHEMAS = os.path.join(SOURCES, "docs", "schemas")
CLEAN = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF")}
LIMIT = 150


def closed(schema):
    """Returns a schema that allows only described fields."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: {name: closed(each) for name, each in value.items()} if key in ("properties", "$defs") else closed(value)
              for key, value in schema.items()}
    if "properties" in schema:
        result.setdefault("additionalProperties", False)
    return result


def read_schema(name):
    with open(os.path.join(SCHEMAS, name + ".schema.json"), encoding="utf-8") as file:
        return json.load(file)


def names():
    return sorted(name.removesuffix(".schema.json") for name in os.listdir(SCHEMAS))


class Schemas(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name="out.json"):
        return os.path.join(self.folder, name)

    def ashlar(self, *words, status=0):
        done = subprocess.run([ASHLAR, *words], env=CLEAN, capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def written(self, *words, status=0, option="--json"):
        """Returns what the sub-command wrote to a file."""
        self.ashlar(words[0], option, self.path(), *words[1:], status=status)
        with open(self.path(), encoding="utf-8") as file:
            return json.load(file)

    def holds(self, name, document):
        validator = jsonschema.Draft202012Validator(closed(read_schema(name)))
        found = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in validator.iter_errors(document)]
        self.assertEqual("\n".join(found), "", name)
        return document

    def test_schemas_are_schemas_and_documented(self):
        with open(os.path.join(SOURCES, "docs", "json.md"), encoding="utf-8") as file:
            page = file.read()
        self.assertEqual(sorted(set(re.findall(r"schemas/([a-z]+)\.schema\.json", page))), names())
        for name in names():
            jsonschema.Draft202012Validator.check_schema(read_schema(name))

    def test_they_can_fail(self):
        document = self.holds("diagnosis", self.written("doctor", "--library", LIBRARY, "--", "true"))
        validator = jsonschema.Draft202012Validator(closed(read_schema("diagnosis")))
        for change in ({"format": "other"}, {"state": "well"}, {"unheard_of": 1}, {"programs": [{}]}):
            self.assertFalse(validator.is_valid({**copy.deepcopy(document), **change}), change)
        del document["verdict"]
        self.assertFalse(validator.is_valid(document))

    def test_examples_of_the_page(self):
        with open(os.path.join(SOURCES, "docs", "json.md"), encoding="utf-8") as file:
            examples = re.findall(r"<!-- example of ([a-z]+) -->\n+```json\n(.*?)```", file.read(), re.S)
        self.assertNotEqual(examples, [])
        for name, text in examples:
            self.holds(name, json.loads(text))

    def test_diagnosis(self):
        static = os.path.join(PROGRAMS, "static")
        self.holds("diagnosis", self.written("doctor", "--library", LIBRARY, "--", static, status=1))
        script = self.path("script")
        with open(script, "w", encoding="utf-8") as file:
            file.write("#!/no/such/interpreter\n")
        os.chmod(script, 0o755)
        foreseen = self.holds("diagnosis", self.written("doctor", "--library", LIBRARY, "--", script, status=1))
        self.assertEqual(foreseen["foreseen"][0]["cause"], "interpreter")

    def test_statistics(self):
        for settings in ("", ",count:true"):
            with self.subTest(settings):
                environment = {**CLEAN, "LD_PRELOAD": LIBRARY, "ASHLAR_CONF": f"stats_at_exit:{self.path()}{settings}"}
                subprocess.run([sys.executable, "-c", "print(len([str(i) for i in range(10000)]))"], env=environment, check=True,
                               capture_output=True, timeout=LIMIT)
                with open(self.path(), encoding="utf-8") as file:
                    document = self.holds("statistics", json.load(file))
                self.assertEqual("locks" in document, settings != "")

    def test_stats(self):
        for library, own in ((LIBRARY, True), ("", False)):
            environment = {**CLEAN, **({"LD_PRELOAD": library, "ASHLAR_CONF": "count:true"} if own else {})}
            with subprocess.Popen([os.path.join(PROGRAMS, "memory_shapes"), "cache"], env=environment, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE) as process:
                process.stdout.readline()
                try:
                    first = self.written("stats", "--interval", "0", str(process.pid), status=0 if own else 1)
                    shutil.copy(self.path(), self.path("first.json"))
                    if own:
                        second = self.written("stats", "--interval", "0", "--diff", self.path("first.json"), str(process.pid))
                finally:
                    process.kill()
            self.holds("stats", first)
            if own:
                self.assertIsNotNone(self.holds("stats", second)["before"])

    def test_profile(self):
        program = os.path.join(PROGRAMS, "planted")
        whole = ("--library", LIBRARY, "--rate", "16K", "--keep", self.path("kept"))
        document = self.holds("profile", self.written("profile", *whole, "--", program, "leak"))
        self.assertEqual(list(document["processes"][0]["views"]), ["peak", "live", "allocated", "leaks", "temporary", "lifetime", "waste"])
        self.holds("profile", self.written("profile", "--library", LIBRARY, "--no-memory", "--cpu", "--", program, "leak"))

    def test_locks(self):
        lines = "import threading\nlock = threading.Lock()\ndef work():\n    for i in range(1000):\n        with lock: str(i)\n" \
                "team = [threading.Thread(target=work) for _ in range(4)]\n[each.start() for each in team]\n[each.join() for each in team]"
        document = self.written("profile", "--locks", "--library", LIBRARY, "--", sys.executable, "-c", lines, option="--locks-json")
        self.assertNotEqual(self.holds("locks", document)["processes"][0]["locks"], [])

    def test_budget(self):
        program = os.path.join(PROGRAMS, "planted")
        document = self.written("budget", "--library", LIBRARY, "--max-peak", "1", "--max-leaks", "0", "--", program, "leak", status=1)
        self.assertFalse(self.holds("budget", document)["processes"][0]["kept"])

    def test_comparison(self):
        mine = "ashlar=" + LIBRARY
        document = self.written("compare", "--rounds", "2", "--allocators", "system," + mine, "--", "sh", "-c", "echo 5 rows",)
        self.assertEqual(len(self.holds("comparison", document)["configurations"]), 1)
        self.holds("comparison", self.written("compare", "--rounds", "2", "--allocators", "system," + mine, "--metric", "([0-9]+) rows",
                                              "--", "sh", "-c", "echo 5 rows"))

    def test_alarm(self):
        run = subprocess.run([ASHLAR, "alarm", "--reference", LIBRARY, "--library", LIBRARY, "--gates", "exact", "--only", "start-up",
                              "--explain", "--json", self.path()], env=CLEAN, cwd=SOURCES, capture_output=True, text=True, timeout=LIMIT,
                             check=False)
        if "is not installed" in run.stdout + run.stderr or "ptrace" in run.stdout + run.stderr:
            self.skipTest(run.stdout + run.stderr)
        with open(self.path(), encoding="utf-8") as file:
            self.holds("alarm", json.load(file))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
