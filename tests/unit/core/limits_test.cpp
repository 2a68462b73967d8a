// SPDX-License-Identifier: BSD-3-Clause
//
// What one device may do to the gateway, to the others and to a stranger's address:
// limits.messages_per_second (FAULT-19, FAULT-41, FAULT-99), limits.buffered_bytes (FAULT-33, FAULT-98),
// limits.unproven_messages (FAULT-29), limits.qos_minus_one_per_source_per_second (FAULT-35). Limits of
// single flows are tested with their rooms.
#include <algorithm>
#include <string>

#include "gateway/core/downlink_queue.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using PacketType = mqtt::PacketType;

namespace {

// limits.messages_per_second

Settings rate_of(std::uint32_t per_second) {
    Settings settings;
    settings.limits.messages_per_second = per_second;
    return settings;
}

// FAULT-99: QoS 0 over the rate is dropped without a word, so that a flood makes no answers.
void qos0_over_the_rate_is_dropped_and_others_are_not(void**) {
    Harness g(rate_of(10));
    const Device busy = g.connected("busy");
    const Device calm = g.connected("calm");
    const std::uint16_t busy_id = busy.registers(1, "a");  // counts as well
    for (int i = 0; i < 100; ++i) {
        busy.sends(make_publish(flags(0), busy_id, 0, view("x")));
        g.take();
    }
    assert_int_equal(g.counters().uplink_published, 9);
    assert_int_equal(g.counters().uplink_dropped_rate, 91);
    const std::uint16_t calm_id = calm.registers(1, "b");
    calm.sends(make_publish(flags(1), calm_id, 2, view("y")));
    calm.to_broker(publish(1, 2, "b", "y"));
    g.advance_seconds(1);
    busy.sends(make_publish(flags(0), busy_id, 0, view("x")));
    busy.to_broker(publish(0, 0, "a", "x"));
}

// FAULT-99: what wants an answer gets "congestion" (D26), but a repetition of what was accepted is no new
// message.
void requests_over_the_rate_are_told_congestion(void**) {
    Harness g(rate_of(2));
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.registers(1, "a");
    d1.sends(make_publish(flags(1), id, 2, view("x")));
    d1.to_broker(publish(1, 2, "a", "x"));
    d1.sends(make_publish(flags(1), id, 3, view("y")));
    d1.gets(make_puback(id, 3, ReturnCode::congestion));
    d1.sends(make_publish(flags(2), id, 4, view("y")));
    d1.gets(make_puback(id, 4, ReturnCode::congestion));
    d1.sends(make_publish(flags(1).with_dup(true), id, 2, view("x")));
    g.nothing();  // on its way
    d1.from_broker(ack(PacketType::puback, 2));
    d1.gets(make_puback(id, 2, ReturnCode::accepted));
    d1.sends(make_publish(flags(1).with_dup(true), id, 2, view("x")));
    d1.gets(make_puback(id, 2, ReturnCode::accepted));
    d1.sends(make_register(0, 5, view("b")));  // FAULT-19
    d1.gets(make_regack(0, 5, ReturnCode::congestion));
    d1.sends(make_subscribe(flags(1), 6, view("c")));
    d1.gets(make_suback(flags(0), 0, 6, ReturnCode::congestion));
    d1.sends(make_unsubscribe(Flags{}, 7, view("c")));  // has no code: the device repeats it
    g.nothing();
    d1.sends(make_pingreq(Bytes{}));  // being alive costs nothing
    d1.gets(make_pingresp());
    g.advance_seconds(1);
    d1.sends(make_unsubscribe(Flags{}, 7, view("c")));
    d1.to_broker(unsubscribe(7, "c"));
    assert_int_equal(g.counters().uplink_congestion, 2);
    assert_int_equal(g.counters().registers_refused, 1);
    assert_int_equal(g.counters().subscribes_refused, 1);
}

// FAULT-41: PUBACK 02 is an answer to QoS 0 as well, so it has the same limit.
void answers_to_unknown_topic_ids_are_limited(void**) {
    Harness g(rate_of(5));
    const Device d1 = g.connected("d1");
    std::size_t answers = 0;
    for (int i = 0; i < 100; ++i) {
        d1.sends(make_publish(flags(0), 999, 0, view("x")));
        answers += g.take().size();
    }
    assert_int_equal(answers, 5);
    assert_int_equal(g.counters().uplink_unknown_topic, 5);
    assert_int_equal(g.counters().uplink_dropped_rate, 95);
}

// FAULT-41: also without a limit on what the device may send. What asks for an answer gets it.
void rejections_of_qos0_are_answered_ten_times_a_second(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    std::size_t answers = 0;
    for (int i = 0; i < 100; ++i) {
        d1.sends(make_publish(flags(0), 999, 0, view("x")));
        answers += g.take().size();
    }
    assert_int_equal(answers, 10);
    assert_int_equal(g.counters().uplink_unknown_topic, 100);
    d1.sends(make_publish(flags(1), 999, 1, view("x")));
    d1.gets(make_puback(999, 1, ReturnCode::invalid_topic_id));
    g.advance(Millis{100});
    d1.sends(make_publish(flags(0), 999, 0, view("x")));
    d1.gets(make_puback(999, 0, ReturnCode::invalid_topic_id));
}

void no_limit_by_default(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.registers(1, "a");
    g.keep_lines = false;
    for (int i = 0; i < 5000; ++i) {
        d1.sends(make_publish(flags(0), id, 0, view("x")));
    }
    assert_int_equal(g.counters().uplink_published, 5000);
}

// FAULT-19, FAULT-20: the table has a limit, and the same name takes no second place in it.
void a_register_flood_ends_at_the_table_and_repetitions_take_no_room(void**) {
    Settings settings;
    settings.limits.topics_per_session = 10;
    Harness g(settings);
    const Device d1 = g.connected("d1");
    const std::uint16_t first = d1.registers(1, "t0");
    for (std::uint16_t i = 0; i < 500; ++i) {
        assert_int_equal(d1.registers(i, "t0"), first);
    }
    for (std::uint16_t i = 1; i < 10; ++i) {
        d1.registers(i, "t" + std::to_string(i));
    }
    d1.sends(make_register(0, 99, view("one too many")));
    d1.gets(make_regack(0, 99, ReturnCode::congestion));
    assert_int_equal(d1.registers(100, "t0"), first);
    assert_int_equal(g.counters().registers_refused, 1);
}

// limits.buffered_bytes

constexpr std::size_t kPayload = 1000;

/// Room for so many messages of kPayload octets, of all devices together.
Settings memory_for(std::uint32_t messages) {
    Settings settings;
    settings.limits.buffered_bytes = messages * mqttsn::gateway::DownlinkQueue::cost(kPayload);
    return settings;
}

// FAULT-33: over the sum of all, QoS 0 is dropped.
void all_sleepers_together_have_a_limit(void**) {
    Harness g(memory_for(3));
    const std::string payload(kPayload, 'x');
    const Device a = g.connected("a", false);
    const Device b = g.connected("b", false);
    a.subscribes(1, "t", 1);
    b.subscribes(1, "t", 1);
    a.sleeps(600);
    b.sleeps(600);
    a.from_broker(publish(0, 0, "t", payload));
    a.from_broker(publish(0, 0, "t", payload));
    b.from_broker(publish(0, 0, "t", payload));
    assert_int_equal(g.counters().downlink_dropped_memory, 0);
    b.from_broker(publish(0, 0, "t", payload));
    a.from_broker(publish(0, 0, "t", payload));
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_memory, 2);
    assert_int_equal(g.count(EventKind::message_dropped), 2);
}

