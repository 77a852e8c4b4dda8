# SPDX-License-Identifier: MIT
"""Tests the checks of this folder on small trees and listings with one error each."""
import os
import tempfile
import unittest

import documents
import fast_path
import include_direction
import licence_headers
import no_stdio
import probes
import sentences
import shipped_text
import system_calls
import told_text


class Tree:
    """Makes files in a temporary directory."""

    def __init__(self, files):
        self.files = files

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory()
        for path, text in self.files.items():
            place = os.path.join(self.directory.name, path)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "w", encoding="utf-8") as file:
                file.write(text)
        return self.directory.name

    def __exit__(self, *_):
        self.directory.cleanup()


class Documents(unittest.TestCase):
    def check(self, files, expected):
        with Tree(files) as root:
            found = documents.violations(root, [path for path in files if path.endswith(".md")])
        self.assertEqual(len(found), len(expected), found)
        for text, part in zip(found, expected):
            self.assertIn(part, text)

    def test_links(self):
        self.check({"docs/a.md": "# One, `two`\n[b](b.md) [c](../c.md#of-c-d) [own](#one-two) [far](https://e.org/x.md)\n",
                    "docs/b.md": "", "c.md": "## Of *C*, d\n"}, [])
        self.check({"a.md": "\n[b](b.md)\n"}, ["a.md:2: there is no b.md"])
        self.check({"a.md": "[b](b.md#c)\n", "b.md": "# d\n```\n# c\n```\n"}, ["b.md has no heading #c"])
        self.check({"a.md": "`[b](b.md)`\n\n    [b](b.md)\n\n```\n[b](b.md)\n```\n"}, [])

    def test_names(self):
        promised = (("a.cc", r'Key\{"([a-z]+)"', ("a.md",)),)
        with Tree({"a.cc": 'Key{"one", Key{"two",', "a.md": "`one:true` and two"}) as root:
            self.assertEqual(documents.unnamed(root, promised), ["a.md: `two` is missing, which a.cc has"])
        with Tree({"a.cc": "", "a.md": ""}) as root:
            self.assertIn("has no names", documents.unnamed(root, promised)[0])


class ToldText(unittest.TestCase):
    def test_only_what_is_allowed(self):
        with Tree({"tools/ashlar.cc": "machine::tell(stderr, x);\n", "tools/commands/words.cc": "fmt::print(x);\n",
                   "tools/commands/run.cc": "// fmt::print(x)\n\nfmt::print(stderr, x);\n"}) as root:
            self.assertEqual(told_text.violations(root), ["tools/commands/run.cc:3: fmt::print("])
        with Tree({"tools/ashlar.cc": ""}) as root:
            self.assertIn("no sources", told_text.violations(root)[0])


class IncludeDirection(unittest.TestCase):
    def check(self, files, expected):
        with Tree(files) as root:
            found = include_direction.violations(root, "core", include_direction.CORE)
        self.compare(found, expected)

    def compare(self, found, expected):
        self.assertEqual(len(found), len(expected), found)
        for text, part in zip(found, expected):
            self.assertIn(part, text)

    def test_down_and_own_layer(self):
        self.check({"core/os/a.h": "#include <atomic>\n", "core/layout/b.h": '#include "os/a.h"\n',
                    "core/layout/b.cc": '#include "layout/b.h"\n#include <ashlar/ashlar.h>\n'}, [])

    def test_up(self):
        self.check({"core/os/a.h": '\n#include "layout/b.h"\n', "core/layout/b.h": ""}, ["core/os/a.h:2: os includes"])

    def test_comment_is_no_include(self):
        self.check({"core/os/a.h": '// #include "layout/b.h"\n/*\n#include "layout/b.h"\n*/\n', "core/layout/b.h": ""}, [])

    def test_circle_through_sources(self):
        self.check({"core/os/a.h": "", "core/os/b.h": "", "core/os/a.cc": '#include "os/b.h"\n',
                    "core/os/b.cc": '#include "os/a.h"\n'}, ["circle: core/os/a -> core/os/b -> core/os/a"])

    def test_relative_name_and_unknown_layer(self):
        self.check({"core/os/a.h": '#include "../layout/b.h"\n', "core/layout/b.h": "", "core/misc/c.h": ""},
                   ["is no layer", "not named by its place"])

    def test_nothing_to_look_at(self):
        self.check({}, ["no sources"])

    def check_tools(self, files, expected):
        picture = "# The command. Its layers:\n#   low, other   what is below\n#   middle       one\n#   high         all\n"
        with Tree({"tools/CMakeLists.txt": picture, **files}) as root:
            layers = include_direction.tools_layers(root)
            self.assertEqual(layers, [["low", "other"], ["middle"], ["high"]])
            self.compare(include_direction.violations(root, "tools", layers), expected)

    def test_tools_by_the_picture_in_their_list_file(self):
        self.check_tools({"tools/low/a.h": "", "tools/middle/b.h": '#include "low/a.h"\n#include <CLI/CLI.hpp>\n',
                          "tools/high/deep/c.h": '#include "middle/b.h"\n', "tools/main.cc": '#include "high/deep/c.h"\n'}, [])

    def test_tools_up_and_sideways(self):
        self.check_tools({"tools/low/a.h": '#include "middle/b.h"\n', "tools/middle/b.h": "", "tools/misc/c.h": "",
                          "tools/other/d.h": '#include "low/a.h"\n'},
                         ['low includes "middle/b.h", a layer above', "misc is no layer", "a layer beside it"])

    def test_no_picture_is_no_excuse(self):
        with Tree({"tools/CMakeLists.txt": "# none\n", "tools/low/a.h": ""}) as root:
            found = include_direction.violations(root, "tools", include_direction.tools_layers(root))
        self.compare(found, ["no layers"])


