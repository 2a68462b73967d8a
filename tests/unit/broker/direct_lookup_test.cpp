// SPDX-License-Identifier: BSD-3-Clause
//
// Name look-up of the engine `direct`. This program is its own name server: libuv's calls of getaddrinfo find
// the definition below (the linker option in CMakeLists.txt exports it), which answers as the test says,
// slowly if wanted.
#include <netdb.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "gateway/broker/direct_engine.hpp"
#include "support/cmocka.hpp"
#include "unit/broker/direct_bench.hpp"

namespace {

/// Written by the test between look-ups only; read on libuv's threads.
struct NameServer {
    std::vector<std::string> addresses;
    int error = 0;
    int delay_ms = 0;
    std::atomic<int> asked{0};
    std::string asked_for;
};
NameServer g_names;

addrinfo* make_entry(const std::string& text) {
    // One block for both, so that freeaddrinfo is free() along the list.
    auto* entry = static_cast<addrinfo*>(std::calloc(1, sizeof(addrinfo) + sizeof(sockaddr_storage)));
    entry->ai_addr = reinterpret_cast<sockaddr*>(entry + 1);
    entry->ai_socktype = SOCK_STREAM;
    if (uv_ip4_addr(text.c_str(), 0, reinterpret_cast<sockaddr_in*>(entry->ai_addr)) == 0) {
        entry->ai_addrlen = sizeof(sockaddr_in);
    } else {
        uv_ip6_addr(text.c_str(), 0, reinterpret_cast<sockaddr_in6*>(entry->ai_addr));
        entry->ai_addrlen = sizeof(sockaddr_in6);
    }
    entry->ai_family = entry->ai_addr->sa_family;
    return entry;
}

}  // namespace

extern "C" {

[[gnu::visibility("default")]] int getaddrinfo(const char* name, const char* /*service*/,
                                               const addrinfo* /*hints*/, addrinfo** result) {
    g_names.asked_for = name;
    ++g_names.asked;
    const timespec pause{g_names.delay_ms / 1000, (g_names.delay_ms % 1000) * 1000000L};
    ::nanosleep(&pause, nullptr);
    *result = nullptr;
    addrinfo** end = result;
    for (const std::string& address : g_names.addresses) {
        *end = make_entry(address);
        end = &(*end)->ai_next;
    }
    return g_names.error;
}

[[gnu::visibility("default")]] void freeaddrinfo(addrinfo* list) {
    while (list != nullptr) {
        addrinfo* next = list->ai_next;
        std::free(list);
        list = next;
    }
}

}  // extern "C"

using namespace test;

