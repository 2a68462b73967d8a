// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/write_guard.hpp"

#include <dlfcn.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace {

using Writev = ssize_t (*)(int, const iovec*, int);
using Write = ssize_t (*)(int, const void*, size_t);

std::atomic<bool> guard_enabled{true};
std::atomic<std::uint64_t> guard_count{0};

/// Where the code at `address` was loaded, or nullptr.
const void* module_of(const void* address) {
    Dl_info info{};
    return address != nullptr && dladdr(address, &info) != 0 ? info.dli_fbase : nullptr;
}

/// The module that defines `symbol` for this process. By dlsym, because the address that C++ code sees
/// of a library function may be a stub in the program.
const void* module_defining(const char* symbol) {
    return module_of(dlsym(RTLD_DEFAULT, symbol));
}

struct Modules {
    const void* paho = module_defining("MQTTAsync_createWithOptions");
    const void* crypto = module_defining("BIO_s_socket");
    const void* self = module_of(&guard_enabled);

    bool paho_is_told_apart() const { return paho != nullptr && paho != self; }
    bool crypto_is_told_apart() const { return crypto != nullptr && crypto != self; }
};

const Modules& modules() {
    static const Modules found;
    return found;
}

/// The C library's function, or the sanitizer's that stands before it. Looked up at load time where possible:
/// write() is called in signal handlers, where dlsym is not allowed.
Writev next_writev() {
    static const auto found = reinterpret_cast<Writev>(dlsym(RTLD_NEXT, "writev"));
    return found;
}
Write next_write() {
    static const auto found = reinterpret_cast<Write>(dlsym(RTLD_NEXT, "write"));
    return found;
}

[[gnu::constructor]] void look_up_early() {
    next_writev();
    next_write();
}

/// The unreachables come from ICMP when TCP has given up repeating: then the socket is closed as well.
bool connection_is_gone(int error) {
    switch (error) {
        case ECONNRESET:
        case EPIPE:
        case ETIMEDOUT:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ENETDOWN:
        case ECONNABORTED:
        case ENOTCONN:
            return true;
        default:
            return false;
    }
}

/// Changes errno after a failed call when the caller must not know yet.
void guard(bool caller_is_guarded) {
    if (caller_is_guarded && guard_enabled.load(std::memory_order_relaxed)) {
        guard_count.fetch_add(1, std::memory_order_relaxed);
        errno = EAGAIN;
    }
}

}  // namespace

extern "C" {

[[gnu::visibility("default"), gnu::noinline]] ssize_t writev(int fd, const iovec* parts, int count) {
    const Writev next = next_writev();
    const ssize_t written = next != nullptr ? next(fd, parts, count) : syscall(SYS_writev, fd, parts, count);
    if (written < 0 && connection_is_gone(errno)) {
        const int error = errno;
        const void* caller = module_of(__builtin_return_address(0));
        errno = error;
        guard(modules().paho_is_told_apart() && caller == modules().paho);
    }
    return written;
}

[[gnu::visibility("default"), gnu::noinline]] ssize_t write(int fd, const void* data, size_t size) {
    const Write next = next_write();
    const ssize_t written = next != nullptr ? next(fd, data, size) : syscall(SYS_write, fd, data, size);
    if (written < 0 && connection_is_gone(errno)) {
        const int error = errno;
        const void* caller = module_of(__builtin_return_address(0));
        errno = error;
        guard(modules().crypto_is_told_apart() && caller == modules().crypto);
    }
    return written;
}

}  // extern "C"

namespace mqttsn::gateway {

bool write_guard_active() {
    // What a shared library's call of writev finds is the first definition in the global scope.
    const void* seen_by_libraries = dlsym(RTLD_DEFAULT, "writev");
    return guard_enabled.load() && modules().paho_is_told_apart() &&
           module_of(seen_by_libraries) == modules().self;
}

std::uint64_t write_guard_count() {
    return guard_count.load(std::memory_order_relaxed);
}

void write_guard_set_enabled(bool enabled) {
    guard_enabled.store(enabled);
}

}  // namespace mqttsn::gateway