class NoStdio(unittest.TestCase):
    def check(self, text, count, path="core/os/a.cc"):
        with Tree({path: text}) as root:
            self.assertEqual(len(no_stdio.violations(root)), count, text)

    def test_calls(self):
        for text in ("std::fprintf(stderr, x);", "printf (x);", "snprintf(b, 1, x);", "std::cerr << 1;", "puts(x);",
                     "#include <iostream>", "#include <cstdio>", "fwrite(x, 1, 1, f);"):
            self.check(text, 1)

    def test_others(self):
        for text in ("// printf(x)", "[[gnu::format(printf, 1, 2)]] void say(const char*);", "print_statistics();",
                     "os::Message().print();", "#include <cstddef>"):
            self.check(text, 0)

    def test_malloc_info(self):
        self.check("#include <cstdio>\n::fwrite(a, 1, n, f);", 0, "core/entry/glibc.cc")
        self.check("::fprintf(f, a);", 1, "core/entry/glibc.cc")


class LicenceHeaders(unittest.TestCase):
    def test_headers(self):
        licence = "# SPDX-License-Identifier: MIT\n"
        files = {"a.cc": "int a;\n", "b.sh": "#!/bin/sh\n" + licence, "run": "#!/bin/bash\necho\n", "c.md": "text\n",
                 "d/CMakeLists.txt": "\n" * 6 + licence, "e/CMakeLists.txt": licence}
        with Tree(files) as root:
            found = licence_headers.violations(root, sorted(files))
        self.assertEqual([line.split(":")[0] for line in found], ["a.cc", "d/CMakeLists.txt", "run"])


LONG = " ".join(["word"] * 26)
SHORT = " ".join(["word"] * 25)


