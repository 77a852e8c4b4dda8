# SPDX-License-Identifier: MIT
"""Checks the fast paths of malloc, free, new and delete, from the entry past every conditional jump to the first ret.
Fails if a path is longer than its budget, or has a call, a lock or a loop. Fails if the path differs from the golden
file, so every change of the fast path is deliberate.

usage: fast_path.py LIBRARY            compare
       fast_path.py --update LIBRARY   write the golden file (budgets still count)
       fast_path.py --print LIBRARY    show the instructions"""
import os
import re
import shutil
import subprocess
import sys
import typing

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
SKIPPED = 77


class Processor(typing.NamedTuple):
    machine: str  # readelf's name
    golden: str
    objdump: str
    budget: dict
    comment: str  # begins a comment in objdump's lines
    call: str
    lock: str
    jump: str  # all jumps
    always: str  # unconditional jumps


PROCESSORS = (
    Processor("Advanced Micro Devices X86-64", "fast_path.txt", "objdump",
              {"malloc": 19, "free": 20, "_Znwm": 21, "_ZdlPv": 22, "_ZdlPvm": 22},
              "#", r"call", r"lock|xchg.* .*\(", r"j|(notrack|bnd) jmp", r"jmp|notrack|bnd"),
    Processor("AArch64", "fast_path_aarch64.txt", "aarch64-linux-gnu-objdump",
              {"malloc": 28, "free": 31, "_Znwm": 35, "_ZdlPv": 35, "_ZdlPvm": 35},
              "//", r"blr? ", r"ld[a]?xr|st[l]?xr|cas|swp|ld(add|clr|set|eor)|dmb", r"b(r|\.\w+)? |[ct]bn?z ", r"br? "),
)
X86_64 = PROCESSORS[0]


def processor_of(library):
    machine = re.search(r"Machine: +(.*)", output_of("readelf", "--file-header", library))[1]
    return next((known for known in PROCESSORS if known.machine == machine), None)


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


def symbol_range(library, name):
    """Returns the first address and the one past the last. Uses numbers, because aliases hide a name in the
    disassembly."""
    for line in output_of("readelf", "--dyn-syms", "--wide", library).splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[3] == "FUNC" and fields[7].split("@")[0] == name:
            return int(fields[1], 16), int(fields[1], 16) + int(fields[2], 0)
    raise SystemExit(f"{library} exports no {name}")


def disassemble(processor, library, start, end):
    text = output_of(processor.objdump, "-d", "--no-show-raw-insn", f"--start-address={start:#x}", f"--stop-address={end:#x}", library)
    return parse(text, processor)


def parse(text, processor=X86_64):
    """Returns [(address, mnemonic, operands)] from objdump's lines."""
    instructions = []
    for match in re.finditer(r"^[ \t]*([0-9a-f]+):[ \t]+(\S+)[ \t]*(.*)$", text, re.M):
        address, mnemonic, operands = match.groups()
        instructions.append((int(address, 16), mnemonic, operands.split(processor.comment)[0].strip()))
    return instructions


def target_of(operands):
    """Returns the target of a jump. It is the last operand, followed by the symbol at that address."""
    match = re.search(r"(?:^|, )([0-9a-f]+)(?: <.*)?$", operands)
    return int(match.group(1), 16) if match else None


def follow(instructions, processor=X86_64):
    """Returns (path, complaints): the instructions executed when no conditional jump is taken."""
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
        text = f"{mnemonic} {operands}"
        if re.match(processor.call, text):
            complaints.append(f"calls at {here}")
        if re.match(processor.lock, text):
            complaints.append(f"locks at {here}")
        if re.match(processor.jump, text):
            target = target_of(operands)
            if target is not None and start <= target <= address:
                complaints.append(f"jumps back at {here}")
                return path, complaints
            if not re.match(processor.always, text):
                continue
            if target not in places:
                complaints.append(f"leaves the function at {here}")
                return path, complaints
            index = places[target]
    complaints.append("has no ret")
    return path, complaints


def compiler_of(library):
    """Returns the compiler's name and version, from the object's comment section."""
    comment = output_of("readelf", "--string-dump=.comment", library)
    return "; ".join(sorted(set(re.findall(r"(?:GCC: \([^)]*\)|clang version) [\d.]+", comment)))) or "unknown"


def golden_text(processor, compiler, paths):
    lines = ["# SPDX-License-Identifier: MIT",
             "# The fast paths, entry to ret. scripts/update_golden.sh writes this file; the change of it is to be reviewed.",
             f"compiler: {compiler}"]
    for name, path in paths.items():
        lines.append(f"{name}: {len(path)} instructions, budget {processor.budget[name]}")
        lines += [f"    {mnemonic}" for _, mnemonic, _ in path]
    return "\n".join(lines) + "\n"


def main(arguments):
    mode = arguments.pop(0) if arguments[0].startswith("--") else "--compare"
    library = arguments[0]
    processor = processor_of(library)
    if processor is None or shutil.which(processor.objdump) is None:
        print("skipped: there is no golden file for this processor, or no objdump that knows it")
        return SKIPPED
    paths, failed = {}, False
    for name, budget in processor.budget.items():
        paths[name], complaints = follow(disassemble(processor, library, *symbol_range(library, name)), processor)
        if len(paths[name]) > budget:
            complaints.append("is over its budget")
        print(f"{name}: {len(paths[name])} instructions of {budget}")
        for complaint in complaints:
            print(f"    {complaint}")
            failed = True
        if mode == "--print" or complaints:
            for address, mnemonic, operands in paths[name]:
                print(f"    {address:6x}  {mnemonic:8} {operands}")
    text = golden_text(processor, compiler_of(library), paths)
    if mode == "--update":
        with open(os.path.join(GOLDEN, processor.golden), "w", encoding="utf-8") as file:
            file.write(text)
        print(f"wrote {processor.golden}")
    elif mode == "--compare":
        failed |= differs_from_golden(processor, text)
    return 1 if failed else 0


def differs_from_golden(processor, text):
    try:
        with open(os.path.join(GOLDEN, processor.golden), encoding="utf-8") as file:
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
