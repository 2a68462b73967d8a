// SPDX-License-Identifier: BSD-3-Clause
//
// operator new and delete that count for heap_account.hpp: a header before each block says who took it.
// Linked only into test programs that check that the gateway gives its memory back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "sim/heap_account.hpp"

namespace {

struct alignas(alignof(std::max_align_t)) Header {
    std::size_t octets;
    bool counted;
};

void* take(std::size_t octets) {
    auto* const header = static_cast<Header*>(std::malloc(sizeof(Header) + octets));
    if (header == nullptr) {
        throw std::bad_alloc();
    }
    mqttsn::sim::HeapAccount& account = mqttsn::sim::heap_account();
    header->octets = octets;
    header->counted = account.counting;
    if (account.counting) {
        ++account.blocks;
        account.octets += static_cast<std::int64_t>(octets);
    }
    return header + 1;
}

void give_back(void* block) noexcept {
    if (block == nullptr) {
        return;
    }
    Header* const header = static_cast<Header*>(block) - 1;
    if (header->counted) {
        mqttsn::sim::HeapAccount& account = mqttsn::sim::heap_account();
        --account.blocks;
        account.octets -= static_cast<std::int64_t>(header->octets);
    }
    std::free(header);
}

}  // namespace

void* operator new(std::size_t octets) {
    return take(octets);
}
void* operator new[](std::size_t octets) {
    return take(octets);
}
void operator delete(void* block) noexcept {
    give_back(block);
}
void operator delete[](void* block) noexcept {
    give_back(block);
}
void operator delete(void* block, std::size_t) noexcept {
    give_back(block);
}
void operator delete[](void* block, std::size_t) noexcept {
    give_back(block);
}
