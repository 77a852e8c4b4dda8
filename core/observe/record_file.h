// SPDX-License-Identifier: MIT
//
// The profiler's file (ashlar/profile_format.h): a shared mapping to which any thread appends records.
//
// append() takes no lock and may be interrupted by a signal whose handler appends, too. What it wrote is in
// the file when it returns, whatever becomes of the process. Each piece of the file is made ready with one
// system call before the first record in it. The call fails where the disk is full: touching a mapping of a
// file that has no room would be SIGBUS. Pieces that are behind are dropped from the process's memory; the
// file keeps them. No descriptor stays open: programs close those that they do not know.
//
// A forked child does not have the mapping, and must not append to its parent's file. It is told so by its
// fork handler, and where none runs by a page that the kernel clears for the child. A file with regions stays
// mapped in the child instead: whoever writes rows does not ask first. The child goes on in a copy.
#pragma once

#include <ashlar/profile_format.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ashlar::observe {

class RecordFile {
  public:
    using State = profile_format::State;
    using Kind = profile_format::Kind;

    static constexpr std::size_t kLongestPath = 512; // with its NUL

    // Creates the file. `place` is a folder, in which it is called ashlar.PID.profile, or a path with %p for
    // the process's number. If there is such a file, the number is followed by .1, .2 and so on. Returns 0 or
    // an error number. One thread at a time, and none appends; likewise close() and forget().
    int open(std::string_view place, std::size_t capacity, std::size_t rate, std::uint32_t parent);
    // Nothing is appended any more. What the file does not need is cut off.
    void close(State state);
    // In a forked child.
    void forget();

    bool is_open() const { return base_.load(std::memory_order_acquire) != nullptr; }
    // Of another process: this one was forked from it.
    bool is_inherited() const;
    // True for one thread of a child whose file is inherited: the one that is to call forget().
    bool is_mine_to_forget();
    const char* path() const { return path_; }         // of the last that was opened
    std::uint32_t process() const { return process_; } // that opened it

    // The payload is what the pieces hold, one behind the other, and zeroes up to a multiple of 8. False if
    // there is no room for the record, or no file.
    struct Piece {
        const void* start;
        std::size_t bytes;
    };
    bool append(Kind kind, Piece first, Piece second = {nullptr, 0});

    // For a file that is to have regions; before open(). In a folder its name has this ending.
    void keep_mapped(const char* ending) {
        keeps_mapping_ = true;
        ending_ = ending;
    }
    // Appends zeroed rows that the caller writes in place, for as long as the process lives; null if there is
    // no room.
    void* append_region(Kind kind, std::uint32_t row_size, std::uint32_t rows, std::uint64_t first);
    // In a forked child, while it has one thread: a copy of the parent's file takes the file's place, at the
    // same addresses. Returns 0 or an error number; then the parent's stays.
    int continue_in_child(std::string_view place);

    void set_state(State state);
    State state() const;
    bool is_full() const { return full_.load(std::memory_order_relaxed); } // the last that was opened
    void count_lost();
    std::uint64_t bytes() const; // so far

  private:
    static constexpr std::size_t kStep = std::size_t{64} << 10;
    static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63; // in FileHeader::reserved

    // What `owner_` says. The kernel makes it the first in a forked child.
    enum Owner : std::uint32_t { kInherited, kOurs, kBeingForgotten };

    // While there is one the mapping stays.
    class Use {
      public:
        explicit Use(const RecordFile& file) : file_(file) {
            file_.users_.fetch_add(1, std::memory_order_seq_cst);
            base_ = file_.base_.load(std::memory_order_seq_cst);
        }
        ~Use() { file_.users_.fetch_sub(1, std::memory_order_seq_cst); }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

        char* base() const { return base_; } // null if there is no file
        profile_format::FileHeader* header() const {
            return reinterpret_cast<profile_format::FileHeader*>(base_);
        }

      private:
        const RecordFile& file_;
        char* base_;
    };

    int create(std::string_view place);
    int map(int file, std::size_t capacity, char*& base);
    void prepare_owner(char* base);
    void remember_file(int file);
    bool populate(char* base, std::size_t begin, std::size_t end) const;
    bool make_ready(char* base, std::size_t end);
    char* reserve(char* base, std::size_t size);
    void cut_off(std::size_t bytes) const;

    std::atomic<char*> base_{nullptr};
    mutable std::atomic<std::uint32_t> users_{0};
    std::atomic<std::size_t> ready_{0}; // bytes that may be touched
    std::atomic<bool> full_{false};
    std::size_t capacity_ = 0;
    std::size_t mapped_ = 0;
    std::uint32_t process_ = 0;
    bool keeps_mapping_ = false;
    const char* ending_ = ".profile";
    bool in_steps_ = false;                       // the kernel makes pieces ready one by one
    std::atomic<std::uint32_t>* owner_ = nullptr; // an Owner
    std::uint64_t device_ = 0;                    // of the file
    std::uint64_t inode_ = 0;
    char path_[kLongestPath] = {};
};

} // namespace ashlar::observe
