# SPDX-License-Identifier: MIT
"""Tests manual pages and completion: complete for every sub-command and option that --help names.

usage: documents_test.py ASHLAR LIBRARY DOCUMENTS"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ASHLAR, DOCUMENTS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[3])
COMPLETION = os.path.join(DOCUMENTS, "bash-completion", "ashlar")
ZSH = os.path.join(DOCUMENTS, "zsh", "_ashlar")
FISH = os.path.join(DOCUMENTS, "fish", "ashlar.fish")
# Completion finds commands beside this one.
PATH = {**os.environ, "PATH": os.path.dirname(ASHLAR) + ":" + os.environ["PATH"]}
LIMIT = 60
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
OTHER_PAGES = ["ashlar-profile.5", "ashlar-results.5", "ashlar-settings.7", "ashlar-statistics.5", "libashlar.3"]


def help_of(*command, columns=80):
    return subprocess.run([ASHLAR, *command, "--help"], capture_output=True, text=True, timeout=LIMIT, check=True,
                          env={**os.environ, "COLUMNS": str(columns)}).stdout


def commands():
    listed = help_of().split("Commands:\n", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE)


def nested():
    """Returns nested sub-commands, as (command, sub-command)."""
    found = []
    for command in commands():
        _, listed, rest = help_of(command).partition("Commands:\n")
        if listed:
            found += [(command, name) for name in re.findall(r"^  ([a-z-]+) ", rest.split("\n\n", 1)[0], re.MULTILINE)]
    return found


def calls():
    """Returns all commands, as the words that follow ashlar."""
    return [(command,) for command in commands()] + nested()


def options(*command):
    text = help_of(*command).split("Options:\n", 1)[1].split("\n\n", 1)[0]
    entries = re.findall(r"^  (-.*?)(?:  |\[=|$)", text, re.MULTILINE)
    return {name for entry in entries for name in re.findall(r"(?:^|, )(--?[a-z-]+)", entry)}


def complete(*words):
    """Returns bash's completions of the last word. bash cuts words at colons, like these."""
    quoted = " ".join("'" + word + "'" for word in words)
    script = f"source '{COMPLETION}'; COMP_WORDS=('{ASHLAR}' {quoted}); COMP_CWORD={len(words)}; _ashlar; " \
             'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "--norc", "-u", "-c", script], capture_output=True, text=True, timeout=LIMIT, check=True)
    assert done.stderr == "", done.stderr
    return set(done.stdout.split())


