# SPDX-License-Identifier: MIT
"""The fast paths of malloc, free, new and delete, from the entry past every conditional jump to the first ret. Fails if a
path is longer than its budget, or has a call, a lock or a loop. Fails if it differs from the golden file, so that a
change of the fast path is seen and meant.

usage: fast_path.py LIBRARY            compare
       fast_path.py --update LIBRARY   write the golden file (budgets still count)
       fast_path.py --print LIBRARY    show the instructions"""
import os
import platform
import re
import subprocess
import sys

BUDGET = {"malloc": 19, "free": 20, "_Znwm": 21, "_ZdlPv": 22, "_ZdlPvm": 22}
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", "fast_path.txt")
SKIPPED = 77


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


def symbol_range(library, name):
    """First address and the one past the last. By number: aliases hide a name in the disassembly."""
    for line in output_of("readelf", "--dyn-syms", "--wide", library).splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[3] == "FUNC" and fields[7].split("@")[0] == name:
            return int(fields[1], 16), int(fields[1], 16) + int(fields[2], 0)
    raise SystemExit(f"{library} exports no {name}")


def disassemble(library, start, end):
    text = output_of("objdump", "-d", "--no-show-raw-insn", f"--start-address={start:#x}", f"--stop-address={end:#x}", library)
    return parse(text)


def parse(text):
    """[(address, mnemonic, operands)] of objdump's lines."""
    instructions = []
    for match in re.finditer(r"^[ \t]*([0-9a-f]+):[ \t]+(\S+)[ \t]*(.*)$", text, re.M):
        address, mnemonic, operands = match.groups()
        instructions.append((int(address, 16), mnemonic, operands.split("#")[0].strip()))
    return instructions


def target_of(operands):
    match = re.match(r"([0-9a-f]+)\b", operands)
    return int(match.group(1), 16) if match else None


def follow(instructions):
    """(path, complaints): the instructions executed when no conditional jump is taken."""
    path, complaints = [], []
    if not instructions:
        return path, ["has no instructions"]
    places = {address: index for index, (address, _, _) in enumerate(instructions)}
    start, index = instructions[0][0], 0
    while index < len(instructions):
        address, mnemonic, operands = instruction = instructions[index]
        path.append(instruction)
        here = f"{address:x}: {mnemonic} {operands}"
        index += 1
        if mnemonic.startswith("ret"):
            return path, complaints
        if mnemonic.startswith("call"):
            complaints.append(f"calls at {here}")
        if mnemonic == "lock" or (mnemonic.startswith("xchg") and "(" in operands):
            complaints.append(f"locks at {here}")
        if mnemonic.startswith("j") or (mnemonic in ("notrack", "bnd") and operands.startswith("jmp")):
            target = target_of(operands)
            if target is not None and start <= target <= address:
                complaints.append(f"jumps back at {here}")
                return path, complaints
            if not mnemonic.startswith("jmp") and mnemonic not in ("notrack", "bnd"):
                continue
            if target not in places:
                complaints.append(f"leaves the function at {here}")
                return path, complaints
            index = places[target]
    complaints.append("has no ret")
    return path, complaints


def compiler_of(library):
    """As the compiler has signed the object: its version alone."""
    comment = output_of("readelf", "--string-dump=.comment", library)
    return "; ".join(sorted(set(re.findall(r"(?:GCC: \([^)]*\)|clang version) [\d.]+", comment)))) or "unknown"


def golden_text(compiler, paths):
    lines = ["# SPDX-License-Identifier: MIT",
             "# The fast paths, entry to ret. scripts/update_golden.sh writes this file; the change of it is to be reviewed.",
             f"compiler: {compiler}"]
    for name, path in paths.items():
        lines.append(f"{name}: {len(path)} instructions, budget {BUDGET[name]}")
        lines += [f"    {mnemonic}" for _, mnemonic, _ in path]
    return "\n".join(lines) + "\n"


def main(arguments):
    mode = arguments.pop(0) if arguments[0].startswith("--") else "--compare"
    library = arguments[0]
    if platform.machine() != "x86_64":
        print(f"skipped: the golden file is for x86-64, this is {platform.machine()}")
        return SKIPPED
    paths, failed = {}, False
    for name, budget in BUDGET.items():
        paths[name], complaints = follow(disassemble(library, *symbol_range(library, name)))
        if len(paths[name]) > budget:
            complaints.append("is over its budget")
        print(f"{name}: {len(paths[name])} instructions of {budget}")
        for complaint in complaints:
            print(f"    {complaint}")
            failed = True
        if mode == "--print" or complaints:
            for address, mnemonic, operands in paths[name]:
                print(f"    {address:6x}  {mnemonic:8} {operands}")
    text = golden_text(compiler_of(library), paths)
    if mode == "--update":
        with open(GOLDEN, "w", encoding="utf-8") as file:
            file.write(text)
        print(f"wrote {os.path.relpath(GOLDEN)}")
    elif mode == "--compare":
        failed |= differs_from_golden(text)
    return 1 if failed else 0


def differs_from_golden(text):
    try:
        with open(GOLDEN, encoding="utf-8") as file:
            golden = file.read()
    except FileNotFoundError:
        print("there is no golden file; scripts/update_golden.sh writes it")
        return True
    if golden == text:
        print("as in the golden file")
        return False
    signature = re.compile(r"^compiler: (.*)$", re.M)
    theirs, ours = signature.search(golden).group(1), signature.search(text).group(1)
    if theirs != ours:
        print(f"the golden file is of {theirs}, this is {ours}: only the budgets were checked")
        return False
    import difflib
    sys.stdout.writelines(difflib.unified_diff(golden.splitlines(True), text.splitlines(True), "golden", "library"))
    print("if the change is meant: scripts/update_golden.sh")
    return True


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
