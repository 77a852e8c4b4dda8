// SPDX-License-Identifier: MIT
//
// A relaxed atomic load of a word that other threads store atomically. g++ 12 never folds an atomic load into
// the instruction that uses it; on a fast path that is one instruction more. An aligned word is loaded at
// once anyway. Under the thread sanitizer, to which this would be a race, it is an atomic load.
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