// FAULT-33, FAULT-98: QoS 1 and 2 stay in the broker and are fetched when the device is awake.
void over_the_limit_qos1_stays_in_the_broker(void**) {
    Harness g(memory_for(1));
    const std::string payload(kPayload, 'x');
    const Device hoarder = g.connected("hoarder", false);
    const Device s1 = g.connected("s1", false);
    hoarder.subscribes(1, "t", 1);
    const std::uint16_t id = s1.subscribes(1, "t", 1);
    hoarder.sleeps(6000);
    s1.sleeps(6000);
    hoarder.from_broker(publish(1, 1, "t", payload));
    s1.from_broker(publish(1, 1, "t", "small"));
    g.nothing();  // no acknowledgement: the broker keeps it
    assert_int_equal(g.counters().downlink_left_in_broker, 1);
    assert_int_equal(g.counters().downlink_dropped_memory, 0);
    g.auto_pings = false;
    s1.sends(make_pingreq(view("s1")));
    s1.closes(true);  // a new connection makes the broker send it again
    s1.link_gone(LinkCloseReason::requested);
    s1.opens(Open{false, "", ""});
    s1.accepted(true);
    s1.to_broker(pingreq());                           // has it more?
    s1.from_broker(dup(publish(1, 1, "t", "small")));  // and a device that is awake takes one at a time
    s1.gets(make_publish(flags(1).with_dup(true), id, 1, view("small")));
    s1.sends(make_puback(id, 1, ReturnCode::accepted));
    s1.to_broker(ack(PacketType::puback, 1));
    s1.from_broker(pingresp());
    s1.to_broker(pingreq());  // and now?
    s1.from_broker(pingresp());
    s1.gets(make_pingresp());
}

