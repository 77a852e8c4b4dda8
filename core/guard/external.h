// SPDX-License-Identifier: MIT
//
// Checks whether an address outside of the window is a block in use of the malloc behind.
//
// These blocks belong to the fallback, or to code bound to the C library's malloc (RTLD_DEEPBIND). No table
// lists them. An address that the default library refuses (heap/external.h) is no block. If the malloc behind
// is not the C library's, every other address is accepted. Otherwise the address is checked as the C
// library's free would, without trust. The header before it must be readable, must describe a possible block,
// and must agree with the header behind the block.
// Addresses that may be unmapped are read by a system call that returns an error instead (futex, which every
// sandbox must allow). If the call is forbidden, addresses are taken as mapped. Keeps errno. The caller holds
// no lock.
#pragma once

namespace ashlar::guard::external {

// Finds out which malloc is behind. Call it once, at start.
void prepare();

bool may_be_block(const void* address);

// Returns whether the memory at `address` is what the C library's malloc would have written.
bool looks_like_block(const void* address);

} // namespace ashlar::guard::external
