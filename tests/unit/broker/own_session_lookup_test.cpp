// SPDX-License-Identifier: BSD-3-Clause
//
// A name look-up that hangs blocks Paho with its global mutex held, and so the thread that calls Paho. It
// must not block the loop, nor stop(). This program's getaddrinfo hangs until it is told to go on.
#include <netdb.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "own_session_harness.hpp"
#include "support/cmocka.hpp"

namespace {

std::atomic<bool> hang{true};
std::atomic<int> asked{0};
std::atomic<int> answered{0};

}  // namespace

extern "C" {
[[gnu::visibility("default")]] int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
    ++asked;
    while (hang) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ++answered;
    return EAI_AGAIN;
}
}

namespace {

int set_up(void** state) {
    *state = new test::OwnSessionHarness;
    return 0;
}

/// Lets the thread that was left behind come to its end, so that it does not run into the end of the program.
int tear_down(void** state) {
    delete static_cast<test::OwnSessionHarness*>(*state);
    hang = false;
    std::this_thread::sleep_for(std::chrono::milliseconds(3000));
    return answered > 0 ? 0 : -1;
}

void a_look_up_that_hangs_delays_neither_the_loop_nor_stop(void** state) {
    auto& gateway = *static_cast<test::OwnSessionHarness*>(*state);
    mqttsn::gateway::OwnSessionOptions options;
    options.host = "broker.example";
    assert_true(gateway.start(options));
    assert_true(gateway.run_until([] { return asked > 0; }, 5000));
    std::uint64_t slowest_ms = 0;
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t begin = uv_hrtime();
        gateway.run_once();
        gateway.publish("a", "b", 1);
        const std::uint64_t took_ms = (uv_hrtime() - begin) / 1000000U;
        slowest_ms = took_ms > slowest_ms ? took_ms : slowest_ms;
    }
    assert_in_range(slowest_ms, 0, 500);
    assert_in_range(gateway.stop(), 0, 3000);
    assert_int_equal(answered, 0);
    assert_int_equal(gateway.session->counters().unsent_at_stop, 100);
}

}  // namespace

int main() {
    mqttsn::gateway::prepare_process_for_own_session();
    const CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_look_up_that_hangs_delays_neither_the_loop_nor_stop, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("own_session_lookup", tests, nullptr, nullptr);
}