// Those who sleep cannot starve those who are awake: what goes out at once does not wait.
void sleepers_do_not_starve_devices_that_are_awake(void**) {
    Harness g(memory_for(1));
    const std::string payload(kPayload, 'x');
    const Device hoarder = g.connected("hoarder", false);
    const Device there = g.connected("there");
    hoarder.subscribes(1, "t", 1);
    const std::uint16_t id = there.subscribes(1, "t", 1);
    hoarder.sleeps(6000);
    hoarder.from_broker(publish(1, 1, "t", payload));
    for (std::uint16_t i = 1; i < 20; ++i) {
        there.from_broker(publish(0, 0, "t", payload));
        there.gets(make_publish(flags(0), id, 0, view(payload)));
        there.from_broker(publish(1, i, "t", payload));
        there.gets(make_publish(flags(1), id, i, view(payload)));
        there.sends(make_puback(id, i, ReturnCode::accepted));
        there.to_broker(ack(PacketType::puback, i));
    }
    assert_int_equal(g.counters().downlink_dropped_memory, 0);
}

// Whatever way a message or a device goes, what it had on the common account goes with it.
void room_comes_back_however_messages_go(void**) {
    const std::string payload(kPayload, 'x');
    for (int way = 0; way < 5; ++way) {
        Harness g(memory_for(2));
        const Device d1 = g.connected("d1", true, 60);
        const std::uint16_t id = d1.subscribes(1, "t", 1);
        d1.sleeps(60);
        d1.from_broker(publish(0, 0, "t", payload));
        d1.from_broker(publish(0, 0, "t", payload));
        d1.from_broker(publish(0, 0, "t", payload));
        assert_int_equal(g.counters().downlink_dropped_memory, 1);
        switch (way) {
            case 0:  // delivered
                d1.sends(make_pingreq(view("d1")));
                d1.gets(make_publish(flags(0), id, 0, view(payload)));
                g.take();
                break;
            case 1:  // a new connection, which stays
                d1.sends(make_connect(Flags{}.with_clean_session(true), 60, view("d1")));
                break;
            case 2:  // disconnected
                d1.sends(make_disconnect());
                break;
            case 3:  // lost
                g.advance_seconds(120);
                break;
            default:  // asleep with nothing, by acknowledged messages
                d1.sends(make_pingreq(view("d1")));
                break;
        }
        g.take();
        const Device other = g.connected("other", true);
        other.subscribes(1, "t", 1);
        other.sleeps(60);
        other.from_broker(publish(0, 0, "t", payload));
        other.from_broker(publish(0, 0, "t", payload));
        assert_int_equal(g.counters().downlink_dropped_memory, 1);
        other.from_broker(publish(0, 0, "t", payload));
        assert_int_equal(g.counters().downlink_dropped_memory, 2);
        g.take();
    }
}

// limits.unproven_messages

Settings unproven(std::uint32_t messages) {
    Settings settings;
    settings.limits.unproven_messages = messages;
    settings.retry = RetryPolicy{1000, 2};
    return settings;
}

/// The REGISTER in the next line. @return its MsgId
std::uint16_t takes_register(Harness& g, const Device& device, std::uint16_t topic_id) {
    const std::vector<std::string> lines = g.take();
    const std::string head = "to " + device.label() + ": REGISTER ";
    assert_int_equal(lines.size(), 1);
    assert_true(lines[0].starts_with(head));
    const Octets octets = hex(lines[0].substr(head.size()));
    assert_int_equal((octets[2] << 8) | octets[3], topic_id);
    return static_cast<std::uint16_t>((octets[4] << 8) | octets[5]);
}

