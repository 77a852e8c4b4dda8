# SPDX-License-Identifier: MIT
"""Makes the Debian packages and the archive, checks them with lintian, installs and uses them in a bare Debian, and
removes them without a trace. Needs root, debootstrap, lintian and the network of apt.

usage: packages_test.py SOURCE TREE        TREE: where the preset `package` is built"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

SOURCE, TREE = sys.argv[1:3]
BARE_DEBIAN = os.path.join(SOURCE, "scripts", "bare_debian.sh")
SKIPPED = 77
LIBRARY = "/usr/lib/x86_64-linux-gnu/libashlar.so.0"
# Paths that installing and removing any package changes.
NOT_OURS = ("/var/lib/dpkg", "/var/lib/apt", "/var/cache", "/var/log", "/tmp", "/proc", "/sys", "/dev", "/root", "/packages",
            "/etc/ld.so.cache")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, (command, done.stdout[-4000:], done.stderr[-4000:])
    return done.stdout


def obstacle():
    if os.geteuid() != 0:
        return "chroot needs root"
    for tool in ("debootstrap", "lintian", "dpkg-shlibdeps", "gzip"):
        if shutil.which(tool) is None:
            return f"there is no {tool}; scripts/setup.sh --programs installs it"
    return None


def packages():
    return sorted(glob.glob(os.path.join(TREE, "packages", "*.deb")))


def files_of(root):
    """Returns every path below, as seen from inside."""
    found = set()
    for folder, folders, files in os.walk(root):
        inside = folder[len(root):] or "/"
        folders[:] = [name for name in folders if not os.path.join(inside, name).startswith(NOT_OURS)]
        found.update(os.path.join(inside, name) for name in folders + files)
    return {path for path in found if not path.startswith(NOT_OURS)}


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(os.path.join(TREE, "packages"), ignore_errors=True)
        run("cmake", "--preset", "package", "-B", TREE, cwd=SOURCE)
        run("cmake", "--build", TREE)
        run("cpack", "--config", os.path.join(TREE, "CPackConfig.cmake"), cwd=TREE)

    def test_names(self):
        names = [os.path.basename(path).split("_")[0] for path in packages()]
        self.assertEqual(names, ["ashlar", "libashlar-dev", "libashlar0"])

    def test_maintainer(self):
        """The maintainer is the configured contact. Without a contact the preset fails."""
        with open(os.path.join(TREE, "CMakeCache.txt"), encoding="utf-8") as file:
            maintainer = re.search(r"^ASHLAR_PACKAGE_CONTACT:STRING=(.*)$", file.read(), re.MULTILINE)[1]
        for package in packages():
            self.assertEqual(run("dpkg-deb", "--field", package, "Maintainer").strip(), maintainer)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["cmake", "--preset", "package", "-B", folder, "-DASHLAR_PACKAGE_CONTACT=nobody"], cwd=SOURCE,
                                  capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("-DASHLAR_PACKAGE_CONTACT='Name <address>'", re.sub(r"\s+", " ", done.stderr))

    def test_lintian(self):
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", *packages()], capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stdout + done.stderr)

    def test_symbols(self):
        """debian/symbols matches the libraries' exports."""
        with tempfile.TemporaryDirectory() as folder:
            package = next(path for path in packages() if "libashlar0_" in path)
            run("dpkg-deb", "--extract", package, os.path.join(folder, "root"))
            os.mkdir(os.path.join(folder, "debian"))
            with open(os.path.join(folder, "debian", "control"), "w", encoding="utf-8") as file:
                file.write("Source: ashlar\n\nPackage: libashlar0\nArchitecture: any\n")
            run("dpkg-gensymbols", "-c4", "-plibashlar0", "-v" + os.path.basename(package).split("_")[1], "-Proot", "-O/dev/null",
                "-I" + os.path.join(SOURCE, "packaging", "debian", "symbols"), cwd=folder)

    def test_archive(self):
        archives = glob.glob(os.path.join(TREE, "packages", "*.tar.gz"))
        self.assertEqual(len(archives), 1)
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(archives[0]) as archive:
                archive.extractall(folder)
            place = os.path.join(folder, os.listdir(folder)[0])
            out = run(os.path.join(place, "bin", "ashlar"), "run", "--", "cat", "/proc/self/maps")
            self.assertIn(place + "/lib", out)
            for path in ("share/doc/ashlar/LICENSE", "share/man/man3/libashlar.3", "libexec/ashlar/larson"):
                self.assertTrue(os.path.exists(os.path.join(place, path)), path)
            self.assertEqual(glob.glob(os.path.join(place, "share/doc/*/copyright")), [])

    def test_installed_used_and_removed(self):
        folder = tempfile.mkdtemp(prefix="ashlar-debian-")
        self.addCleanup(shutil.rmtree, folder)
        made = subprocess.run([BARE_DEBIAN, "make", folder], capture_output=True, text=True, check=False)
        unreachable = re.search(r"E: (Failed getting release file|Couldn't download|Failed to retrieve) .*", made.stdout + made.stderr)
        if unreachable:
            self.skipTest("debootstrap cannot fetch Debian's packages: " + unreachable[0])
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)

        def inside(*command):
            return run(BARE_DEBIAN, "run", folder, *command)

        def apt(*words):
            return inside("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--no-install-recommends", *words)

        apt("update")
        before = files_of(folder)
        os.mkdir(os.path.join(folder, "packages"))
        for package in packages():
            shutil.copy(package, os.path.join(folder, "packages"))
        # The libraries' package alone is enough for LD_PRELOAD.
        apt("install", "/packages/" + os.path.basename(next(path for path in packages() if "libashlar0_" in path)))
        self.assertIn(LIBRARY, inside("env", "LD_PRELOAD=libashlar.so.0", "cat", "/proc/self/maps"))
        apt("install", *("/packages/" + os.path.basename(path) for path in packages()))

        self.assertIn(LIBRARY, inside("ashlar", "run", "--", "cat", "/proc/self/maps"))
        self.assertIn("libashlar-hardened.so.0", inside("ashlar", "run", "--hardened", "--", "cat", "/proc/self/maps"))
        self.assertIn("loaded in the process", inside("ashlar", "doctor", "--", "true"))
        self.assertIn("loaded in the process", inside("env", "LD_PRELOAD=libashlar.so.0", "ashlar", "doctor", "--", "true"))
        self.assertIn("ashlar", inside("ashlar", "compare", "--allocators", "ashlar", "--rounds", "5", "--", "ls", "-R", "/usr/bin").lower())
        self.assertIn("random", inside("ashlar", "bench", "random_mixed", "--sizes", "64", "--rounds", "1", "--operations", "1000",
                                       "--allocators", "ashlar"))
        for path in ("man1/ashlar-run.1.gz", "man3/libashlar.3.gz", "man3/ashlar_malloc.3.gz", "man5/ashlar-profile.5.gz",
                     "man5/ashlar-results.5.gz", "man5/ashlar-statistics.5.gz", "man7/ashlar-settings.7.gz"):
            self.assertTrue(os.path.exists(os.path.join(folder, "usr/share/man", path)), path)

        apt("purge", "ashlar", "libashlar-dev", "libashlar0")
        apt("autoremove", "--purge")
        self.assertEqual(sorted(files_of(folder) ^ before), [])


if __name__ == "__main__":
    reason = obstacle()
    if reason:
        print("skipped:", reason)
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=2)