class Sentences(unittest.TestCase):
    def lines_of(self, path, text):
        with Tree({path: text}) as root:
            return [int(line.split(":")[1]) for line in sentences.found_in(root, path)]

    def check(self, path, text, *lines):
        self.assertEqual(self.lines_of(path, text), list(lines), text)

    def test_the_limit_and_ends(self):
        self.check("a.md", f"{SHORT}.\n")
        self.check("a.md", f"{LONG}.\n", 1)
        self.check("a.md", f"{LONG}", 1)
        self.check("a.md", f"{SHORT}. {SHORT}! {SHORT}? ({SHORT}.) *{SHORT}.* {SHORT}.\n")
        self.check("a.md", f"Short.\n\nA line\nand {LONG}.\n", 3)
        self.check("a.md", f"{SHORT[:-5]} e.g. this.\n", 1)  # not the end of a sentence
        self.check("a.md", f"{SHORT[:-5]} 5.3.0 is it.\n", 1)

    def test_what_counts_as_a_word(self):
        self.check("a.md", f"{SHORT} - · → | … .\n")
        self.check("a.md", f"{SHORT[:-5]} `ashlar run -- a long command`.\n")
        self.check("a.md", f"{SHORT[:-5]} `one`, `two`.\n", 1)
        self.check("a.md", f"{SHORT[:-5]} [word](a.md#of-many-words).\n")
        self.check("a.md", f"{SHORT[:-5]} [two words](a.md).\n", 1)

    def test_markdown_without_code_and_tables(self):
        self.check("a.md", f"# {LONG}\n\n| {LONG} | a |\n\n```sh\n{LONG}\n\n{LONG}\n```\n\n    {LONG}\n\n    {LONG}\n<!-- {LONG} -->\n")
        self.check("a.md", f"```\na\n```\n{LONG}\n", 4)
        self.check("a.md", f"* {SHORT}\n* {SHORT}\n  1. {SHORT}\n")
        self.check("a.md", f"* short\n* {SHORT}\n  and more\n\n> {LONG}\n", 2, 5)

    def test_comments_of_c(self):
        self.check("core/a.h", f"// SPDX-License-Identifier: MIT\n//\n// {SHORT}\n//\n// {SHORT}\nint a; // {SHORT}\nint b; // {SHORT}\n")
        self.check("core/a.h", f"int a;\n// {SHORT}\n// and more\n", 2)
        self.check("core/a.h", f"int a; // {SHORT}\n       // and more\n", 1)
        self.check("core/a.h", f"/* {SHORT}\n * and more */\n", 1)
        self.check("core/a.cc", f"auto a = R\"(// {LONG})\"; int b = 1'000; // it's {LONG}\n", 1)
        self.check("core/a.h", f"// Drawn:\n//   | {LONG} |\n//   key      {LONG}\n//     {LONG}\n// Done.\n")
        self.check("core/a.h", f"// Points:\n//   * {SHORT}\n//   * {SHORT}\n//     and more\n", 3)
        self.check("other/a.h", f"// {LONG}\n")

    def test_help_and_messages(self):
        self.check("tools/a.cc", f'f("{SHORT}. "\n  "{SHORT}."); g("{SHORT}", "{SHORT}");\n')
        self.check("tools/a.cc", f'f(1,\n  "{SHORT} "\n  "more"); g("{SHORT}\\n{SHORT}");\n', 2)
        self.check("tests/a.cc", f'f("{LONG}");\n')

    def test_scripts_and_python(self):
        self.check("scripts/a.sh", f"#!/bin/bash\n# {SHORT}\n# and more\n#\n# usage: {LONG}\necho '# {LONG}' ${{a#b}}\n", 2)
        self.check("scripts/run", f"#!/usr/bin/env bash\n# {LONG}\n", 2)
        self.check("tests/CMakeLists.txt", f"# {LONG}\nset(A \"# {LONG}\")\n", 1)
        self.check("tests/a.py", f'"""{SHORT}\n\n{LONG}\n\n    {LONG}\nusage: {LONG}"""\na = 1  # {LONG}\n', 3, 7)
        self.check("tests/a.py", f'f("{LONG}", help="{LONG}")\n', 1)
        self.check("tests/a.py", "def\n", 1)  # not Python

    def test_manual_pages(self):
        self.check("docs/a.1", "")
        self.check("packaging/a.7", f".SH X\n{SHORT}\n.PP\n{SHORT}\n.B code\nmore\n.nf\n{LONG}\n.fi\n", 4)

    def test_the_list_only_shrinks(self):
        found = {"new": ["new:1: long"], "listed": ["listed:1: long"], "clean": [], "mended": []}
        self.compare(sentences.violations(found, ["listed", "mended"]), ["new:1", "mended: has no long"])

    def compare(self, found, expected):
        self.assertEqual([text[:len(part)] for text, part in zip(found, expected)], expected)
        self.assertEqual(len(found), len(expected), found)

    def test_shrinking(self):
        lines = "# why\nlisted\nmended\ngone\n"
        with Tree({sentences.LIST: lines}) as root:
            sentences.shrink(root, {"listed": ["listed:1: long"], "mended": [], "new": ["new:1: long"]})
            self.assertEqual(sentences.read(root, sentences.LIST), "# why\nlisted\n")
            self.assertEqual(sentences.read_list(root), ["listed"])


class ShippedText(unittest.TestCase):
    def test_lines(self):
        bad = ["Assertion failed: x", "thread_cache.cc", "/home/me/x", "bool ashlar::cache::full()", "locks taken out of order: ",
               " under the lock "]
        good = ["libashlar.so", "GLIBC_2.34", "invalid pointer", "/proc/self/maps", "ashlar: double free of %p", "t.h8"]
        self.assertEqual(shipped_text.violations(bad + good), bad)


class SystemCalls(unittest.TestCase):
    def test_imports(self):
        fine = "                 U abort@GLIBC_2.2.5\n                 w _ZSt15get_new_handlerv\n                 U getcpu@GLIBC_2.29\n"
        self.assertEqual(system_calls.violations(fine), [])
        self.assertEqual(system_calls.violations(fine + "                 U syscall@GLIBC_2.2.5\n                 U mmap64\n"),
                         ["mmap64", "syscall"])
        self.assertEqual(len(system_calls.violations("")), 1)


