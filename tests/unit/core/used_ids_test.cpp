// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/used_ids.hpp"

#include "support/cmocka.hpp"

using namespace mqttsn::gateway;

namespace {

constexpr Instant kNow{Millis{100'000}};
constexpr Millis kWindow{10'000};

DownlinkItem item(std::uint16_t id, std::uint8_t qos, std::uint16_t broker_session) {
    DownlinkItem made;
    made.packet_id = id;
    made.qos = qos;
    made.broker_session = broker_session;
    return made;
}

void qos2_message_of_another_session_is_stale_until_it_is_done(void**) {
    UsedIds ids;
    DownlinkQueue queue;
    ids.published(item(5, 2, 1), kNow);
    assert_null(ids.stale(queue, 1));  // its broker will release it
    const UsedId* const stale = ids.stale(queue, 2);
    assert_non_null(stale);
    assert_int_equal(stale->message_id, 5);
    ids.done(5, kNow);
    assert_null(ids.stale(queue, 2));
}

void qos1_message_is_never_stale(void**) {
    UsedIds ids;
    DownlinkQueue queue;
    ids.published(item(5, 1, 1), kNow);
    assert_null(ids.stale(queue, 2));
}

void message_that_waits_in_the_queue_will_complete_by_itself(void**) {
    UsedIds ids;
    DownlinkQueue queue;
    DownlinkItem& waiting = queue.push(mqttsn::Bytes{});
    waiting.packet_id = 5;
    waiting.broker_session = 1;
    ids.published(item(5, 2, 1), kNow);
    assert_null(ids.stale(queue, 2));
    waiting.broker_session = 2;  // another message under this id
    assert_non_null(ids.stale(queue, 2));
}

void dropped_message_is_stale_in_its_own_session(void**) {
    UsedIds ids;
    DownlinkQueue queue;
    ids.published(item(5, 2, 1), kNow);
    ids.dropped(5, kNow);
    ids.dropped(6, kNow);  // never used
    assert_non_null(ids.stale(queue, 1));
    ids.published(item(5, 2, 1), kNow);  // used again: the device has the new one
    assert_null(ids.stale(queue, 1));
}

void id_rests_for_another_session_only_and_only_for_the_window(void**) {
    UsedIds ids;
    ids.published(item(5, 1, 1), kNow - kWindow);
    assert_true(ids.rest(item(5, 1, 2), kNow, kWindow) <= Millis{0});
    ids.done(5, kNow - Millis{1});
    assert_true(ids.rest(item(5, 1, 2), kNow, kWindow) == kWindow - Millis{1});
    assert_true(ids.rest(item(5, 1, 1), kNow, kWindow) <= Millis{0});
    assert_true(ids.rest(item(6, 1, 2), kNow, kWindow) <= Millis{0});
    ids.clear();
    assert_true(ids.rest(item(5, 1, 2), kNow, kWindow) <= Millis{0});
}

// A broker that always takes the lowest free id, and a command that is given twice.
void same_content_under_the_same_id_rests_until_no_copy_lives(void**) {
    UsedIds ids;
    const auto on = [] {
        DownlinkItem made = item(1, 2, 1);
        made.payload = {'o', 'n'};
        return made;
    }();
    DownlinkItem off = on;
    off.payload = {'o', 'f', 'f'};
    ids.published(on, kNow);
    assert_true(ids.rest(on, kNow, kWindow) <= Millis{0});  // its own repetition
    ids.done(1, kNow);
    assert_true(ids.rest(on, kNow, kWindow) > Millis{2048});
    assert_true(ids.rest(on, kNow + Millis{2100}, kWindow) <= Millis{0});
    assert_true(ids.rest(off, kNow, kWindow) <= Millis{0});
}

void only_the_last_few_are_remembered(void**) {
    UsedIds ids;
    for (std::uint16_t id = 1; id <= UsedIds::kMax + 1; ++id) {
        ids.published(item(id, 1, 1), kNow);
    }
    assert_true(ids.rest(item(1, 1, 2), kNow, kWindow) <= Millis{0});
    assert_true(ids.rest(item(2, 1, 2), kNow, kWindow) > Millis{0});
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(qos2_message_of_another_session_is_stale_until_it_is_done),
        cmocka_unit_test(qos1_message_is_never_stale),
        cmocka_unit_test(message_that_waits_in_the_queue_will_complete_by_itself),
        cmocka_unit_test(dropped_message_is_stale_in_its_own_session),
        cmocka_unit_test(id_rests_for_another_session_only_and_only_for_the_window),
        cmocka_unit_test(same_content_under_the_same_id_rests_until_no_copy_lives),
        cmocka_unit_test(only_the_last_few_are_remembered),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
