/* SPDX-License-Identifier: MIT */
/* refuse <refusals> <program> [argument...]: runs `program` with these system calls failing from the
 * start. */
#include "refusals.h"

int main(int count, char** arguments) {
    static struct refusals refusals;
    MUST(count >= 3);
    parse_refusals(&refusals, arguments[1]);
    install_filter(refusals.program, refusals.length);
    execvp(arguments[2], arguments + 2);
    give_up("exec does not work");
}