// FAULT-29: CONNECT and SUBSCRIBE in the name of another address, and a busy topic at QoS 0.
void qos0_to_an_address_that_never_answered_stops(void**) {
    Harness g(unproven(3));
    const Device victim = g.connected("victim");
    const std::uint16_t id = victim.subscribes(1, "busy", 0);
    for (int i = 0; i < 3; ++i) {
        victim.from_broker(publish(0, 0, "busy", "x"));
        victim.gets(make_publish(flags(0), id, 0, view("x")));
    }
    victim.from_broker(publish(0, 0, "busy", "x"));
    takes_register(g, victim, id);
    for (int i = 0; i < 50; ++i) {
        victim.from_broker(publish(0, 0, "busy", "x"));
    }
    g.nothing();
    for (int i = 0; i < 2; ++i) {  // N_retry
        g.advance_seconds(1);
        takes_register(g, victim, id);
    }
    g.advance_seconds(1);
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_unproven, 51);
    assert_int_equal(g.counters().sessions_lost, 0);
    for (int i = 0; i < 50; ++i) {
        victim.from_broker(publish(0, 0, "busy", "x"));
    }
    g.nothing();
    assert_int_equal(g.counters().downlink_dropped_unproven, 101);
    victim.sends(make_pingreq(Bytes{}));  // one datagram, one message, and another REGISTER
    victim.gets(make_pingresp());
    victim.from_broker(publish(0, 0, "busy", "x"));
    victim.gets(make_publish(flags(0), id, 0, view("x")));
    victim.from_broker(publish(0, 0, "busy", "x"));
    takes_register(g, victim, id);
}

// A device that is there answers, and gets everything from then on, by the id that it knows.
void a_regack_with_our_message_id_opens_the_way(void**) {
    for (const ReturnCode code : {ReturnCode::accepted, ReturnCode::not_supported}) {
        Harness g(unproven(2));
        const Device d1 = g.connected("d1");
        const std::uint16_t id = d1.subscribes(1, "busy", 0);
        for (const char* const text : {"1", "2"}) {
            d1.from_broker(publish(0, 0, "busy", text));
            g.take();
        }
        d1.from_broker(publish(0, 0, "busy", "3"));
        const std::uint16_t message_id = takes_register(g, d1, id);
        d1.from_broker(publish(0, 0, "busy", "4"));
        d1.sends(make_regack(id, static_cast<std::uint16_t>(message_id + 1), code));  // a guess
        g.nothing();
        d1.sends(make_regack(id, message_id, code));
        d1.gets(make_publish(flags(0), id, 0, view("3")));
        d1.gets(make_publish(flags(0), id, 0, view("4")));
        for (int i = 0; i < 50; ++i) {
            d1.from_broker(publish(0, 0, "busy", "x"));
            d1.gets(make_publish(flags(0), id, 0, view("x")));
        }
        assert_int_equal(g.counters().downlink_dropped_unproven, 0);
    }
}

// Also by a pre-defined id, which otherwise needs no REGISTER at all.
void predefined_ids_stay_in_use_after_the_proof(void**) {
    Settings settings = unproven(1);
    settings.predefined_topics = {{7, "busy", "*"}};
    Harness g(settings);
    const Device d1 = g.connected("d1");
    d1.sends(make_subscribe_id(flags(0, TopicIdType::predefined), 1, 7));
    d1.to_broker(subscribe(1, "busy", 0));
    d1.from_broker(suback(1, 0));
    g.take();
    d1.from_broker(publish(0, 0, "busy", "1"));
    d1.gets(make_publish(flags(0, TopicIdType::predefined), 7, 0, view("1")));
    d1.from_broker(publish(0, 0, "busy", "2"));
    const std::uint16_t message_id = takes_register(g, d1, 1);
    d1.sends(make_regack(1, message_id, ReturnCode::not_supported));
    d1.gets(make_publish(flags(0, TopicIdType::predefined), 7, 0, view("2")));
}

