# SPDX-License-Identifier: MIT
"""No sentence has more than 25 words. That is so in tracked documents, manual pages, comments and docstrings. It is so
in the strings of core/, tools/ and bench/, of which help and built manual pages are made. Tables, headings and code
blocks do not count. Inline code counts as one word.

usage: sentences.py ROOT [file...]   check all files, or those named
       sentences.py --shrink ROOT    take files that have become clean off the list

long_sentences.txt lists files that are not clean yet. It can only shrink: a listed file that is clean fails as well."""
import ast
import io
import os
import re
import sys
import tokenize

from sources import read, report, tracked_files

MOST_WORDS = 25
LIST = os.path.join("tests", "checks", "long_sentences.txt")
C_ENDINGS = (".h", ".c", ".cc", ".js", ".java", ".go", ".rs", ".map")  # comments as in C
SCRIPT_ENDINGS = (".sh", ".cmake", ".cmake.in", "CMakeLists.txt", ".rb", ".pl")
FOLDERS_OF_HELP = ("core/", "tools/", "bench/")
FOLDERS = ("core/", "tools/", "bench/", "tests/", "scripts/", "packaging/", ".ci/")

# Matches strings and numbers too, so that their text is not taken for comments.
C_TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\b\d[\w'.]*|'(?:\\.|[^'\\\n])+'""", re.S)
BULLET = re.compile(r"(?:[*•+-]|\d+[.)])\s+")
ABBREVIATION = re.compile(r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|No|Fig|al|ca|[A-Z])$")
SENTENCE_END = re.compile(r"[.!?]+[)\]\"'*_’”]*(?=\s|$)")
INLINE_CODE = re.compile(r"(`+).+?\1", re.S)
LINK = re.compile(r"!?\[([^\]]*)\]\((?:[^()\s]|\([^)]*\))*(?:\s+\"[^\"]*\")?\)")


def is_table_or_code(text):
    """Returns whether a line of a comment or docstring is a drawing, columns, or a list of key and meaning."""
    return "|" in text[:1] + text[-1:] or " | " in text or re.search(r"\S {3,}\S", text) is not None


class Paragraphs:
    """Joins lines of prose. A bullet or an empty line begins a new paragraph."""

    def __init__(self):
        self.found = []  # (number of the first line, text)
        self.lines = []
        self.first = 0

    def add(self, number, text):
        if not self.lines:
            self.first = number
        self.lines.append(text)

    def end(self):
        if self.lines:
            self.found.append((self.first, "\n".join(self.lines)))
        self.lines = []

    def add_indented(self, number, text):
        """Adds a line of a comment or docstring, from its margin on. A line indented below no bullet is code."""
        stripped = text.strip()
        indent = len(text) - len(text.lstrip())
        bullet = BULLET.match(stripped)
        if bullet and not is_table_or_code(stripped[bullet.end():]):
            self.end()
            self.margin = indent + 1
            self.add(number, stripped[bullet.end():])
        elif not stripped or is_table_or_code(stripped) or re.match(r"SPDX|usage:|NOLINT|shellcheck ", stripped):
            self.end()
            self.margin = 0
        elif indent >= max(self.margin + 8, 2) or (indent >= 2 and not self.margin):
            self.end()
        else:
            if self.margin and indent < self.margin:
                self.end()
                self.margin = 0
            self.add(number, stripped)

    margin = 0


def of_markdown(text):
    paragraphs = Paragraphs()
    fence = None
    text = re.sub(r"<!--.*?-->", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
    in_list = empty_before = False
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        marks = re.match(r"(```+|~~~+)", stripped)
        if fence or marks:
            paragraphs.end()
            if marks and (fence is None or (stripped == marks.group(0) and stripped.startswith(fence))):
                fence = None if fence else marks.group(0)
            continue
        bullet = BULLET.match(stripped)
        if not stripped:
            paragraphs.end()
        elif line.startswith("    ") and empty_before and not in_list or line.startswith("        ") and not paragraphs.lines:
            pass  # code
        elif stripped[0] in "|#" or re.fullmatch(r"[-=*_ ]+", stripped) or stripped.startswith("<"):
            paragraphs.end()
            in_list = False
        elif bullet:
            paragraphs.end()
            in_list = True
            paragraphs.add(number, stripped[bullet.end():])
        elif not (line.startswith("    ") and empty_before is None):
            if not line.startswith(" ") and empty_before:
                in_list = False
            paragraphs.add(number, stripped.lstrip("> "))
        # None: inside a block of code, whose lines are adjacent.
        code = line.startswith("    ") and (empty_before is None or (empty_before and not in_list))
        empty_before = True if not stripped else None if code else False
    paragraphs.end()
    return paragraphs.found


def of_c(text):
    paragraphs = Paragraphs()
    number, place = 1, 0
    last_line = last_column = -1
    for match in C_TOKEN.finditer(text):
        token = match.group(0)
        if not token.startswith("/"):
            continue
        number += text.count("\n", place, match.start())
        place = match.start()
        line_start = text.rfind("\n", 0, place) + 1
        column = place - line_start
        alone = not text[line_start:place].strip()
        if not (alone and number == last_line + 1 and column == last_column):
            paragraphs.end()
            paragraphs.margin = 0
        for offset, line in enumerate(token.split("\n")):
            line = re.sub(r"^(?://[/!]?<?|/\*+|\s*\*(?!/|\S))|\*/$", "", line)
            paragraphs.add_indented(number + offset, line[1:] if line.startswith(" ") else line)
        last_line, last_column = number + token.count("\n"), column
    paragraphs.end()
    return paragraphs.found


def of_strings(text):
    """Returns the strings of a C++ source, adjacent ones joined. A line break in them ends a paragraph."""
    found = []
    first, joined, end = 0, "", None
    for match in [*C_TOKEN.finditer(text), None]:
        is_string = match is not None and match.group(0)[0] == '"'
        if joined and not (is_string and not text[end:match.start()].strip()):
            found += [(first, part) for part in joined.replace("\\n", "\n").split("\n")]
            joined = ""
        if is_string:
            first = first if joined else text.count("\n", 0, match.start()) + 1
            joined += match.group(0)[1:-1]
            end = match.end()
    return [(line, part) for line, part in found if not is_table_or_code(part)]


def of_lines(lines):
    """Joins comments given as (number, column, whether it stands alone, text behind the sign)."""
    paragraphs = Paragraphs()
    last_line = last_column = -1
    for number, column, alone, text in lines:
        if not (alone and number == last_line + 1 and column == last_column):
            paragraphs.end()
            paragraphs.margin = 0
        paragraphs.add_indented(number, text[1:] if text.startswith(" ") else text)
        last_line, last_column = number, column
    paragraphs.end()
    return paragraphs.found


def of_script(text):
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        # Behind code, # is a comment only if no quote comes before it.
        match = re.match(r"(\s*|[^#'\"]*\s)#(?!!)(.*)", line)
        if match:
            lines.append((number, len(match.group(1)), not match.group(1).strip(), match.group(2)))
    return of_lines(lines)


def of_block(number, text):
    """Returns the paragraphs of a docstring or help text that begins in that line."""
    paragraphs = Paragraphs()
    lines = text.split("\n")
    margins = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    for offset, line in enumerate(lines):
        paragraphs.add_indented(number + offset, line[min(margins, default=0):] if offset else line)
    paragraphs.end()
    return paragraphs.found


def of_python(text):
    comments = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith("#!"):
            line, column = token.start
            comments.append((line, column, not token.line[:column].strip(), token.string[1:]))
    found = of_lines(comments)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node):
            found += of_block(node.body[0].lineno, node.body[0].value.value)
        elif isinstance(node, ast.keyword) and node.arg in ("help", "description", "epilog"):
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                found += of_block(node.value.lineno, node.value.value)
    return found


def of_manual(text):
    paragraphs = Paragraphs()
    code = False
    for number, line in enumerate(text.split("\n"), 1):
        line = re.sub(r"\\f[A-Z]|\\&", "", line).replace("\\-", "-")
        if re.match(r"\.(nf|EX)\b", line):
            code = True
        elif re.match(r"\.(fi|EE)\b", line):
            code = False
        inline = re.match(r"\.(?:B|I|BR|IR|RB|RI|BI)\s+(.*)", line)
        if inline and not code and paragraphs.lines:
            paragraphs.add(number, "`" + inline.group(1) + "`")
        elif code or not line.strip() or line.startswith((".", "'")):
            paragraphs.end()
        else:
            paragraphs.add(number, line.strip())
    paragraphs.end()
    return paragraphs.found


def words_of(sentence):
    return [word for word in sentence.split() if re.search(r"\w", word)]


def sentences(text):
    """Yields each sentence with the number of lines before it."""
    def one_word(match):
        newlines = match.group(0).count("\n")
        return re.sub(r"\s", "_", match.group(0)) + "\n" * newlines
    plain = LINK.sub(lambda match: match.group(1), INLINE_CODE.sub(one_word, text))
    start = 0
    for end in [*SENTENCE_END.finditer(plain), None]:
        if end and ABBREVIATION.search(plain[start:end.start()]) and end.group(0)[0] == ".":
            continue
        sentence = plain[start:end.end() if end else len(plain)]
        lead = len(sentence) - len(sentence.lstrip())
        yield plain.count("\n", 0, start + lead), sentence
        start = end.end() if end else len(plain)


def long_sentences(paragraphs):
    """Yields (line, words) of each sentence that is too long."""
    for first, text in paragraphs:
        for lines_before, sentence in sentences(text):
            words = words_of(sentence)
            if len(words) > MOST_WORDS:
                yield first + lines_before, words


def paragraphs_of(path, text):
    """Returns the paragraphs of a file, by its name or first line; none for other kinds of files."""
    if path.endswith(".md"):
        return of_markdown(text)
    if not path.startswith(FOLDERS) and os.path.basename(path) != "CMakeLists.txt":
        return []
    if path.endswith(C_ENDINGS):
        return of_c(text) + (of_strings(text) if path.startswith(FOLDERS_OF_HELP) else [])
    if path.endswith(".py") or re.match(r"#!.*python", text):
        return of_python(text)
    if re.search(r"\.[1-8](?:\.in)?$", path):
        return of_manual(text)
    if path.endswith(SCRIPT_ENDINGS) or re.match(r"#!.*\b(?:ba)?sh\b", text):
        return of_script(text)
    return []


def found_in(root, path):
    try:
        text = read(root, path)
    except UnicodeDecodeError:
        return []
    try:
        found = sorted(long_sentences(paragraphs_of(path, text)))
    except (SyntaxError, tokenize.TokenError) as error:
        return [f"{path}:1: is no Python that can be read: {error}"]
    return [f"{path}:{line}: {len(words)} words: {' '.join(words[:7])} …" for line, words in found]


def violations(found, listed):
    """Returns complaints about the findings in each path, given the listed paths."""
    complaints = []
    for path, sentences_found in found.items():
        if path not in listed:
            complaints += sentences_found
        elif not sentences_found:
            complaints.append(f"{path}: has no long sentence any more: take it off the list with sentences.py --shrink")
    return complaints


def read_list(root):
    path = os.path.join(root, LIST)
    lines = read(root, LIST).split("\n") if os.path.exists(path) else []
    return [line for line in lines if line and not line.startswith("#")]


def shrink(root, found):
    """Removes clean and deleted files from the list."""
    kept = [line for line in read(root, LIST).split("\n") if not line or line.startswith("#") or found.get(line)]
    with open(os.path.join(root, LIST), "w", encoding="utf-8") as file:
        file.write("\n".join(kept))


def main(arguments):
    shrinks = arguments[:1] == ["--shrink"]
    root, *named = arguments[shrinks:]
    found = {path: found_in(root, path) for path in named or tracked_files(root)}
    if not found:
        print("no files to look at")
        return 1
    if shrinks:
        shrink(root, found)
        return 0
    listed = read_list(root)
    complaints = violations(found, listed)
    if not named:
        complaints += [f"{path}: is on the list and no longer there" for path in listed if path not in found]
    return report(complaints, f"sentences above {MOST_WORDS} words in {len(found)} files, of which {len(listed)} are listed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
