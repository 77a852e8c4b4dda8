# SPDX-License-Identifier: MIT
"""Tests `ashlar doctor`: each cause that keeps Ashlar out of a program is created and must be found.

usage: doctor_test.py ASHLAR LIBRARY PROGRAMS"""
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

ASHLAR, LIBRARY, PROGRAMS = map(os.path.abspath, sys.argv[1:4])
LIBRARY = os.path.realpath(LIBRARY)
CLEAN = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF")}
LIMIT = 60
NOBODY = 65534


def program(name):
    return os.path.join(PROGRAMS, name)


class Answer:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.json = json.loads(self.out) if self.out.startswith("{") else None

    @property
    def verdict(self):
        return self.json["verdict"]

    @property
    def causes(self):
        return {finding["cause"] for part in [*self.json["programs"], {"findings": self.json["foreseen"]}]
                for finding in part["findings"]}


def doctor(*arguments, environment=None, text=False, wrapper=(), ashlar=ASHLAR, **options):
    command = [*wrapper, ashlar, "doctor", *([] if text else ["--json", "-"]), *arguments]
    return Answer(subprocess.run(command, env={**CLEAN, **(environment or {})}, capture_output=True, text=True,
                                 timeout=LIMIT, **options))


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.chmod(self.folder, 0o755)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, contents, mode=0o755):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(contents if isinstance(contents, bytes) else contents.encode())
        os.chmod(path, mode)
        return path

    def expect(self, answer, status, cause, *words):
        self.assertEqual(answer.status, status, answer.out + answer.err)
        if cause is not None:
            self.assertIn(cause, answer.causes, answer.out)
        for word in words:
            self.assertIn(word, answer.verdict)


class Loaded(Case):
    def test_one_process(self):
        answer = doctor("--", program("calls_malloc"))
        self.expect(answer, 0, None, "loaded in the process")
        self.assertEqual(answer.causes, set())
        self.assertEqual(answer.json["programs"][0]["malloc_in_force"], LIBRARY)
        called = {os.path.basename(each["path"]): each["calls_malloc_of"] for each in answer.json["programs"][0]["objects"]}
        self.assertEqual(called["calls_malloc"], LIBRARY)

    def test_program_at_a_fixed_address(self):
        answer = doctor("--", program("fixed_address"))
        self.expect(answer, 0, None, "loaded in the process")
        self.assertEqual(answer.causes, set())
        called = {os.path.basename(each["path"]): each["calls_malloc_of"] for each in answer.json["programs"][0]["objects"]}
        self.assertEqual(called["libtakes_addresses.so"], LIBRARY)
        # A slot before its first call has no target yet.
        self.assertIn(called["libc.so.6"], ("", LIBRARY))

    def test_script_and_its_children(self):
        script = self.write("script", "#!/bin/sh\nls / >/dev/null\nls / >/dev/null\n")
        answer = doctor("--", script)
        self.expect(answer, 0, None, "loaded in all 3 processes")

    def test_text(self):
        answer = doctor("--", program("static"), text=True)
        lines = answer.out.splitlines()
        self.assertTrue(lines[0].startswith("not loaded: "), answer.out)
        self.assertTrue(lines[1].startswith("  remedy: "), answer.out)

    def test_allocators_by_other_names_are_told(self):
        answer = doctor("--", program("own_interface"))
        self.expect(answer, 0, "own interface", "loaded in the process")

    def test_output_is_shown_on_request_only(self):
        self.assertEqual(doctor("--", "echo", "word").err, "")
        self.assertEqual(doctor("--show-output", "--", "echo", "word").err, "word\n")