// FAULT-29: a sleeper that is woken up from a new address may have been woken up by somebody else.
void a_new_address_must_be_proven_again(void**) {
    Harness g(unproven(1));
    const Device d1 = g.connected("d1", false);
    const std::uint16_t id = d1.subscribes(1, "busy", 0);
    d1.from_broker(publish(0, 0, "busy", "1"));
    g.take();
    d1.from_broker(publish(0, 0, "busy", "2"));
    d1.sends(make_regack(id, takes_register(g, d1, id), ReturnCode::accepted));
    g.take();
    d1.sleeps(600);
    d1.from_broker(publish(0, 0, "busy", "3"));
    Endpoint elsewhere = d1.endpoint();
    elsewhere.address[15] = 99;
    const Device moved(g, "d1", to_string(elsewhere), elsewhere);
    moved.sends(make_pingreq(view("d1")));
    takes_register(g, moved, id);
}

void unproven_zero_is_no_limit(void**) {
    Harness g(unproven(0));
    const Device d1 = g.connected("d1");
    const std::uint16_t id = d1.subscribes(1, "busy", 0);
    for (int i = 0; i < 500; ++i) {
        d1.from_broker(publish(0, 0, "busy", "x"));
        d1.gets(make_publish(flags(0), id, 0, view("x")));
    }
}

// FAULT-25: an acknowledgement cannot be guessed, and says nothing about another session's.
void message_ids_of_registers_begin_at_random(void**) {
    std::vector<std::uint16_t> ids;
    Harness g;
    for (int i = 0; i < 8; ++i) {
        const Device device = g.connected("d" + std::to_string(i));
        device.subscribes(1, "a/#", 1);
        device.from_broker(publish(1, 1, "a/b", "x"));
        ids.push_back(takes_register(g, device, 1));
    }
    std::sort(ids.begin(), ids.end());
    assert_true(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
    assert_true(ids.back() - ids.front() > 1000);
}

// limits.qos_minus_one_per_source_per_second

// FAULT-35: anonymous messages of one network are limited, and keep no state.
void anonymous_messages_of_one_network_are_limited(void**) {
    Settings settings;
    settings.limits.qos_minus_one_per_source_per_second = 4;
    settings.predefined_topics = {{7, "alarm", "*"}};
    Harness g(settings);
    g.own_link(true);
    for (int i = 0; i < 20; ++i) {
        g.device("d" + std::to_string(i))
            .sends(make_publish(flags(-1, TopicIdType::predefined), 7, 0, view("x")));
        if (i < 4) {
            g.to_own_link(publish(0, 0, "alarm", "x"));
        }
        g.nothing();
    }
    assert_int_equal(g.counters().minus_one_published, 4);
    assert_int_equal(g.counters().minus_one_dropped, 16);
    assert_int_equal(g.gateway().session_count(), 0);
    g.advance_seconds(1);
    g.device("e").sends(make_publish(flags(-1, TopicIdType::predefined), 7, 0, view("x")));
    g.to_own_link(publish(0, 0, "alarm", "x"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(qos0_over_the_rate_is_dropped_and_others_are_not),
        cmocka_unit_test(requests_over_the_rate_are_told_congestion),
        cmocka_unit_test(answers_to_unknown_topic_ids_are_limited),
        cmocka_unit_test(rejections_of_qos0_are_answered_ten_times_a_second),
        cmocka_unit_test(no_limit_by_default),
        cmocka_unit_test(a_register_flood_ends_at_the_table_and_repetitions_take_no_room),
        cmocka_unit_test(all_sleepers_together_have_a_limit),
        cmocka_unit_test(over_the_limit_qos1_stays_in_the_broker),
        cmocka_unit_test(sleepers_do_not_starve_devices_that_are_awake),
        cmocka_unit_test(room_comes_back_however_messages_go),
        cmocka_unit_test(qos0_to_an_address_that_never_answered_stops),
        cmocka_unit_test(a_regack_with_our_message_id_opens_the_way),
        cmocka_unit_test(predefined_ids_stay_in_use_after_the_proof),
        cmocka_unit_test(a_new_address_must_be_proven_again),
        cmocka_unit_test(unproven_zero_is_no_limit),
        cmocka_unit_test(message_ids_of_registers_begin_at_random),
        cmocka_unit_test(anonymous_messages_of_one_network_are_limited),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
