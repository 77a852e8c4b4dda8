// SPDX-License-Identifier: MIT
#include <greeting.h>
#include <iostream>

#if !defined(HAVE_UNISTD) || defined(HAVE_NONSENSE)
#error "the checks found the wrong things"
#endif

int main() {
    std::cout << GREETING << '\n';
}