class Advice(Case):
    """Findings about the machine: printed beside the verdict, which they do not change."""

    def causes_of(self, answer):
        return {each["cause"]: each for each in answer.json["advice"]}

    def test_limits_have_one_command_each(self):
        answer = doctor("--", program("calls_malloc"),
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (900 << 20, 900 << 20)))
        self.expect(answer, 0, None, "loaded in the process")
        found = self.causes_of(answer)["limit"]
        self.assertIn("900.0 MiB", found["what"])
        self.assertEqual(found["remedy"], "ulimit -d unlimited")
        text = doctor("--", program("calls_malloc"), text=True,
                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (900 << 20, 900 << 20))).out
        self.assertRegex(text, r"\nadvice, limit: .*\n  command: ulimit -d unlimited\n")
        self.assertTrue(text.startswith("loaded in the process\n"))

    def test_of_a_process_that_runs(self):
        with waiting({"LD_PRELOAD": LIBRARY}) as process:
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (800 << 20, 800 << 20))
            self.assertIn("800.0 MiB", self.causes_of(doctor(str(process.pid)))["limit"]["what"])

    def test_static_tls(self):
        arguments = [program("opens"), os.path.realpath(program("liblarge_tls.so"))]
        self.assertEqual(subprocess.run(arguments, capture_output=True, check=False).returncode, 1)
        found = self.causes_of(doctor("--", *arguments))["static TLS"]
        name, value = found["remedy"].split()[0].split("=", 1)
        self.assertEqual(subprocess.run(arguments, env={**CLEAN, name: value}, check=False).returncode, 0)

    def test_none_without_a_reason(self):
        self.assertNotIn("static TLS", self.causes_of(doctor("--", program("calls_malloc"))))
        self.assertNotIn("limit", self.causes_of(doctor("--", program("calls_malloc"))))

    def test_much_is_written(self):
        answer = doctor("--", "sh", "-c", "head -c 3000000 /dev/zero >&2; exit 0")
        self.expect(answer, 0, None, "loaded in")


