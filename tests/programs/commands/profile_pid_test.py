# SPDX-License-Identifier: MIT
"""Tests `ashlar profile --pid`: it records a running process from outside for a while, without harm.

usage: profile_pid_test.py ASHLAR LIBRARY HARDENED PROGRAMS"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

ASHLAR, LIBRARY, HARDENED, PROGRAMS = map(os.path.abspath, sys.argv[1:5])
CLEAN = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF")}
LIMIT = 100
NOBODY = 65534


class Target:
    """Runs tests/programs/commands/programs/goes_on.c. When tell() returns, the program has done the command."""

    def __init__(self, *, library=LIBRARY, conf="", **options):
        environment = dict(CLEAN, ASHLAR_CONF=conf)
        if library:
            environment["LD_PRELOAD"] = library
        self.child = subprocess.Popen([os.path.join(PROGRAMS, "goes_on")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      env=environment, **options)
        self.hear(b"ready\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait(LIMIT)

    @property
    def pid(self):
        return self.child.pid

    def hear(self, word):
        said = self.child.stdout.readline()
        assert said == word, said

    def tell(self, what):
        self.child.stdin.write(what.encode() + b"\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().decode().strip() if what != "kill" else ""


class Attached:
    """Runs `ashlar profile --pid` until its end, by itself or on request."""

    def __init__(self, pid, *arguments, **options):
        self.child = subprocess.Popen([ASHLAR, "profile", "--pid", str(pid), *map(str, arguments)], env=CLEAN,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def wait_for(self, words):
        """Waits until the standard error has these words."""
        for line in self.child.stderr:
            if words in line:
                return line
        raise AssertionError(f"ended with {self.child.wait()} and did not say {words!r}")

    def end(self, how=signal.SIGINT):
        if how is not None:
            self.child.send_signal(how)
        out, err = self.child.communicate(timeout=LIMIT)
        return self.child.returncode, out, err


def attach(*arguments, **options):
    return subprocess.run([ASHLAR, "profile", "--pid", *map(str, arguments)], env=CLEAN, capture_output=True, text=True,
                          timeout=LIMIT, **options)


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        os.chmod(self.folder, 0o777)
        self.json = os.path.join(self.folder, "json")

    def report(self):
        with open(self.json, encoding="utf-8") as file:
            return json.load(file)["processes"][0]

    def functions(self, view):
        return [site["function"] for site in self.report()["views"][view]["sites"]]

    def fails(self, done, status, *words):
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        for word in ("ashlar profile", *words):
            self.assertIn(word, done.stderr)

    def place(self, name="place"):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o777)
        return path


class Recording(Case):
    def test_for_some_seconds_then_off_again(self):
        with Target() as target:
            target.tell("run")
            done = attach(target.pid, "--seconds", 0.5, "--rate", "4K", "--json", self.json, "--place", self.place())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"recording process {target.pid} (goes_on) for 0.5 seconds", done.stderr)
            self.assertIn("planted_growth", done.stdout)
            self.assertEqual(self.functions("live")[0], "planted_growth")
            self.assertIn("planted_churn", self.functions("temporary"))
            report = self.report()
            self.assertEqual(report["rate"], 4096)
            self.assertEqual(os.listdir(self.place()), [], "the file is removed")
            # Switched off, and on again: a new recording, without earlier allocations.
            again = attach(target.pid, "--seconds", 0.5, "--rate", "1M", "--json", self.json, "--place", self.place())
            self.assertEqual(again.returncode, 0, again.stderr)
            self.assertEqual(self.report()["rate"], 1 << 20)

    def test_until_it_is_interrupted(self):
        with Target() as target:
            target.tell("run")
            for how in (signal.SIGINT, signal.SIGTERM):
                attached = Attached(target.pid, "--rate", "4K", "--place", self.place())
                attached.wait_for("until Ctrl-C")
                status, out, err = attached.end(how)
                self.assertEqual((status, err), (0, ""))
                self.assertIn("(process ", out)
            self.assertEqual(os.listdir(self.place()), [])

    def test_the_file_is_kept_and_can_be_read_again(self):
        with Target() as target:
            target.tell("run")
            kept = os.path.join(self.folder, "kept")
            done = attach(target.pid, "--seconds", 0.3, "--rate", "4K", "--place", self.place(), "--keep", kept)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(os.listdir(self.place()), [])
            self.assertEqual(os.listdir(kept), [f"ashlar.{target.pid}.profile"])
            again = subprocess.run([ASHLAR, "profile", os.path.join(kept, os.listdir(kept)[0])], env=CLEAN,
                                   capture_output=True, text=True, timeout=LIMIT, check=True)
            self.assertIn("planted_growth", again.stdout)

    def test_a_process_that_asks_for_nothing_is_waited_for(self):
        with Target() as target:
            attached = Attached(target.pid, "--rate", "4K", "--json", self.json, "--place", self.place())
            self.assertIsNone(attached.child.poll())
            target.tell("run")
            attached.wait_for("until Ctrl-C")
            target.tell("run")
            target.tell("idle")
            status, _, err = attached.end()  # its last records are missing, because it allocates no more
            self.assertEqual((status, err), (0, ""))
            self.assertEqual(self.functions("allocated").count("planted_growth"), 1)

    def test_nothing_is_recorded_of_an_idle_one(self):
        with Target() as target:
            done = attach(target.pid, "--seconds", 0.1, "--place", self.place())
            self.fails(done, 125, "nothing was recorded", "512 KiB", "--seconds")
            target.tell("run")
            target.tell("idle")
            self.assertEqual(os.listdir(self.place()), [], "it was switched off")

    def test_it_ends_or_is_killed_meanwhile(self):
        for what in ("kill", "exec"):
            with Target() as target:
                target.tell("run")
                attached = Attached(target.pid, "--rate", "4K", "--json", self.json, "--place", self.place())
                attached.wait_for("until Ctrl-C")
                target.tell(what)
                status, _, err = attached.end(None)
                self.assertEqual(status, 0, err)
                self.assertIn("has ended or executed another program", err)
                self.assertIn("planted_growth", self.functions("allocated"))
                self.assertEqual(os.listdir(self.place()), [])

    def test_children_do_not_go_on(self):
        with Target() as target:
            target.tell("run")
            attached = Attached(target.pid, "--rate", "4K", "--place", self.place())
            attached.wait_for("until Ctrl-C")
            child = int(target.tell("fork"))
            target.tell("run")
            self.assertEqual(os.listdir(self.place()), [f"ashlar.{target.pid}.profile"])
            # The child's own switch is off, so it can be recorded by itself.
            done = attach(child, "--seconds", 0.2, "--rate", "4K", "--place", self.place("other"))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(attached.end()[0], 0)
            self.assertEqual(os.listdir(self.place()), [])

    def test_a_second_one_takes_over(self):
        with Target() as target:
            target.tell("run")
            first = Attached(target.pid, "--rate", "4K", "--place", self.place())
            first.wait_for("until Ctrl-C")
            second = Attached(target.pid, "--rate", "8K", "--place", self.place("second"))
            second.wait_for("until Ctrl-C")
            status, out, err = first.end(None)
            self.assertEqual(status, 0, err)
            self.assertIn("took over", err)
            self.assertIn("planted_growth", out)
            second.child.kill()  # and its switch stays on
            second.end(None)
            done = attach(target.pid, "--seconds", 0.2, "--rate", "4K", "--place", self.place())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(os.listdir(self.place()), [])

    def test_of_another_root(self):
        """A process as in a container: its files are read and its functions named from outside."""
        if os.geteuid() != 0:
            self.skipTest("takes root")
        root = self.place("root")
        for folder in ("lib", "lib64", "usr", "tmp", "proc", "files"):
            os.makedirs(os.path.join(root, folder))
        os.chmod(os.path.join(root, "tmp"), 0o777)
        program, library = os.path.join(root, "files/goes_on"), os.path.join(root, "files/libashlar.so")
        script = "\n".join((f"mount --bind {folder} {root}{folder}") for folder in ("/lib", "/lib64", "/usr", "/proc") if
                           os.path.isdir(folder))
        script += f"\ncp {PROGRAMS}/goes_on {program} && cp {LIBRARY} {library} || exit 1"
        script += f"\nexport LD_PRELOAD=/files/libashlar.so; exec chroot {root} /files/goes_on"
        child = subprocess.Popen(["unshare", "--mount", "sh", "-ec", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 env=CLEAN, stderr=subprocess.PIPE)
        if child.stdout.readline() != b"ready\n":
            self.skipTest(f"no other root: {child.communicate()[1]}")
        with child:
            child.stdin.write(b"run\n")
            child.stdin.flush()
            child.stdout.readline()
            done = attach(child.pid, "--seconds", 0.3, "--rate", "4K", "--json", self.json)
            doctor = subprocess.run([ASHLAR, "doctor", str(child.pid)], capture_output=True, text=True, check=False)
            child.stdin.close()
        self.assertEqual(doctor.returncode, 0, doctor.stdout)
        self.assertTrue(doctor.stdout.startswith("loaded in the process"), doctor.stdout)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.functions("live")[0], "planted_growth")
        self.assertEqual(os.listdir(os.path.join(root, "tmp")), [])


class BadInput(Case):
    def test_a_process_that_is_gone(self):
        gone = subprocess.Popen(["true"])
        gone.wait()
        self.fails(attach(gone.pid, "--seconds", 1), 1, "there is no process", "pgrep")

    def test_one_that_does_not_run_on_ashlar(self):
        with Target(library="") as target:
            self.fails(attach(target.pid, "--seconds", 1), 1, "does not run on Ashlar", "ashlar run")

    def test_the_hardened_library(self):
        with Target(library=HARDENED) as target:
            self.fails(attach(target.pid, "--seconds", 1), 1, "hardened", "libashlar.so")

    def test_somebody_elses(self):
        if os.geteuid() != 0:
            self.skipTest("takes root to be somebody else")
        with Target() as target:
            self.fails(attach(target.pid, "--seconds", 1, user=NOBODY), 125, "belongs to the user", "CAP_SYS_PTRACE")

    def test_no_place_to_write(self):
        with Target() as target:
            target.tell("run")
            done = attach(target.pid, "--seconds", 1, "--place", os.path.join(self.folder, "none"))
            self.fails(done, 125, "cannot create", "No such file", "--place")
            # It can be recorded again.
            done = attach(target.pid, "--seconds", 0.2, "--place", self.place())
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_one_that_records_already(self):
        with Target(conf=f"profile:4k,profile_file:{self.place()}") as target:
            target.tell("run")
            done = attach(target.pid, "--seconds", 1)
            self.fails(done, 1, "records already", "ashlar profile /proc/")
            self.assertEqual(os.listdir(self.place()), [f"ashlar.{target.pid}.profile"])

    def test_arguments(self):
        for arguments, words in ((("x",), "no process"), (("1", "--", "true"), "too much is given"),
                                 (("1", "--timeout", "1"), "--timeout"), (("1", "--place", "x" * 600), "too long")):
            done = attach(*arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=2)