def text_of(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def names_in(schema):
    """Returns the names of all fields, at any depth."""
    if isinstance(schema, list):
        return set().union(*map(names_in, schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*map(names_in, schema.values()))


class Help(unittest.TestCase):
    def test_fits_the_terminal(self):
        for words in ((), *calls()):
            for columns in (60, 80):
                for line in help_of(*words, columns=columns).splitlines():
                    self.assertTrue(len(line) <= columns or " " not in line.strip().removesuffix(" \\"), (words, columns, line))

    def test_is_the_same_by_help(self):
        for words in ((), *calls()):
            done = subprocess.run([ASHLAR, "help", *words], capture_output=True, text=True, timeout=LIMIT, check=True)
            self.assertEqual(done.stdout, help_of(*words, columns=80))

    def test_types_are_words_for_people(self):
        for words in calls():
            self.assertNotRegex(help_of(*words), r"\b(FLOAT|UINT|INT|TEXT|REQUIRED|ENUM|BOOLEAN)\b", words)
        self.assertRegex(help_of("compare"), r"(?m)^  --timeout SECONDS$|^  --timeout SECONDS  ")
        self.assertRegex(help_of("compare"), r"(?m)^  --allocators ALLOCATOR,\.\.\.$|^  --allocators ALLOCATOR,\.\.\.  ")


class Manual(unittest.TestCase):
    def page(self, name):
        """Returns the path of a page, from a name like "ashlar-run" or "libashlar.3"."""
        if not name[-1].isdigit():
            name += ".1"
        return os.path.join(DOCUMENTS, "man" + name[-1], name)

    def shown(self, name):
        return subprocess.run(["man", "-l", self.page(name)], capture_output=True, text=True, timeout=LIMIT, check=True,
                              env={**os.environ, "MANWIDTH": "1000", "LC_ALL": "C", "MANPAGER": "cat", "MAN_KEEP_FORMATTING": ""}).stdout

    def pages(self):
        return ["ashlar", *("-".join(["ashlar", *words]) for words in calls())]

    def test_there_is_one_for_each_command(self):
        self.assertIn("run", commands())
        self.assertEqual(nested(), [("bench", "locks"), ("bench", "languages"), ("bench", "programs")])
        self.assertEqual(sorted(os.listdir(os.path.join(DOCUMENTS, "man1"))), sorted(page + ".1" for page in self.pages()))

    def test_no_warnings(self):
        if shutil.which("man") is None:
            self.skipTest("no man here")
        for page in self.pages() + OTHER_PAGES:
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", self.page(page)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=LIMIT, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), page)

    def test_no_complaints_of_lint(self):
        if shutil.which("mandoc") is None:
            self.skipTest("no mandoc here")
        for page in self.pages() + OTHER_PAGES:
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", self.page(page)],
                                  capture_output=True, text=True, timeout=LIMIT, check=False)
            complaints = [line for line in done.stdout.splitlines() if "missing date" not in line]
            self.assertEqual(complaints, [], page)

    def test_synopsis_and_types(self):
        for command, synopsis in (("run", "[--] CMD..."), ("compare", "[[--] CMD...]"), ("repeat", "[--] CMD..."),
                                  ("report", "FILE..."), ("bench", "[WORKLOAD...]"), ("stats", "PID"), ("help", "[WORD...]")):
            with open(self.page("ashlar-" + command), encoding="utf-8") as file:
                lines = re.sub(r"\\f[A-Z]", "", file.read()).replace("\\-", "-").splitlines()
            self.assertEqual(lines[lines.index('.SH "SYNOPSIS"') + 1], f"ashlar {command} [OPTION]... {synopsis}")
        for command, option in (("compare", "--json"), ("compare", "--resume"), ("bench", "--json"), ("bench", "--resume"),
                                ("doctor", "--json"), ("report", "--csv"), ("run", "--library")):
            self.assertRegex(help_of(command), rf"(?m)^ +{option} FILE\b")

    def test_every_option_and_section(self):
        if shutil.which("man") is None:
            self.skipTest("no man here")
        for words in calls():
            command = "-".join(words)
            text = self.shown("ashlar-" + command)
            for option in options(*words):
                self.assertRegex(text, r"(?m)^ +(-\w, |--[\w-]+, )*" + re.escape(option) + r"\b", command)
            for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"):
                self.assertRegex(text, "(?m)^" + section + "$", command)
            self.assertIn("ashlar-" + command + "(1)", self.shown("-".join(["ashlar", *words[:-1]])))


    def test_settings(self):
        if shutil.which("man") is None:
            self.skipTest("no man here")
        text = self.shown("ashlar-settings.7")
        rows = re.findall(r"^\| `(\w+)` \| (\S*) ?\| ([a-z ]+) \| (\w+)", text_of("docs", "configuration.md"), re.MULTILINE)
        self.assertIn("thread_cache", [row[0] for row in rows])
        for key, default, when, _ in rows:
            shown = rf"default: {default.strip('`')}\n +" if default else ""
            self.assertRegex(text, rf"(?m)^ +{key}\s+{shown}when: {when}$", key)

    def test_library(self):
        if shutil.which("man") is None:
            self.skipTest("no man here")
        text = self.shown("libashlar.3")
        functions = re.findall(r"^ASHLAR_API .*?\b(ashlar_\w+)\(", text_of("core/include/ashlar/ashlar.h"), re.MULTILINE)
        self.assertIn("ashlar_malloc", functions)
        for function in functions:
            self.assertRegex(text, rf"\b{function}\(", function)
            self.assertEqual(text_of(self.page(function + ".3")), ".so man3/libashlar.3\n")
        self.assertNotRegex(text, r"ASHLAR_API|__attribute__|#ifdef|extern")
        self.assertEqual(set(os.listdir(os.path.join(DOCUMENTS, "man3"))), {"libashlar.3", *(name + ".3" for name in functions)})

    def test_statistics(self):
        if shutil.which("man") is None:
            self.skipTest("no man here")
        text = self.shown("ashlar-statistics.5")
        for row in re.findall(r"^\| `(\w+)` \|", text_of("docs", "statistics.md"), re.MULTILINE):
            self.assertRegex(text, rf"(?m)^ +{row}\b", row)

    def test_pages_of_files(self):
        self.assertEqual(sorted(os.listdir(os.path.join(DOCUMENTS, "man5"))),
                         [page for page in OTHER_PAGES if page.endswith(".5")])

    def test_profile(self):
        """The page has the header of recordings and all kinds of records of the library."""
        if shutil.which("man") is None:
            self.skipTest("no man here")
        text = self.shown("ashlar-profile.5")
        source = text_of("core/include/ashlar/profile_format.h")
        body = re.search(r"^struct FileHeader \{\n(.*?)^\};", source, re.MULTILINE | re.DOTALL)[1]
        fields = re.findall(r"^ +(std::array<char, \d+>|std::uint\d+_t|State) (\w+);", body, re.MULTILINE)
        offset = 0
        for kind, name in fields:
            size = 4 if kind == "State" else int(re.search(r"\d+", kind)[0]) // (1 if "array" in kind else 8)
            self.assertRegex(text, rf"(?m)^ +{offset} +bytes: {size}\n +field: {name}\n", name)
            offset += size
        self.assertEqual(str(offset), re.search(r"sizeof\(FileHeader\) == (\d+)", source)[1])
        kinds = re.search(r"^enum class Kind .*?\{\n(.*?)^\};", source, re.MULTILINE | re.DOTALL)[1]
        kinds = re.findall(r"^ +(k\w+) = (\d+),", kinds, re.MULTILINE)
        self.assertIn(("kStack", "1"), kinds)
        for name, number in kinds:
            self.assertRegex(text, rf"(?m)^ +{number} +kind: {name}\n", name)

    def test_results(self):
        """The page has every field of every schema."""
        page = text_of(self.page("ashlar-results.5")).replace("\\-", "-")
        folder = os.path.join(ROOT, "docs", "schemas")
        for file in sorted(os.listdir(folder)):
            schema = json.loads(text_of(folder, file))
            section = page.partition(f'.SH "FIELDS OF {schema["title"]}"\n')[2].partition("\n.SH ")[0]
            section = re.sub(r"(?m)^\.SS \w+\n\.TP\n.*$", "", section)
            paths = re.findall(r"(?m)^\.TP\n\\fB(.+?)\\fR", section)
            for name in names_in(schema):
                self.assertTrue(any(re.search(rf"(?:^|\.){re.escape(name)}(?:\[.*\])?$", path) for path in paths), (file, name))


class Completion(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(complete(""), {*commands(), "-h", "--help", "--version"})
        self.assertEqual(complete("ru"), {"run"})

    def test_options(self):
        for words in calls():
            self.assertLessEqual(options(*words), complete(*words, "-"), words)
            for option in options(*words):
                self.assertIn(option, complete(*words, option), words)

    def test_values(self):
        workloads = complete("bench", "")
        self.assertLessEqual({"larson", "locks", "languages", "programs"}, workloads)
        self.assertEqual(complete("bench", "lars"), {"larson"})
        self.assertEqual(complete("run", "--library", ""), set())  # bash then offers files

    def test_users_command(self):
        for words in (("run", "--", ""), ("run", ""), ("doctor", "--timeout", "3", "--", "")):
            self.assertLessEqual({"ls", "cat"}, complete(*words), words)
        self.assertEqual(complete("run", "--", "ls", "--verb"), set())

    def test_allocators_settings_and_processes(self):
        self.assertLessEqual({"system", "ashlar"}, complete("compare", "--allocators", ""))
        self.assertEqual(complete("bench", "--allocators", "system,ashl"), {"system,ashlar", "system,ashlar-hardened"}
                         & complete("bench", "--allocators", "system,"))
        self.assertLessEqual({"dirty_limit:", "background:true", "background:false", "huge_pages:auto"}, complete("run", "--conf", ""))
        self.assertEqual(complete("run", "--conf", "background", ":", "t"), {"true"})
        self.assertEqual(complete("run", "--conf", "print", ":", "true,huge_pages", ":", "al"), {"always"})
        with subprocess.Popen([ASHLAR, "run", "--", "sleep", "1000"]) as process:
            try:
                while "libashlar" not in open(f"/proc/{process.pid}/maps", encoding="ascii").read():
                    os.sched_yield()
                for words in (("stats", ""), ("top", ""), ("profile", "--pid", ""), ("doctor", str(process.pid))):
                    self.assertIn(str(process.pid), complete(*words), words)
            finally:
                process.kill()

    def test_it_is_registered(self):
        done = subprocess.run(["bash", "--norc", "-c", f"source '{COMPLETION}'; complete -p ashlar"],
                              capture_output=True, text=True, timeout=LIMIT, check=True)
        self.assertEqual(done.stdout, "complete -o default -F _ashlar ashlar\n")


@unittest.skipUnless(shutil.which("fish"), "no fish here")
class Fish(unittest.TestCase):
    def complete(self, line):
        script = f"source '{FISH}'; complete -C '{line}'"
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, timeout=LIMIT, check=True,
                                  env={**PATH, "HOME": home, "XDG_CONFIG_HOME": home})
        self.assertEqual(done.stderr, "")
        return {each.split("\t")[0] for each in done.stdout.splitlines()}

    def test_commands(self):
        self.assertEqual(self.complete("ashlar "), set(commands()))
        self.assertEqual(self.complete("ashlar ru"), {"run"})

    def test_options(self):
        for words in calls():
            long_options = {option for option in options(*words) if option.startswith("--")}
            self.assertEqual({each for each in self.complete(f"ashlar {' '.join(words)} --") if each != "--"}, long_options, words)

    def test_values(self):
        self.assertLessEqual({"larson", "locks", "languages", "programs"}, self.complete("ashlar bench "))
        self.assertLessEqual({"system", "ashlar"}, self.complete("ashlar compare --allocators "))
        self.assertIn("system,ashlar", self.complete("ashlar compare --allocators system,a"))
        self.assertLessEqual({"background:true", "dirty_limit:"}, self.complete("ashlar run --conf "))
        self.assertIn("ls", self.complete("ashlar run -- l"))


@unittest.skipUnless(shutil.which("zsh"), "no zsh here")
class Zsh(unittest.TestCase):
    def test_syntax(self):
        subprocess.run(["zsh", "-n", ZSH], timeout=LIMIT, check=True)

    def test_every_option_of_every_command(self):
        with open(ZSH, encoding="utf-8") as file:
            text = file.read()
        for words in calls():
            case = text.split(f"\n    ({words[0]})\n", 1)[1].split("\n        ;;\n", 1)[0]
            if len(words) > 1:
                case = case.split(f"$words[2] == {words[1]} ]]", 1)[1].split("\n        return", 1)[0]
            for option in options(*words):
                self.assertRegex(case, rf"[ '{{,]{re.escape(option)}[+=\['}},) ]", words)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
