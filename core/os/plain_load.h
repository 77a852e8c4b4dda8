// SPDX-License-Identifier: MIT
//
// A relaxed atomic load of a word that other threads store atomically. g++ 12 never folds an atomic load into
// the instruction that uses it, which costs a fast path one more instruction. A plain load of an aligned word
// is a single access anyway. The thread sanitizer would report a race, so it gets the atomic load.
#pragma once

namespace ashlar::os {

template <typename Word>
[[gnu::always_inline]] inline Word load_plainly(const Word& word) {
    static_assert(sizeof(Word) <= sizeof(void*));
#ifdef __SANITIZE_THREAD__
    Word loaded;
    __atomic_load(&word, &loaded, __ATOMIC_RELAXED);
    return loaded;
#else
    return word;
#endif
}

} // namespace ashlar::os