class Probes(unittest.TestCase):
    def notes(self, *probes_and_arguments):
        return "".join(f"  stapsdt  0x33  NT_STAPSDT (SystemTap probe descriptors)\t    Provider: ashlar\n    Name: {name}\n"
                       f"    Location: 0x10, Base: 0x20, Semaphore: 0x0\n    Arguments: {arguments}\n"
                       for name, arguments in probes_and_arguments)

    def test_notes(self):
        fine = [(name, "8@%rax 4@%ebp" if count == 2 else "8@%rax") for name, count in probes.ARGUMENTS.items()]
        self.assertEqual(probes.violations(self.notes(*fine), lambda address: address == 0x10), [])
        self.assertEqual(probes.violations(self.notes(*fine[1:]), lambda _: True), [f"{fine[0][0]}: missing"])
        self.assertEqual(probes.violations(self.notes(*fine, ("other", "8@%rax")), lambda _: True), ["other: not in the list"])
        self.assertEqual(probes.violations(self.notes(*fine, (fine[0][0], "8@%rax")), lambda _: True),
                         [f"{fine[0][0]}: has the arguments 8@%rax"])
        self.assertEqual(len(probes.violations(self.notes(*fine), lambda _: False)), len(fine))

    def test_memory_notes(self):
        def notes(alloc="8@%rdi 8@%rsi 8@%rdx", semaphore="0x50", name="free"):
            return "".join(f"    Provider: otel_memory\n    Name: {each}\n    Location: 0x10, Base: 0x20, Semaphore: "
                           f"{semaphore}\n    Arguments: {arguments}\n"
                           for each, arguments in (("alloc", alloc), (name, "8@%rdi")))

        def violations(text, is_nop=lambda _: True):
            return probes.violations_of_memory(text, is_nop, "x86_64")
        self.assertEqual(violations(notes()), [])
        self.assertEqual(violations(notes(alloc="8@%rax 8@%rsi 8@%rdx")),
                         ["otel_memory:alloc: has the arguments 8@%rax 8@%rsi 8@%rdx"])
        self.assertEqual(violations(notes(semaphore="0x0")),
                         [f"otel_memory:{name}: has no semaphore" for name in ("alloc", "free")])
        self.assertEqual(violations(notes(name="freed")),
                         ["otel_memory:free: missing", "otel_memory:freed: not in the contract"])
        self.assertEqual(len(violations(notes(), lambda _: False)), 2)


class FastPath(unittest.TestCase):
    def follow(self, listing):
        path, complaints = fast_path.follow(fast_path.parse(listing))
        return [mnemonic for _, mnemonic, _ in path], complaints

    def test_straight(self):
        mnemonics, complaints = self.follow("   10:\tcmp    $0x400,%rdi\n   14:\tja     40 <slow>\n   16:\tret\n   17:\tnop\n")
        self.assertEqual((mnemonics, complaints), (["cmp", "ja", "ret"], []))

    def test_forward_jump_is_followed(self):
        mnemonics, complaints = self.follow("  10:\tjmp    14 <f+0x4>\n  12:\tint3\n  14:\tret\n")
        self.assertEqual((mnemonics, complaints), (["jmp", "ret"], []))

    def test_complaints(self):
        for listing, complaint in (
                ("  10:\tcall   90 <g>\n  15:\tret\n", "calls"),
                ("  10:\tlock cmpxchg %rcx,(%rdx)\n  15:\tret\n", "locks"),
                ("  10:\txchg   %rcx,(%rdx)\n  15:\tret\n", "locks"),
                ("  10:\tnop\n  11:\tjne    10 <f>\n  15:\tret\n", "jumps back"),
                ("  10:\tjmp    90 <g>\n", "leaves"),
                ("  10:\tjmp    *%rax\n", "leaves"),
                ("  10:\tnop\n", "no ret"),
                ("", "no instructions")):
            self.assertIn(complaint, " ".join(self.follow(listing)[1]), listing)

    def test_aarch64(self):
        aarch64 = next(each for each in fast_path.PROCESSORS if each.machine == "AArch64")
        for listing, shown, complaint in (
                ("  10:\tb.hi\t40 <slow>  // b.pmore\n  14:\ttbnz\tx3, #63, 40 <slow>\n  18:\tret\n", ["b.hi", "tbnz", "ret"], ""),
                ("  10:\tb\t18 <f+0x8>\n  14:\tnop\n  18:\tret\n", ["b", "ret"], ""),
                ("  10:\tbl\t90 <g>\n  14:\tret\n", ["bl", "ret"], "calls"),
                ("  10:\tldaxr\tx1, [x2]\n  14:\tret\n", ["ldaxr", "ret"], "locks"),
                ("  10:\tnop\n  14:\tcbnz\tw0, 10 <f>\n  18:\tret\n", ["nop", "cbnz"], "jumps back"),
                ("  10:\tbr\tx16\n", ["br"], "leaves")):
            path, complaints = fast_path.follow(fast_path.parse(listing, aarch64), aarch64)
            self.assertEqual([mnemonic for _, mnemonic, _ in path], shown)
            self.assertEqual(bool(complaints), bool(complaint))
            self.assertIn(complaint, " ".join(complaints))

    def test_conditional_jump_to_a_cold_part_before_the_function(self):
        self.assertEqual(self.follow("  10:\tje     5 <f.cold>\n  12:\tret\n")[1], [])


if __name__ == "__main__":
    unittest.main()