namespace {

int make_named_bench(void** state) {
    g_names.addresses = {"127.0.0.1"};
    g_names.error = 0;
    g_names.delay_ms = 0;
    g_names.asked = 0;
    auto* bench = new Bench;
    bench->options.url.host = "broker.test";
    bench->options.url.host_is_address = false;
    bench->server.greeting = hex("20 02 00 00");
    *state = bench;
    return 0;
}

Bench& bench_of(void** state) {
    return *static_cast<Bench*>(*state);
}

void ten_opens_make_one_look_up(void** state) {
    Bench& bench = bench_of(state);
    g_names.delay_ms = 30;
    bench.make_engine();
    for (std::uint32_t slot = 0; slot < 10; ++slot) {
        bench.open(LinkId{slot, 1});
    }
    assert_true(bench.wait_for("opened", 10));
    bench.open(LinkId{10, 1});
    assert_true(bench.wait_for("opened", 11));
    assert_int_equal(g_names.asked, 1);
    assert_string_equal(g_names.asked_for.c_str(), "broker.test");
    assert_int_equal(bench.engine->counters().lookups, 1);
}

void a_slow_look_up_does_not_stop_the_loop(void** state) {
    Bench& bench = bench_of(state);
    g_names.delay_ms = 300;
    bench.make_engine();
    bench.open(LinkId{1, 1});
    std::uint64_t longest_ns = 0;
    std::uint64_t last = uv_hrtime();
    assert_true(bench.run_until([&] {
        longest_ns = std::max(longest_ns, uv_hrtime() - last);
        last = uv_hrtime();
        return bench.heard.has("opened");
    }));
    assert_in_range(longest_ns / 1000000U, 0, 200);
    assert_int_equal(g_names.asked, 1);
}

void the_next_address_is_tried_when_one_fails_and_remembered(void** state) {
    Bench& bench = bench_of(state);
    g_names.addresses = {"::1", "127.0.0.77", "127.0.0.1"};  // the server is on the last one only
    bench.make_engine();
    bench.open(LinkId{1, 1});
    assert_true(bench.wait_for("opened 1.1"));
    assert_int_equal(bench.server.peers.size(), 1);
    bench.server.stop();  // now all fail, and the detail shows the order: what worked last comes first
    bench.open(LinkId{2, 1});
    assert_true(bench.wait_for("closed 2.1"));
    const std::string port = std::to_string(bench.server.port());
    const std::string& told = bench.heard.events.back();
    assert_int_equal(told.find("closed 2.1 unreachable: 127.0.0.1:" + port + ": connection refused, "), 0);
    assert_true(told.find("[::1]:" + port + ": ") != std::string::npos);
    assert_true(told.find("127.0.0.77:" + port + ": connection refused") != std::string::npos);
}

/// Listens on 127.0.0.77 and never accepts, so that SYNs are dropped once the queue is full.
void make_black_hole(Bench& bench) {
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.77", bench.server.port(), &address);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    bench.descriptors.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    assert_int_equal(::bind(bench.descriptors.back(), where, sizeof address), 0);
    assert_int_equal(::listen(bench.descriptors.back(), 0), 0);
    for (int i = 0; i < 4; ++i) {
        bench.descriptors.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const int result = ::connect(bench.descriptors.back(), where, sizeof address);
        assert_true(result == 0 || errno == EINPROGRESS);
    }
}

void an_address_that_does_not_answer_costs_a_limited_time(void** state) {
    Bench& bench = bench_of(state);
    g_names.addresses = {"127.0.0.77", "127.0.0.1"};
    bench.options.connect_attempt_ms = 200;
    make_black_hole(bench);
    bench.make_engine();
    const std::uint64_t start = uv_hrtime();
    bench.open(LinkId{1, 1});
    assert_true(bench.wait_for("opened 1.1"));
    assert_in_range((uv_hrtime() - start) / 1000000U, 190, 5000);
}

void an_unknown_name_is_unreachable_for_all_who_wait(void** state) {
    Bench& bench = bench_of(state);
    g_names.addresses = {};
    g_names.error = EAI_NONAME;
    bench.make_engine();
    for (std::uint32_t slot = 0; slot < 5; ++slot) {
        bench.open(LinkId{slot, 1});
    }
    assert_true(bench.wait_for("closed", 5));
    assert_string_equal(
        bench.heard.events[0].c_str(),
        "closed 0.1 unreachable: name look-up of broker.test failed: unknown node or service");
    for (std::uint32_t generation = 2; generation < 20; ++generation) {  // who tries at once costs no look-up
        bench.open(LinkId{0, generation});
        assert_true(bench.wait_for("closed 0." + std::to_string(generation)));
    }
    assert_int_equal(g_names.asked, 1);
}

void a_name_that_was_unknown_is_looked_up_again_later(void** state) {
    Bench& bench = bench_of(state);
    g_names.addresses = {};
    g_names.error = EAI_AGAIN;
    bench.make_engine();
    bench.open(LinkId{1, 1});
    assert_true(
        bench.wait_for("closed 1.1 unreachable: name look-up of broker.test failed: temporary failure"));
    g_names.addresses = {"127.0.0.1"};
    g_names.error = 0;
    bench.run_ms(1050);
    bench.open(LinkId{1, 2});
    assert_true(bench.wait_for("opened 1.2"));
    assert_int_equal(g_names.asked, 2);
}

void a_broker_that_moved_is_found_after_its_old_address_failed(void** state) {
    Bench& bench = bench_of(state);
    g_names.addresses = {"127.0.0.77"};
    bench.make_engine();
    bench.open(LinkId{1, 1});
    assert_true(bench.wait_for("closed 1.1 unreachable: 127.0.0.77"));
    g_names.addresses = {"127.0.0.1"};
    bench.run_ms(1050);
    bench.open(LinkId{1, 2});
    assert_true(bench.wait_for("opened 1.2"));
    assert_int_equal(g_names.asked, 2);
}

void an_old_answer_is_refreshed_and_survives_a_failed_refresh(void** state) {
    Bench& bench = bench_of(state);
    bench.options.lookup_refresh_ms = 1000;
    bench.make_engine();
    bench.open(LinkId{1, 1});
    assert_true(bench.wait_for("opened 1.1"));
    g_names.addresses = {};
    g_names.error = EAI_AGAIN;
    bench.run_ms(1050);
    bench.open(LinkId{2, 1});
    assert_true(bench.wait_for("opened 2.1"));
    assert_true(bench.run_until([] { return g_names.asked == 2; }));
    bench.run_ms(20);
    bench.open(LinkId{3, 1});
    assert_true(bench.wait_for("opened 3.1"));
}

void close_and_shutdown_during_a_look_up_are_answered_or_silent(void** state) {
    Bench& bench = bench_of(state);
    g_names.delay_ms = 200;
    bench.make_engine();
    bench.open(LinkId{1, 1});
    bench.open(LinkId{2, 1});
    assert_true(bench.run_until([] { return g_names.asked == 1; }));
    bench.close(LinkId{1, 1}, true);
    assert_true(bench.wait_for("closed 1.1 requested"));
    bench.engine->shutdown();
    assert_int_equal(bench.finish(), 0);
    assert_int_equal(bench.heard.events.size(), 1);
    uv_loop_init(&bench.loop);  // for the tear-down
}

}  // namespace

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, make_named_bench, end_bench)

int main() {
    const CMUnitTest tests[] = {
        BENCH_TEST(ten_opens_make_one_look_up),
        BENCH_TEST(a_slow_look_up_does_not_stop_the_loop),
        BENCH_TEST(the_next_address_is_tried_when_one_fails_and_remembered),
        BENCH_TEST(an_address_that_does_not_answer_costs_a_limited_time),
        BENCH_TEST(an_unknown_name_is_unreachable_for_all_who_wait),
        BENCH_TEST(a_name_that_was_unknown_is_looked_up_again_later),
        BENCH_TEST(a_broker_that_moved_is_found_after_its_old_address_failed),
        BENCH_TEST(an_old_answer_is_refreshed_and_survives_a_failed_refresh),
        BENCH_TEST(close_and_shutdown_during_a_look_up_are_answered_or_silent),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
