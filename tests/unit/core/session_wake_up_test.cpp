// SPDX-License-Identifier: BSD-3-Clause
//
// Wake-ups that do not go the usual way: no link, a device that wants nothing, more messages than fit
// (session_downlink.cpp, session_intake.cpp, session_link.cpp; D17, D40, D41, SN12-105).
#include <string>
#include <utility>

#include "gateway/core/session_downlink.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"
#include "unit/core/sleeper.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;

namespace {

// The link is down: nothing more can come in this cycle, so the device need not stay awake for it.

void wake_up_without_a_link_ends_with_pingresp(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    d1.from_broker(publish(0, 0, "a", "0"));
    d1.link_gone();
    wakes(d1);
    d1.gets(publish_to(0, 0, "0"));
    d1.gets(make_pingresp());
}

void wake_up_without_a_link_leaves_qos1_messages_for_later(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    d1.from_broker(publish(1, 5, "a", "1"));
    d1.link_gone();
    wakes(d1);
    d1.gets(make_pingresp());
    d1.link_returns(true, Open{false, "", ""});
    g.nothing();
    wakes(d1);
    d1.gets(publish_to(1, 5, "1"));
}

void link_lost_in_the_cycle_ends_it(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    wakes(d1);
    d1.to_broker(pingreq());
    d1.link_gone();
    d1.gets(make_pingresp());
    d1.link_returns(true, Open{false, "", ""});
    d1.from_broker(publish(2, 5, "a", "1"));
    wakes(d1);
    d1.gets(publish_to(2, 5, "1"));
    d1.sends(make_pubrec(5));
    d1.to_broker(ack(PacketType::pubrec, 5));
    d1.link_gone();  // PUBREL cannot come now
    d1.gets(make_pingresp());
}

// D40, D41: five minutes of hold-off are not for a device that wants to sleep again.
void congestion_of_an_awake_device_ends_its_cycle(void**) {
    Harness g;
    const Device d1 = sleeper(g);
    d1.from_broker(publish(1, 5, "a", "1"));
    wakes(d1);
    d1.gets(publish_to(1, 5, "1"));
    d1.sends(make_puback(1, 5, ReturnCode::congestion));
    d1.gets(make_pingresp());
    wakes(d1);
    d1.gets(publish_to(1, 5, "1", true));
}

// What had no room stays in the broker and is fetched over a new connection: within the cycle, the design's
// "fifty messages in one wake-up".

Settings with_room_for_two() {
    Settings settings;
    settings.sleep.max_messages = 2;
    return settings;
}

void gets_and_acks(const Device& d1, std::uint16_t message_id, const char* payload, Where where = Where()) {
    d1.gets(publish_to(1, message_id, payload), where);
    d1.sends(make_puback(1, message_id, ReturnCode::accepted), where);
    d1.to_broker(ack(PacketType::puback, message_id), where);
}

void device_stays_awake_while_the_rest_is_fetched(void**) {
    Harness g(with_room_for_two());
    const Device d1 = sleeper(g);
    for (const auto& [id, payload] : {std::pair{1U, "1"}, std::pair{2U, "2"}, std::pair{3U, "3"}}) {
        d1.from_broker(publish(1, id, "a", payload));
    }
    wakes(d1);
    gets_and_acks(d1, 1, "1");
    gets_and_acks(d1, 2, "2");
    d1.closes(true);
    wakes(d1);  // it may be impatient
    g.nothing();
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{false, "", ""});
    wakes(d1);
    g.nothing();
    d1.accepted(true);
    d1.to_broker(pingreq());
    d1.from_broker(publish(1, 3, "a", "3"));
    gets_and_acks(d1, 3, "3");
    d1.from_broker(pingresp());
    broker_has_no_more(d1);
    d1.gets(make_pingresp());
}

void barrier_of_the_old_connection_does_not_count_on_the_new_one(void**) {
    Harness g(with_room_for_two());
    const Device d1 = sleeper(g);
    wakes(d1);
    d1.to_broker(pingreq());
    d1.from_broker(publish(1, 1, "a", "1"));
    d1.gets(publish_to(1, 1, "1"));
    d1.from_broker(publish(1, 2, "a", "2"));
    d1.from_broker(publish(1, 3, "a", "3"));
    d1.sends(make_puback(1, 1, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 1));
    gets_and_acks(d1, 2, "2");
    d1.closes(true);
    d1.link_gone(LinkCloseReason::requested);
    d1.opens(Open{false, "", ""});
    d1.accepted(true);
    broker_has_no_more(d1);
    d1.gets(make_pingresp());
}

void fetching_that_fails_ends_the_cycle(void**) {
    for (const bool refused : {true, false}) {
        Harness g(with_room_for_two());
        const Device d1 = sleeper(g);
        d1.from_broker(publish(1, 1, "a", "1"));
        d1.from_broker(publish(1, 2, "a", "2"));
        d1.from_broker(publish(1, 3, "a", "3"));
        wakes(d1);
        gets_and_acks(d1, 1, "1");
        gets_and_acks(d1, 2, "2");
        d1.closes(true);
        d1.link_gone(LinkCloseReason::requested);
        d1.opens(Open{false, "", ""});
        if (refused) {
            d1.refused(3);
        } else {
            d1.link_gone(LinkCloseReason::unreachable);
        }
        d1.gets(make_pingresp());
        d1.sends(make_publish(flags(1, TopicIdType::short_name), 0x6162, 9, view("x")));
        d1.gets(make_puback(0x6162, 9, ReturnCode::congestion));  // an outage now, no short break
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(wake_up_without_a_link_ends_with_pingresp),
        cmocka_unit_test(wake_up_without_a_link_leaves_qos1_messages_for_later),
        cmocka_unit_test(link_lost_in_the_cycle_ends_it),
        cmocka_unit_test(congestion_of_an_awake_device_ends_its_cycle),
        cmocka_unit_test(device_stays_awake_while_the_rest_is_fetched),
        cmocka_unit_test(barrier_of_the_old_connection_does_not_count_on_the_new_one),
        cmocka_unit_test(fetching_that_fails_ends_the_cycle),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