class Causes(Case):
    def test_static(self):
        self.expect(doctor("--", program("static")), 1, "static", "not loaded", "statically linked")

    def test_own_malloc(self):
        self.expect(doctor("--", program("defines_malloc")), 1, "own malloc", "defines malloc itself")

    def test_other_preloaded_malloc(self):
        other = program("libother_malloc.so")
        answer = doctor("--", program("calls_malloc"), environment={"LD_PRELOAD": f"{other}:{LIBRARY}"})
        self.expect(answer, 1, "other preload", os.path.realpath(other))
        answer = doctor("--", program("calls_malloc"), environment={"LD_PRELOAD": f"{LIBRARY}:{other}"})
        self.expect(answer, 0, "other allocator")

    def test_scrubbed_environment(self):
        script = self.write("wrapper", "#!/bin/sh\nenv -i " + program("calls_malloc") + "\n")
        self.expect(doctor("--", script), 1, "scrubbed", "loaded in 1 of 2", "/env (process")
        script = self.write("unset", "#!/bin/sh\nunset LD_PRELOAD\nexec " + program("calls_malloc") + "\n")
        self.expect(doctor("--", script), 1, "scrubbed", "not loaded")

    def test_misspelt_path(self):
        answer = doctor("--", program("calls_malloc"), environment={"LD_PRELOAD": "/no/libashlr.so"})
        self.expect(answer, 1, "missing", "/no/libashlr.so")
        self.assertIn(LIBRARY, answer.json["programs"][0]["findings"][0]["remedy"])
        answer = doctor("--", program("calls_malloc"), environment={"LD_PRELOAD": "./libashlar.so"}, cwd=self.folder)
        self.expect(answer, 1, "missing", "./libashlar.so", self.folder)

    def test_file_that_is_no_library(self):
        answer = doctor("--", program("calls_malloc"), environment={"LD_PRELOAD": self.write("libashlar.so", "text")})
        self.expect(answer, 1, "no library")

    def test_not_named(self):
        answer = doctor("--", program("calls_malloc"), environment={"LD_PRELOAD": program("libblock_maker.so")})
        self.expect(answer, 1, "not asked for", "libblock_maker.so")

    def test_switched_off(self):
        answer = doctor("--", program("calls_malloc"), environment={"ASHLAR_CONF": "prewarm:true,enabled:false"})
        self.expect(answer, 1, "switched off")

    def test_deep_bind(self):
        answer = doctor("--", program("deep_bound"), os.path.realpath(program("libblock_maker.so")))
        self.expect(answer, 1, "deep bind", "partly loaded", "libblock_maker.so", "libc.so")

    def test_other_architecture(self):
        with open(program("calls_malloc"), "rb") as file:
            own = file.read()
        answer = doctor("--", self.write("other", own[:18] + struct.pack("<H", 243) + own[20:]))
        self.expect(answer, 1, "architecture", "RISC-V")
        header_32 = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHI28x", 2, 3, 1)
        answer = doctor("--", self.write("small", header_32))
        self.expect(answer, 1, "architecture", "32-bit Intel 80386")

    def test_library_of_other_architecture(self):
        with open(LIBRARY, "rb") as file:
            own = file.read()
        other = self.write("libashlar.so", own[:18] + struct.pack("<H", 243) + own[20:])
        answer = doctor("--", program("calls_malloc"), environment={"LD_PRELOAD": other})
        self.expect(answer, 1, "architecture", "RISC-V")

    def patched_loader(self, loader):
        with open(program("calls_malloc"), "rb") as file:
            own = file.read()
        place = own.index(b"/lib64/ld-linux-x86-64.so.2\0")
        return self.write("patched", own[:place] + loader.ljust(28, b"\0") + own[place + 28:])

    @unittest.skipUnless(os.uname().machine == "x86_64", "knows the loader's path on x86-64")
    def test_musl(self):
        answer = doctor("--", self.patched_loader(b"/lib/ld-musl-x86_64.so.1"))
        self.expect(answer, 1, "musl", "/lib/ld-musl-x86_64.so.1")

    @unittest.skipUnless(os.uname().machine == "x86_64", "knows the loader's path on x86-64")
    def test_loader_that_does_not_exist(self):
        self.expect(doctor("--", self.patched_loader(b"/lib/no-such-loader.so")), 1, "loader", "no-such-loader")

    def test_interpreter_that_does_not_exist(self):
        answer = doctor("--", self.write("script", "#!/no/such/interpreter -x\n"))
        self.expect(answer, 1, "interpreter", "/no/such/interpreter")


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Privileges(Case):
    """Runs as the user `nobody`, with a copy of the command that this user can reach."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))
        os.mkdir(self.path("lib"))
        self.ashlar = shutil.copy(ASHLAR, self.path("bin"))
        shutil.copy(LIBRARY, self.path("lib/libashlar.so.0"))  # the name that the loader searches
        if os.statvfs(self.folder).f_flag & os.ST_NOSUID:
            self.skipTest("no setuid programs in " + self.folder)

    def as_nobody(self, *arguments):
        return doctor(*arguments, ashlar=self.ashlar, user=NOBODY, group=NOBODY, extra_groups=[])

    def copy(self, mode, owner=0):
        path = shutil.copy(program("calls_malloc"), self.path("copy"))
        os.chown(path, owner, owner)
        os.chmod(path, mode)
        return path

    def test_plain(self):
        self.expect(self.as_nobody("--", self.copy(0o755)), 0, None)

    def test_setuid(self):
        self.expect(self.as_nobody("--", self.copy(0o4755)), 1, "privileged", "not loaded")

    def test_setgid(self):
        self.expect(self.as_nobody("--", self.copy(0o2755)), 1, "privileged", "not loaded")

    def test_own_setuid_changes_nothing(self):
        self.expect(self.as_nobody("--", self.copy(0o4755, NOBODY)), 0, None)

    def test_setuid_seen_by_root(self):
        self.expect(doctor("--", self.copy(0o4755, NOBODY)), 1, "privileged", "not loaded")

    def test_capabilities(self):
        path = self.copy(0o755)
        if shutil.which("setcap") is None or subprocess.run(["setcap", "cap_net_raw+ep", path]).returncode != 0:
            self.skipTest("no capabilities of files here")
        self.expect(self.as_nobody("--", path), 1, "privileged", "not loaded")

    def test_process_of_another_user(self):
        with waiting() as process:
            answer = self.as_nobody(str(process.pid))
        self.expect(answer, 125, "not seen", "not known")


def waiting(environment=None):
    process = subprocess.Popen([program("calls_malloc"), "wait"], env={**CLEAN, **(environment or {})}, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    return process


class Running(Case):
    def test_with_and_without(self):
        with waiting({"LD_PRELOAD": LIBRARY}) as process:
            answer = doctor(str(process.pid))
            self.expect(answer, 0, None, "loaded in the process")
            self.assertEqual(answer.json["programs"][0]["malloc_in_force"], LIBRARY)
        with waiting() as process:
            self.expect(doctor(str(process.pid)), 1, "not asked for", "no LD_PRELOAD")
        with waiting({"LD_PRELOAD": program("libother_malloc.so")}) as process:
            answer = doctor(str(process.pid))
            self.expect(answer, 1, "not asked for")
            self.assertTrue(answer.json["programs"][0]["malloc_in_force"].endswith("libother_malloc.so"))

    def test_no_such_process(self):
        for number in ("999999999", "12345678901234567890", "0"):
            answer = doctor(number)
            self.assertEqual(answer.status, 2, answer.err)
            self.assertIn("process", answer.err)


class Ends(Case):
    def test_time_is_up_and_nothing_is_left(self):
        pids = self.path("pids")
        script = self.write("server", f"#!/bin/sh\nsetsid sleep 1000 & echo $! >{pids}\nsleep 1000 & echo $! >>{pids}\n"
                            "exec sleep 1000\n")
        for wrapper in ([], [program("without_ptrace")]):
            answer = doctor("--timeout", "1", "--", script, wrapper=wrapper)
            self.expect(answer, 0, None, "loaded in")
            self.assertIn("time was over", answer.json["note"])
            with open(pids, encoding="utf-8") as file:
                for pid in file.read().split():
                    try:
                        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                            self.assertIn(stat.read().rsplit(")", 1)[1].split()[0], "ZX")
                    except (FileNotFoundError, ProcessLookupError):
                        pass

    def test_interrupted(self):
        started = self.path("started")
        os.mkfifo(started)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([ASHLAR, "doctor", "--", "sh", "-c", f"echo >{started}; exec sleep 1000"],
                                       env=CLEAN, stdout=subprocess.PIPE, text=True)
            with open(started, encoding="utf-8") as fifo:
                fifo.read()
            process.send_signal(number)
            out, _ = process.communicate(timeout=LIMIT)
            self.assertEqual(process.returncode, 128 + number)
            self.assertIn(f"Interrupted by {number.name}.", out)
            self.assertIn("loaded", out)

    def test_own_failures(self):
        for arguments, status, complaint in (
                (["--", "/no/such/command"], 127, "/no/such/command"), (["--", __file__], 126, "Permission denied"),
                ([], 2, "nothing to look at is given"), (["--timeout", "0", "--", "true"], 2, "--timeout"),
                (["--library", "/no/such.so", "--", "true"], 2, "/no/such.so")):
            answer = doctor(*arguments)
            self.assertEqual((answer.status, answer.out), (status, ""), answer.err)
            self.assertIn(complaint, answer.err)

    def test_result_file(self):
        result = self.path("result.json")
        answer = doctor("--json", result, "--", "true", text=True)
        self.assertEqual(answer.status, 0)
        with open(result, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["state"], "loaded")
        self.assertNotEqual(doctor("--json", "/no/such/folder/x", "--", "true", text=True).status, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
