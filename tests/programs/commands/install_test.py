# SPDX-License-Identifier: MIT
"""Tests an installed tree that was moved after installation: every file is in place and is found.

usage: install_test.py ASHLAR LIBRARY CMAKE GENERATOR BUILD CC"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

CMAKE, GENERATOR, BUILD, CC = sys.argv[3:7]
MANIFEST = os.path.join(BUILD, "install_manifest.txt")
UNINSTALL = os.path.join(os.path.dirname(__file__), "..", "..", "..", "packaging", "uninstall.cmake")
# Uses this tree's generator. The program that cmake would choose need not be installed.
CLEAN = {**{key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "ASHLAR_CONF")},
         "CMAKE_GENERATOR": GENERATOR}
LIMIT = 120

# Without LD_PRELOAD: prints the file that serves malloc, and tests the header's functions.
SHARED = r"""
#include <ashlar/ashlar.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    void* block = malloc(100);
    Dl_info info;
    if (block == NULL || dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) == 0) return 1;
    printf("%s %s %d\n", ashlar_version(), info.dli_fname, ashlar_owns(block));
    free(block);
    return 0;
}
"""
STATIC = r"""
#include <ashlar/ashlar.h>
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    void* own = ashlar_malloc(100);
    void* other = malloc(100);
    printf("%s %d %d\n", ashlar_version(), ashlar_owns(own), ashlar_owns(other));
    ashlar_free(own);
    free(other);
    return 0;
}
"""
PROJECT = r"""
cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES C)
find_package(ashlar 0.1 REQUIRED)
add_executable(with_shared shared.c)
target_compile_definitions(with_shared PRIVATE _GNU_SOURCE)
target_link_libraries(with_shared PRIVATE ashlar::ashlar)
add_executable(with_static static.c)
target_link_libraries(with_static PRIVATE ashlar::static)
"""


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, **{"env": CLEAN, **options}, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def keep_manifest(folder, at_end):
    """Keeps the manifest of the last installation, which belongs to the tree's user."""
    if os.path.exists(MANIFEST):
        kept = shutil.move(MANIFEST, os.path.join(folder, "manifest"))
        at_end(shutil.move, kept, MANIFEST)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="ashlar-install-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        keep_manifest(cls.folder, cls.addClassCleanup)
        first = os.path.join(cls.folder, "first")
        run(CMAKE, "--install", BUILD, "--prefix", first)
        cls.prefix = os.path.join(cls.folder, "moved")
        os.rename(first, cls.prefix)
        for name, text in (("shared.c", SHARED), ("static.c", STATIC), ("CMakeLists.txt", PROJECT)):
            with open(os.path.join(cls.folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        cls.library = cls.find("libashlar.so")
        cls.version = run(cls.find("ashlar", "bin"), "--version").strip()

    @classmethod
    def find(cls, name, below=""):
        found = [os.path.join(folder, name) for folder, _, files in os.walk(os.path.join(cls.prefix, below)) if name in files]
        assert len(found) == 1, (name, found)
        return os.path.realpath(found[0])

    def check_shared(self, program):
        version, library, owned = run(program).split()
        self.assertEqual((version, os.path.realpath(library), owned), (self.version, self.library, "1"))
        self.assertEqual(os.path.basename(library), "libashlar.so.0")  # the linked file, not a development link

    def check_static(self, program):
        self.assertEqual(run(program).split(), [self.version, "1", "0"])

    def test_files(self):
        for name in ("libashlar.a", "ashlar.h", "ashlar.pc", "ashlar-static.pc", "ashlar-config.cmake",
                     "ashlar-config-version.cmake", "ashlar.1", "ashlar-run.1", "libashlar.3", "ashlar-settings.7", "ashlar-launcher",
                     "ashlar-precondition.so", "LICENSE"):
            self.assertTrue(os.path.getsize(self.find(name)) > 0, name)
        for path in ("bash-completion/completions/ashlar", "zsh/vendor-completions/_ashlar", "fish/vendor_completions.d/ashlar.fish",
                     "man/man1/ashlar-doctor.1"):
            self.assertTrue(os.path.exists(os.path.join(self.prefix, "share", path)), path)

    def test_nothing_points_back_into_the_build(self):
        for folder, _, files in os.walk(self.prefix):
            for name in files:
                if name.endswith((".pc", ".cmake", ".1", ".h")) or name == "ashlar" and "completions" in folder:
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        text = file.read()
                    self.assertNotIn(BUILD, text, name)
                    self.assertNotIn(os.path.join(self.folder, "first"), text, name)

    def test_command_finds_its_library_and_companions(self):
        ashlar = self.find("ashlar", "bin")
        self.assertIn(self.library, run(ashlar, "run", "--", "cat", "/proc/self/maps"))
        self.assertIn("loaded in the process", run(ashlar, "doctor", "--", "true"))
        # Needs ashlar-launcher.
        run(ashlar, "run", "--conf", "prewarm:true", "--", "true")
        link = os.path.join(self.folder, "link")
        os.symlink(ashlar, link)
        self.assertIn(self.library, run(link, "run", "--", "cat", "/proc/self/maps"))

    def test_command_finds_the_benchmark_programs(self):
        out = run(self.find("ashlar", "bin"), "bench", "random_mixed", "--sizes", "64", "--rounds", "1", "--operations", "1000",
                  "--allocators", "ashlar")
        self.assertIn("random_mixed", re.sub("-", "_", out))

    def test_preload_by_name(self):
        out = run("cat", "/proc/self/maps", env={**CLEAN, "LD_PRELOAD": "libashlar.so.0", "LD_LIBRARY_PATH": os.path.dirname(self.library)})
        self.assertIn(self.library, out)

    def test_without_development_files(self):
        """Development files may be in a package that is not installed."""
        folder = os.path.join(self.folder, "runtime")
        shutil.copytree(self.prefix, folder, symlinks=True)
        for place, _, files in os.walk(os.path.join(folder, "lib")):
            for name in files:
                if ".so." not in name:
                    os.remove(os.path.join(place, name))
        ashlar = os.path.join(folder, "bin", "ashlar")
        for option, name in (((), "libashlar.so.0"), (("--hardened",), "libashlar-hardened.so.0")):
            self.assertIn(os.path.join(folder, "lib", name), run(ashlar, "run", *option, "--", "cat", "/proc/self/maps"))
        self.assertIn("loaded in the process", run(ashlar, "doctor", "--", "true"))
        out = run(ashlar, "compare", "--allocators", "ashlar", "--rounds", "5", "--", "true")
        self.assertIn("ashlar", out.lower())
        self.assertNotIn("libashlar-locks", run(ashlar, "profile", "--locks", "--", "true"))

    def test_without_the_benchmark_programs_it_says_who_has_them(self):
        lean = os.path.join(self.folder, "lean")
        shutil.copytree(self.prefix, lean, symlinks=True)
        for name in ("larson", "scenario", "scenarios.toml"):
            os.remove(os.path.join(lean, "libexec", "ashlar", name))
        for words in (("larson",), ("locks", "--quick")):
            done = subprocess.run([os.path.join(lean, "bin", "ashlar"), "bench", *words], capture_output=True, text=True,
                                  timeout=LIMIT, env=CLEAN, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertIn("the Debian package `ashlar` has the benchmark programs", done.stderr)

    def test_uninstall(self):
        prefix = os.path.join(self.folder, "removed")
        other = os.path.join(prefix, "share", "man", "man1", "other.1")
        os.makedirs(os.path.dirname(other))
        with open(other, "w", encoding="utf-8"):
            pass
        run(CMAKE, "--install", BUILD, "--prefix", prefix)
        run(CMAKE, "-DMANIFEST=" + MANIFEST, "-P", UNINSTALL)
        left = [os.path.join(folder, name) for folder, folders, files in os.walk(prefix) for name in files + folders]
        self.assertEqual([path for path in left if not os.path.isdir(path)], [other])
        self.assertEqual([path for path in left if "ashlar" in os.path.basename(path)], [])
        done = subprocess.run([CMAKE, "-DMANIFEST=" + MANIFEST, "-P", UNINSTALL], capture_output=True, text=True,
                              timeout=LIMIT, env=CLEAN, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"install\s+first")

    def test_pkg_config(self):
        pkg_config = shutil.which("pkg-config")
        if pkg_config is None:
            self.skipTest("no pkg-config here")
        environment = {**CLEAN, "PKG_CONFIG_PATH": os.path.dirname(self.find("ashlar.pc"))}
        self.assertEqual(run(pkg_config, "--modversion", "ashlar", env=environment).strip(), self.version)
        prefix = run(pkg_config, "--variable=prefix", "ashlar", env=environment).strip()
        self.assertEqual(os.path.realpath(prefix), os.path.realpath(self.prefix))
        for package, source, extra in (("ashlar", "shared.c", ["-Wl,-rpath," + os.path.dirname(self.library)]),
                                       ("ashlar-static", "static.c", [])):
            flags = run(pkg_config, "--cflags", "--libs", package, env=environment).split()
            program = os.path.join(self.folder, "with-" + package)
            # --as-needed, the default of some distributions, would drop a library that only replaces malloc.
            run(CC, "-D_GNU_SOURCE", "-Wl,--as-needed", os.path.join(self.folder, source), "-o", program, *flags, *extra)
            (self.check_shared if source == "shared.c" else self.check_static)(program)

    def test_find_package(self):
        build = os.path.join(self.folder, "build")
        run(CMAKE, "-S", self.folder, "-B", build, "-DCMAKE_PREFIX_PATH=" + self.prefix, "-DCMAKE_C_COMPILER=" + CC)
        run(CMAKE, "--build", build)
        self.check_shared(os.path.join(build, "with_shared"))
        self.check_static(os.path.join(build, "with_static"))

    def test_another_version_is_not_taken(self):
        asked = os.path.join(self.folder, "asked")
        os.mkdir(asked)
        with open(os.path.join(asked, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write(PROJECT.replace("ashlar 0.1 ", "ashlar 7.0 "))
        done = subprocess.run([CMAKE, "-S", asked, "-B", asked, "-DCMAKE_PREFIX_PATH=" + self.prefix], capture_output=True,
                              text=True, timeout=LIMIT, env=CLEAN, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("7.0", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
