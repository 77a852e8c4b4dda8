// SPDX-License-Identifier: MIT
#include "locks/next.h"

#include "os/loaded_object.h"

#include <cstdint>
#include <cstring>
#include <elf.h>
#include <link.h>

namespace ashlar::locks {

constinit Next next{};

namespace {

// Symbol tables of an object. glibc keeps addresses in a dynamic section, or offsets if it is read-only.
class SymbolTable {
  public:
    explicit SymbolTable(const link_map& object) : base_(object.l_addr) {
        for (const ElfW(Dyn)* entry = object.l_ld; entry != nullptr && entry->d_tag != DT_NULL; ++entry) {
            switch (entry->d_tag) {
            case DT_GNU_HASH:
                hash_ = at<std::uint32_t>(*entry);
                break;
            case DT_SYMTAB:
                symbols_ = at<ElfW(Sym)>(*entry);
                break;
            case DT_STRTAB:
                names_ = at<char>(*entry);
                break;
            case DT_VERSYM:
                versions_ = at<std::uint16_t>(*entry);
                break;
            case DT_VERDEF:
                definitions_ = at<ElfW(Verdef)>(*entry);
                break;
            default:
                break;
            }
        }
    }

    void* find(const char* name, const char* version) const {
        if (hash_ == nullptr || symbols_ == nullptr || names_ == nullptr) return nullptr;
        const std::uint32_t buckets = hash_[0];
        const std::uint32_t first = hash_[1];
        const std::uint32_t words = hash_[2] * (sizeof(ElfW(Addr)) / sizeof(std::uint32_t));
        const std::uint32_t* const bucket = hash_ + 4 + words;
        const std::uint32_t* const chain = bucket + buckets;
        const std::uint32_t wanted = hash_of(name);
        if (buckets == 0 || bucket[wanted % buckets] < first) return nullptr;
        for (std::uint32_t index = bucket[wanted % buckets];; ++index) {
            const std::uint32_t hash = chain[index - first];
            if ((hash | 1) == (wanted | 1) && is(index, name, version))
                return reinterpret_cast<void*>(base_ + symbols_[index].st_value);
            if ((hash & 1) != 0) return nullptr;
        }
    }

  private:
    template <typename Entry>
    const Entry* at(const ElfW(Dyn) & entry) const {
        const auto place = entry.d_un.d_ptr;
        return reinterpret_cast<const Entry*>(place < base_ ? place + base_ : place);
    }

    static std::uint32_t hash_of(const char* name) {
        std::uint32_t hash = 5381;
        for (; *name != '\0'; ++name)
            hash = hash * 33 + static_cast<unsigned char>(*name);
        return hash;
    }

    bool is(std::uint32_t index, const char* name, const char* version) const {
        constexpr std::uint16_t kHidden = 0x8000; // not the default version
        const ElfW(Sym)& symbol = symbols_[index];
        if (symbol.st_shndx == SHN_UNDEF || (symbol.st_info & 0xf) != STT_FUNC ||
            std::strcmp(names_ + symbol.st_name, name) != 0) {
            return false;
        }
        if (versions_ == nullptr) return version == nullptr;
        if (version == nullptr) return (versions_[index] & kHidden) == 0;
        const char* const own = version_name(versions_[index] & ~kHidden);
        return own != nullptr && std::strcmp(own, version) == 0;
    }

    const char* version_name(unsigned number) const {
        for (const ElfW(Verdef)* one = definitions_; one != nullptr;) {
            const auto* const bytes = reinterpret_cast<const char*>(one);
            if (one->vd_ndx == number)
                return names_ + reinterpret_cast<const ElfW(Verdaux)*>(bytes + one->vd_aux)->vda_name;
            one = one->vd_next == 0 ? nullptr : reinterpret_cast<const ElfW(Verdef)*>(bytes + one->vd_next);
        }
        return nullptr;
    }

    std::uintptr_t base_;
    const std::uint32_t* hash_ = nullptr;
    const ElfW(Sym) * symbols_ = nullptr;
    const char* names_ = nullptr;
    const std::uint16_t* versions_ = nullptr;
    const ElfW(Verdef) * definitions_ = nullptr;
};

template <typename Function>
void find(Function*& function, const char* name, const char* version = nullptr) {
    auto* const found = reinterpret_cast<Function*>(find_behind(name, version));
    __atomic_store_n(&function, found, __ATOMIC_RELAXED);
}

} // namespace

void* find_behind(const char* name, const char* version) {
    for (const link_map* object = os::own_object(); object != nullptr; object = object->l_next) {
        if (object == os::own_object()) continue;
        if (void* const found = SymbolTable(*object).find(name, version)) return found;
    }
    return nullptr;
}

void find_next_functions() {
    find(next.mutex_lock, "pthread_mutex_lock");
    find(next.mutex_trylock, "pthread_mutex_trylock");
    find(next.mutex_timedlock, "pthread_mutex_timedlock");
    find(next.mutex_clocklock, "pthread_mutex_clocklock");
    find(next.mutex_unlock, "pthread_mutex_unlock");
    find(next.mutex_destroy, "pthread_mutex_destroy");
    find(next.rwlock_rdlock, "pthread_rwlock_rdlock");
    find(next.rwlock_tryrdlock, "pthread_rwlock_tryrdlock");
    find(next.rwlock_timedrdlock, "pthread_rwlock_timedrdlock");
    find(next.rwlock_clockrdlock, "pthread_rwlock_clockrdlock");
    find(next.rwlock_wrlock, "pthread_rwlock_wrlock");
    find(next.rwlock_trywrlock, "pthread_rwlock_trywrlock");
    find(next.rwlock_timedwrlock, "pthread_rwlock_timedwrlock");
    find(next.rwlock_clockwrlock, "pthread_rwlock_clockwrlock");
    find(next.rwlock_unlock, "pthread_rwlock_unlock");
    find(next.rwlock_destroy, "pthread_rwlock_destroy");
    find(next.spin_lock, "pthread_spin_lock");
    find(next.spin_trylock, "pthread_spin_trylock");
    find(next.spin_unlock, "pthread_spin_unlock");
    find(next.spin_destroy, "pthread_spin_destroy");
    find(next.sem_wait, "sem_wait");
    find(next.sem_trywait, "sem_trywait");
    find(next.sem_timedwait, "sem_timedwait");
    find(next.sem_clockwait, "sem_clockwait");
    find(next.sem_post, "sem_post");
    find(next.sem_destroy, "sem_destroy");
    find(next.cond_wait, "pthread_cond_wait");
    find(next.cond_timedwait, "pthread_cond_timedwait");
    find(next.cond_clockwait, "pthread_cond_clockwait");
    find(next.old_cond_wait, "pthread_cond_wait", "GLIBC_2.2.5");
    find(next.old_cond_timedwait, "pthread_cond_timedwait", "GLIBC_2.2.5");
    find(next.barrier_wait, "pthread_barrier_wait");
    find(next.mtx_lock, "mtx_lock");
    find(next.mtx_trylock, "mtx_trylock");
    find(next.mtx_timedlock, "mtx_timedlock");
    find(next.mtx_unlock, "mtx_unlock");
    find(next.mtx_destroy, "mtx_destroy");
    find(next.cnd_wait, "cnd_wait");
    find(next.cnd_timedwait, "cnd_timedwait");
    find(next.syscall, "syscall");
}

} // namespace ashlar::locks
