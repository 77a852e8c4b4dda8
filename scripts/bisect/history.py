# SPDX-License-Identifier: MIT
"""The commits of a repository, and the library of each, built once and kept."""
import fcntl
import hashlib
import os
import shutil

import runs

BUILD_SECONDS = 1800
SETTINGS = {"CMAKE_BUILD_TYPE": "Release", "CMAKE_C_FLAGS_RELEASE": "-O2 -DNDEBUG", "CMAKE_CXX_FLAGS_RELEASE": "-O2 -DNDEBUG",
            "ASHLAR_BUILD_TESTS": "OFF", "ASHLAR_BUILD_TOOLS": "OFF", "ASHLAR_BUILD_BENCH": "OFF"}


class Error(Exception):
    """A problem that the user has to solve."""


def clean_environment():
    """Returns the environment without git's variables for hooks, which may name another repository, and without
    LD_PRELOAD."""
    return {key: value for key, value in os.environ.items() if not key.startswith("GIT_") and key != "LD_PRELOAD"}


def git(folder, *arguments):
    """Returns git's output. The repository may belong to another user. Hooks are off: they are for the user's own
    commands."""
    command = ["git", "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", "-C", folder, *arguments]
    run = runs.run(command, clean_environment(), BUILD_SECONDS)
    if run.trouble:
        raise Error(f"{' '.join(['git', *arguments])}: {run.errors.strip() or run.trouble}")
    return run.output.strip()


class Repository:
    def __init__(self, folder):
        self.folder = git(folder, "rev-parse", "--show-toplevel")
        self.common = git(folder, "rev-parse", "--path-format=absolute", "--git-common-dir")

    def commit(self, name):
        try:
            return git(self.folder, "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}")
        except Error:
            raise Error(f"{self.folder} has no commit {name}") from None

    def line(self, good, bad):
        """Returns the commits from good to bad. Follows only the first parent of merges."""
        if good == bad:
            raise Error("GOOD and BAD are the same commit")
        try:
            git(self.folder, "merge-base", "--is-ancestor", good, bad)
        except Error:
            raise Error("GOOD is no ancestor of BAD") from None
        return [good, *git(self.folder, "rev-list", "--first-parent", "--reverse", f"{good}..{bad}").split()]

    def described(self, commit):
        """Returns the short name, the subject, and the author with the date."""
        return git(self.folder, "show", "--no-patch", "--format=%h%n%s%n%an, %as", commit).split("\n")


class Libraries:
    """A cache folder with a work tree, a build tree, and for each commit a library or the log of a failed build."""

    def __init__(self, repository):
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        # All work trees of a repository share the folder.
        digest = hashlib.sha256(repository.common.encode()).hexdigest()[:12]
        name = f"{os.path.basename(os.path.dirname(repository.common))}-{digest}"
        self.folder = os.path.join(base, "ashlar", "bisect", name)
        self.repository = repository
        self.tree, self.build = os.path.join(self.folder, "tree"), os.path.join(self.folder, "build")
        os.makedirs(self.folder, exist_ok=True)
        self.lock = open(os.path.join(self.folder, "lock"), "w", encoding="ascii")  # pylint: disable=consider-using-with
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Error(f"another bisect of this repository is at work in {self.folder}") from None

    def place(self, commit):
        """Returns the commit's folder. All names have equal length, so a library that reads its environment does the
        same work for each."""
        return os.path.join(self.folder, "libraries", commit)

    def log(self, commit):
        return os.path.join(self.place(commit), "failed.log")

    def forget_failure(self, commit):
        if os.path.exists(self.log(commit)):
            os.remove(self.log(commit))

    def library(self, commit):
        """Returns the path of the commit's library, or None if the commit does not build."""
        library = os.path.join(self.place(commit), "libashlar.so")
        if os.path.exists(library):
            return library
        if os.path.exists(self.log(commit)):
            return None
        os.makedirs(self.place(commit), exist_ok=True)
        self._check_out(commit)
        output = self._compile()
        if output:  # leftovers of other commits in the build tree may be the cause
            shutil.rmtree(self.build, ignore_errors=True)
            output = self._compile()
        built = os.path.join(self.build, "lib", "libashlar.so")
        if not output and not os.path.exists(built):
            output = "the target ashlar_shared makes no lib/libashlar.so\n"
        if output:
            with open(self.log(commit), "w", encoding="utf-8") as file:
                file.write(output)
            return None
        shutil.copy(built, library + ".new")
        os.replace(library + ".new", library)
        return library

    def _check_out(self, commit):
        if self._is_work_tree():
            try:
                git(self.tree, "checkout", "--quiet", "--force", "--detach", commit)
                git(self.tree, "clean", "-ffdxq")
                return
            except Error:
                pass  # for example a lock left by a killed git
        shutil.rmtree(self.tree, ignore_errors=True)
        git(self.repository.folder, "worktree", "add", "--quiet", "--force", "--detach", self.tree, commit)

    def _is_work_tree(self):
        """Returns whether the folder is a work tree of this repository. Another repository may enclose the cache
        folder."""
        if not os.path.exists(os.path.join(self.tree, ".git")):
            return False
        try:
            tree = Repository(self.tree)
        except Error:
            return False
        return os.path.samefile(tree.folder, self.tree) and tree.common == self.repository.common

    def _compile(self):
        """Returns the output of the command that failed, or an empty text."""
        shutil.rmtree(os.path.join(self.build, "lib"), ignore_errors=True)
        configure = ["cmake", "-S", self.tree, "-B", self.build, *(f"-D{key}={value}" for key, value in SETTINGS.items())]
        if shutil.which("ninja"):
            configure += ["-G", "Ninja"]
        if shutil.which("ccache"):
            configure += ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
        compiling = ["cmake", "--build", self.build, "--target", "ashlar_shared", "-j", str(os.cpu_count() or 1)]
        for command in (configure, compiling):
            run = runs.run(command, clean_environment(), BUILD_SECONDS)
            if run.trouble:
                return f"{' '.join(command)}\n{run.output}{run.errors}{run.trouble}\n"
        return ""

    def tidy(self):
        """Removes the work tree and the build tree. Keeps the libraries."""
        if self._is_work_tree():
            git(self.repository.folder, "worktree", "remove", "--force", self.tree)
        shutil.rmtree(self.build, ignore_errors=True)
