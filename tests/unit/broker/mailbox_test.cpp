// SPDX-License-Identifier: BSD-3-Clause
//
// The bounded mailbox between Paho's threads and the loop (gateway/broker/mailbox.hpp).
#include "gateway/broker/mailbox.hpp"

#include <uv.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "support/cmocka.hpp"

namespace {

using mqttsn::gateway::Mailbox;

void items_come_out_in_the_order_they_went_in(void**) {
    Mailbox<int> mailbox(10, [] {});
    for (int i = 0; i < 5; ++i) {
        assert_true(mailbox.push(i));
    }
    std::vector<int> seen;
    assert_int_equal(mailbox.drain([&](int item) { seen.push_back(item); }), 5);
    for (int i = 0; i < 5; ++i) {
        assert_int_equal(seen[static_cast<std::size_t>(i)], i);
    }
    assert_int_equal(mailbox.drain([](int) {}), 0);
}

void a_full_mailbox_refuses_and_counts(void**) {
    Mailbox<int> mailbox(3, [] {});
    for (int i = 0; i < 5; ++i) {
        assert_int_equal(mailbox.push(i), i < 3);
    }
    assert_int_equal(mailbox.dropped(), 2);
    int last = -1;
    assert_int_equal(mailbox.drain([&](int item) { last = item; }), 3);
    assert_int_equal(last, 2);  // the newest were refused, not the oldest thrown away
    assert_true(mailbox.push(7));
}

void it_wakes_once_until_the_next_drain(void**) {
    int wakes = 0;
    Mailbox<int> mailbox(10, [&] { ++wakes; });
    mailbox.push(1);
    mailbox.push(2);
    mailbox.push(3);
    assert_int_equal(wakes, 1);
    mailbox.drain([](int) {});
    mailbox.push(4);
    assert_int_equal(wakes, 2);
}

void what_comes_while_draining_wakes_again(void**) {
    int wakes = 0;
    Mailbox<int> mailbox(10, [&] { ++wakes; });
    mailbox.push(1);
    assert_int_equal(mailbox.drain([&](int item) { mailbox.push(item + 1); }), 1);
    assert_int_equal(wakes, 2);
    assert_int_equal(mailbox.drain([](int) {}), 1);
}

void a_closed_mailbox_never_wakes(void**) {
    int wakes = 0;
    Mailbox<int> mailbox(10, [&] { ++wakes; });
    mailbox.close();
    assert_false(mailbox.push(1));
    assert_int_equal(wakes, 0);
    assert_int_equal(mailbox.drain([](int) {}), 0);
    assert_int_equal(mailbox.dropped(), 0);
}

/// Two threads push, the loop drains: as in the program.
struct TwoSenders {
    static constexpr int kEach = 20000;
    uv_loop_t loop{};
    uv_async_t async{};
    std::unique_ptr<Mailbox<std::pair<int, int>>> mailbox;
    std::vector<std::thread> threads;
    std::atomic<int> refused{0};
    int wakes = 0;
    int next[2] = {0, 0};
    int received = 0;
    bool in_order = true;

    void drain() {
        ++wakes;
        mailbox->drain([this](std::pair<int, int> item) {
            in_order = in_order && item.second >= next[item.first];
            next[item.first] = item.second + 1;
            ++received;
        });
        if (received + refused.load() == 2 * kEach) {
            uv_close(reinterpret_cast<uv_handle_t*>(&async), nullptr);
        }
    }
};

int start_two_senders(void** state) {
    auto* senders = new TwoSenders;
    uv_loop_init(&senders->loop);
    uv_async_init(&senders->loop, &senders->async,
                  [](uv_async_t* handle) { static_cast<TwoSenders*>(handle->data)->drain(); });
    senders->async.data = senders;
    senders->mailbox =
        std::make_unique<Mailbox<std::pair<int, int>>>(100, [senders] { uv_async_send(&senders->async); });
    for (int who = 0; who < 2; ++who) {
        senders->threads.emplace_back([senders, who] {
            for (int i = 0; i < TwoSenders::kEach; ++i) {
                if (!senders->mailbox->push({who, i})) {
                    ++senders->refused;
                    std::this_thread::yield();
                }
            }
            uv_async_send(&senders->async);  // the last look, also when the last items were refused
        });
    }
    *state = senders;
    return 0;
}

int end_two_senders(void** state) {
    auto* senders = static_cast<TwoSenders*>(*state);
    for (std::thread& thread : senders->threads) {
        thread.join();
    }
    uv_run(&senders->loop, UV_RUN_DEFAULT);
    const int result = uv_loop_close(&senders->loop);
    delete senders;
    return result;
}

void two_threads_lose_nothing_but_what_was_refused(void** state) {
    auto* senders = static_cast<TwoSenders*>(*state);
    uv_run(&senders->loop, UV_RUN_DEFAULT);
    assert_true(senders->in_order);
    assert_int_equal(senders->received + senders->refused.load(), 2 * TwoSenders::kEach);
    assert_int_equal(senders->mailbox->dropped(), senders->refused.load());
    assert_true(senders->received > 100);
    assert_true(senders->wakes <= senders->received + 2);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_in_the_order_they_went_in),
        cmocka_unit_test(a_full_mailbox_refuses_and_counts),
        cmocka_unit_test(it_wakes_once_until_the_next_drain),
        cmocka_unit_test(what_comes_while_draining_wakes_again),
        cmocka_unit_test(a_closed_mailbox_never_wakes),
        cmocka_unit_test_setup_teardown(two_threads_lose_nothing_but_what_was_refused, start_two_senders,
                                        end_two_senders),
    };
    return cmocka_run_group_tests_name("mailbox", tests, nullptr, nullptr);
}
