// SPDX-License-Identifier: MIT
//
// The profiler's file (ashlar/profile_format.h): a shared mapping to which any thread appends records.
//
// append() takes no lock. A signal handler that interrupts it may append, too. A record is in the file when
// append() returns, even if the process is killed. Each piece of the file is made ready with one system call
// before its first record. The call fails if the disk is full. Touching a mapped file without room would
// raise SIGBUS. Older pieces are dropped from the process's memory, but not from the file. No descriptor is
// kept open, because programs close descriptors that they do not know.
//
// A forked child does not have the mapping, and must not append to its parent's file. Its fork handler tells
// it, or otherwise a page that the kernel clears for the child. A file with regions remains mapped in the
// child, because writers of rows do not ask first. The child continues in a copy.
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

    static constexpr std::size_t kLongestPath = 512; // bytes, with the NUL

    // Creates the file. `place` is a folder for the name ashlar.PID.profile, or a path with %p for the
    // process's number. If that file exists, the number is followed by .1, .2 and so on. Returns 0 or an
    // error number. One thread at a time calls open(), close() or forget(). No thread appends during open().
    int open(std::string_view place, std::size_t capacity, std::size_t rate, std::uint32_t parent);
    // Ends appending, and cuts off the unused end of the file.
    void close(State state);
    // Forgets the parent's file in a forked child.
    void forget();

    bool is_open() const { return base_.load(std::memory_order_acquire) != nullptr; }
    // Returns whether the file belongs to a process from which this process was forked.
    bool is_inherited() const;
    // Returns true in one thread of a child whose file is inherited. That thread must call forget().
    bool is_mine_to_forget();
    const char* path() const { return path_; }         // path of the last file opened
    std::uint32_t process() const { return process_; } // process that opened it

    // Appends both pieces, padded with zeroes to a multiple of 8 bytes. Returns false without room or file.
    struct Piece {
        const void* start;
        std::size_t bytes;
    };
    bool append(Kind kind, Piece first, Piece second = {nullptr, 0});

    // Prepares for regions, before open(). In a folder the file's name has this ending.
    void keep_mapped(const char* ending) {
        keeps_mapping_ = true;
        ending_ = ending;
    }
    // Appends zeroed rows that the caller may write until the process ends. Returns null without room.
    void* append_region(Kind kind, std::uint32_t row_size, std::uint32_t rows, std::uint64_t first);
    // Puts a copy at the addresses of the parent's file, in a forked child with one thread. Returns 0, or an
    // error number if the parent's file remains.
    int continue_in_child(std::string_view place);

    void set_state(State state);
    State state() const;
    bool is_full() const { return full_.load(std::memory_order_relaxed); } // of the last file opened
    void count_lost();
    std::uint64_t bytes() const; // so far

  private:
    static constexpr std::size_t kStep = std::size_t{64} << 10;
    static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63; // bit of FileHeader::reserved

    // Values of `owner_`. The kernel resets it to the first one in a forked child.
    enum Owner : std::uint32_t { kInherited, kOurs, kBeingForgotten };

    // Keeps the file mapped as long as the object exists.
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
    std::atomic<std::uint32_t>* owner_ = nullptr; // an Owner, on its own page
    std::uint64_t device_ = 0;                    // device and inode of the file
    std::uint64_t inode_ = 0;
    char path_[kLongestPath] = {};
};

} // namespace ashlar::observe
