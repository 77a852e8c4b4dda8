// SPDX-License-Identifier: MIT
//
// Is an address outside of the window a block that the malloc behind us has in use?
//
// Such blocks are the fallback's own, and those of code that is bound to the C library's malloc
// (RTLD_DEEPBIND). There is no list of them. What the default library refuses (heap/external.h) is none.
// Another malloc behind us is believed. Otherwise the address is looked at as the C library's free would,
// without believing what stands there. The header before it must be readable and describe a block that the C
// library could have made. It must agree with what follows that block.
//
// What may not be mapped is read by a system call that returns an error instead (futex, which every sandbox
// has to allow). Where it is forbidden all the same, addresses count as mapped. Keeps errno; hold no lock.
#pragma once

namespace ashlar::guard::external {

// Once, at start: which malloc is behind us.
void prepare();

bool may_be_block(const void* address);

// The part of it that reads: whether there is what the C library's malloc would have written.
bool looks_like_block(const void* address);

} // namespace ashlar::guard::external
