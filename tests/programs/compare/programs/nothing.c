// SPDX-License-Identifier: MIT
// Does nothing; linked statically.
int main(void) {
    return 0;
}
