// SPDX-License-Identifier: BSD-3-Clause
//
// What the core takes from the heap per message once a device has sent or got a few: nothing. Every operator
// new of this program counts.
#include <cstdlib>
#include <new>

#include "bench/core_load.hpp"
#include "support/cmocka.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* const place = std::malloc(size != 0 ? size : 1)) {
        return place;
    }
    throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    ++allocations;
    const auto align = static_cast<std::size_t>(alignment);
    if (void* const place = std::aligned_alloc(align, (size + align - 1) / align * align)) {
        return place;
    }
    throw std::bad_alloc();
}
void operator delete(void* place) noexcept {
    std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
    std::free(place);
}
void operator delete(void* place, std::align_val_t) noexcept {
    std::free(place);
}
void operator delete(void* place, std::size_t, std::align_val_t) noexcept {
    std::free(place);
}

namespace {

using bench::CoreLoad;

constexpr std::size_t kDevices = 100;
constexpr int kWarmUp = 40;  // more than any ring of a session has places
constexpr int kRounds = 60;  // of ten seconds: every timer of every session fires meanwhile

/// @return allocations of `kRounds` flows of every device, after `kWarmUp` that do not count
template <typename Flow>
std::size_t allocations_of(CoreLoad& load, Flow flow) {
    std::size_t before = 0;
    for (int round = 0; round < kWarmUp + kRounds; ++round) {
        before = round == kWarmUp ? allocations : before;
        for (std::size_t who = 0; who < kDevices; ++who) {
            assert_true(flow(load, who));
        }
    }
    return allocations - before;
}

void publish_up_allocates_nothing(void**) {
    CoreLoad load(kDevices);
    for (const int qos : {0, 1, 2}) {
        assert_int_equal(
            allocations_of(load, [qos](CoreLoad& l, std::size_t who) { return l.publish_up(who, qos); }), 0);
    }
    assert_int_equal(load.counters().uplink_published, 3 * (kWarmUp + kRounds) * kDevices);
}

void publish_down_allocates_nothing(void**) {
    CoreLoad load(kDevices);
    for (const int qos : {0, 1, 2}) {
        assert_int_equal(
            allocations_of(load, [qos](CoreLoad& l, std::size_t who) { return l.publish_down(who, qos); }),
            0);
    }
    assert_int_equal(load.counters().downlink_delivered, 3 * (kWarmUp + kRounds) * kDevices);
}

void keep_alive_allocates_nothing(void**) {
    CoreLoad load(kDevices);
    assert_int_equal(allocations_of(load, [](CoreLoad& l, std::size_t who) { return l.ping(who); }), 0);
}

void device_that_comes_again_allocates_nothing(void**) {
    CoreLoad load(kDevices);
    assert_int_equal(
        allocations_of(load,
                       [](CoreLoad& l, std::size_t who) { return l.disconnect(who) && l.connect(who); }),
        0);
}

// So that the tests above can fail: what does need memory is counted.
void new_devices_are_counted(void**) {
    const std::size_t before = allocations;
    const CoreLoad load(kDevices);
    assert_true(allocations - before > kDevices / 64);  // sessions come in blocks
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(publish_up_allocates_nothing),
        cmocka_unit_test(publish_down_allocates_nothing),
        cmocka_unit_test(keep_alive_allocates_nothing),
        cmocka_unit_test(device_that_comes_again_allocates_nothing),
        cmocka_unit_test(new_devices_are_counted),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
