// SPDX-License-Identifier: BSD-3-Clause
//
// Exchanges of the device when the gateway or the link to the broker goes away in the middle (FAULT-73,
// FAULT-77, FAULT-78), QoS the broker does not do, and QoS -1 (session_uplink.cpp).
#include <string>

#include "gateway/core/session_uplink.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using mqttsn::gateway::AboveMaxQos;
using mqttsn::gateway::QosMinusOne;
using PacketType = mqtt::PacketType;

namespace {

const Open kKeep{false, "", ""};

Message publish_of(int qos, std::uint16_t topic_id, std::uint16_t message_id, std::string_view payload = "x",
                   bool repeated = false) {
    return make_publish(flags(qos).with_dup(repeated), topic_id, message_id, view(payload));
}

/// A device without clean session and the id 1 for "a"; not supervised within these tests.
Device ready(Harness& g) {
    const Device d1 = g.connected("d1", false, 600);
    d1.registers(1, "a");
    return d1;
}

// The link breaks (session present: the broker has kept what it acknowledged)

// FAULT-73
void qos1_unacked_when_the_link_broke_goes_up_again_when_repeated(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.sends(publish_of(1, 1, 2));
    d1.to_broker(publish(1, 2, "a", "x"));
    d1.link_gone();
    d1.sends(publish_of(1, 1, 2, "x", true));
    g.nothing();  // no PUBACK by the gateway: only the broker's counts
    d1.link_returns(true, kKeep);
    g.nothing();
    d1.sends(publish_of(1, 1, 2, "x", true));
    d1.to_broker(dup(publish(1, 2, "a", "x")));
    d1.sends(publish_of(1, 1, 2, "x", true));
    g.nothing();
    d1.from_broker(ack(PacketType::puback, 2));
    d1.gets(make_puback(1, 2, ReturnCode::accepted));
}

// FAULT-77, FAULT-78
void qos2_goes_on_after_the_link_broke_before_pubrec(void**) {
    for (const bool present : {true, false}) {
        Harness g;
        const Device d1 = ready(g);
        d1.sends(publish_of(2, 1, 2));
        d1.to_broker(publish(2, 2, "a", "x"));
        d1.link_drops_and_returns(present, kKeep);
        d1.sends(publish_of(2, 1, 2, "x", true));
        d1.to_broker(dup(publish(2, 2, "a", "x")));
        d1.from_broker(ack(PacketType::pubrec, 2));
        d1.gets(make_pubrec(2));
        d1.sends(make_pubrel(2));
        d1.to_broker(ack(PacketType::pubrel, 2));
        d1.from_broker(ack(PacketType::pubcomp, 2));
        d1.gets(make_pubcomp(2));
    }
}

// FAULT-77
void qos2_goes_on_after_the_link_broke_between_pubrec_and_pubrel(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.sends(publish_of(2, 1, 2));
    d1.to_broker(publish(2, 2, "a", "x"));
    d1.from_broker(ack(PacketType::pubrec, 2));
    d1.gets(make_pubrec(2));
    d1.link_gone();
    d1.sends(publish_of(2, 1, 2, "x", true));  // our PUBREC was lost
    d1.gets(make_pubrec(2));
    d1.sends(make_pubrel(2));
    g.nothing();
    d1.link_returns(true, kKeep);
    d1.sends(make_pubrel(2));
    d1.to_broker(ack(PacketType::pubrel, 2));
    d1.from_broker(ack(PacketType::pubcomp, 2));
    d1.gets(make_pubcomp(2));
}

// FAULT-77
void qos2_goes_on_after_the_link_broke_before_pubcomp(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.sends(publish_of(2, 1, 2));
    d1.to_broker(publish(2, 2, "a", "x"));
    d1.from_broker(ack(PacketType::pubrec, 2));
    d1.gets(make_pubrec(2));
    d1.sends(make_pubrel(2));
    d1.to_broker(ack(PacketType::pubrel, 2));
    d1.link_drops_and_returns(true, kKeep);
    d1.sends(make_pubrel(2));
    d1.to_broker(ack(PacketType::pubrel, 2));
    d1.sends(make_pubrel(2));
    g.nothing();
    d1.from_broker(ack(PacketType::pubcomp, 2));
    d1.gets(make_pubcomp(2));
}

// The gateway was restarted: it knows nothing, the broker and the device know all (design 1.2)

// FAULT-59, FAULT-80
void repeated_publish_after_a_restart_goes_up_under_the_same_id_with_dup(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.sends(publish_of(2, 1, 2, "x", true));
    d1.to_broker(dup(publish(2, 2, "a", "x")));
    d1.from_broker(ack(PacketType::pubrec, 2));
    d1.gets(make_pubrec(2));
}

// FAULT-42, FAULT-80
void pubrel_of_an_unknown_id_goes_up_and_pubcomp_comes_back(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.sends(make_pubrel(77));
    d1.to_broker(ack(PacketType::pubrel, 77));
    d1.sends(make_pubrel(77));
    g.nothing();
    d1.from_broker(ack(PacketType::pubcomp, 77));
    d1.gets(make_pubcomp(77));
}

// PUBREC would be a lie: the broker has not seen this message.
void publish_under_an_id_being_released_waits_for_its_pubcomp(void**) {
    Harness g;
    const Device d1 = ready(g);
    d1.sends(make_pubrel(77));
    d1.to_broker(ack(PacketType::pubrel, 77));
    d1.sends(publish_of(2, 1, 77));
    g.nothing();
    d1.from_broker(ack(PacketType::pubcomp, 77));
    g.nothing();  // the device would take it for an answer to the new message
    d1.sends(publish_of(2, 1, 77, "x", true));
    d1.to_broker(dup(publish(2, 77, "a", "x")));
}

// FAULT-43
void unknown_pubrels_are_bounded_by_the_window(void**) {
    Harness g;
    const Device d1 = ready(g);
    for (std::uint16_t id = 1; id <= 4; ++id) {
        d1.sends(make_pubrel(id));
        d1.to_broker(ack(PacketType::pubrel, id));
    }
    d1.sends(make_pubrel(5));
    g.nothing();
    d1.from_broker(ack(PacketType::pubcomp, 1));
    d1.gets(make_pubcomp(1));
    d1.sends(make_pubrel(5));
    d1.to_broker(ack(PacketType::pubrel, 5));
}

// [broker] max_qos

// D27, TRAP-60
void qos_above_the_broker_s_is_refused(void**) {
    Settings settings;
    settings.broker.max_qos = 1;
    Harness g(settings);
    const Device d1 = ready(g);
    d1.sends(publish_of(2, 1, 2));
    d1.gets(make_puback(1, 2, ReturnCode::not_supported));  // D27
    d1.sends(publish_of(1, 1, 3));
    d1.to_broker(publish(1, 3, "a", "x"));
}

// TRAP-60
void qos2_is_downgraded_to_qos1_with_the_whole_dialogue_for_the_device(void**) {
    Settings settings;
    settings.broker.max_qos = 1;
    settings.broker.above_max_qos = AboveMaxQos::downgrade;
    Harness g(settings);
    const Device d1 = ready(g);
    d1.sends(publish_of(2, 1, 2));
    d1.to_broker(publish(1, 2, "a", "x"));
    d1.sends(make_pubrel(2));  // not yet
    g.nothing();
    d1.from_broker(ack(PacketType::puback, 2));
    d1.gets(make_pubrec(2));
    d1.sends(make_pubrel(2));
    d1.gets(make_pubcomp(2));
    d1.sends(make_pubrel(2));  // our PUBCOMP was lost; the broker must not see a PUBREL
    d1.gets(make_pubcomp(2));
}

void qos_is_downgraded_to_qos0_and_the_gateway_acknowledges(void**) {
    Settings settings;
    settings.broker.max_qos = 0;
    settings.broker.above_max_qos = AboveMaxQos::downgrade;
    Harness g(settings);
    const Device d1 = ready(g);
    d1.sends(publish_of(1, 1, 2));
    d1.to_broker(publish(0, 0, "a", "x"));
    d1.gets(make_puback(1, 2, ReturnCode::accepted));
    d1.sends(publish_of(2, 1, 3));
    d1.to_broker(publish(0, 0, "a", "x"));
    d1.gets(make_pubrec(3));
    d1.sends(publish_of(2, 1, 3, "x", true));
    d1.gets(make_pubrec(3));
    d1.sends(make_pubrel(3));
    d1.gets(make_pubcomp(3));
    g.nothing();
}

// QoS -1 (SN12-82, SN12-118, D26, D47, FAULT-35, FAULT-36)

Settings with_minus_one(QosMinusOne allowed) {
    Settings settings;
    settings.listeners[0].qos_minus_one = allowed;
    settings.predefined_topics = {{1, "all", "*"}, {2, "own/{client_id}", "*"}};
    return settings;
}

// SN12-82, SN12-118, D26, FAULT-35, FAULT-36
void qos_minus_one_goes_up_on_the_own_link_and_is_never_answered(void**) {
    Harness g(with_minus_one(QosMinusOne::predefined));
    const Device d1 = g.device("d1");
    d1.sends("08 0C 61 00 01 00 00 78");  // no broker yet
    g.nothing();
    g.own_link(true);
    d1.sends("08 0C 61 00 01 00 00 78");
    g.to_own_link(publish(0, 0, "all", "x"));
    d1.sends(make_publish(flags(-1, TopicIdType::predefined).with_retain(true), 1, 9, view("y")));
    g.to_own_link(retained(publish(0, 0, "all", "y")));
    d1.sends("08 0C 61 00 02 00 00 78");  // needs a client id
    d1.sends("08 0C 61 00 07 00 00 78");  // unknown
    d1.sends("08 0C 62 61 62 00 00 78");  // short names are not allowed here
    d1.sends("0B 0C 60 00 03 00 00 61 2F 62 78");
    d1.sends("08 0C 63 00 01 00 00 78");
    g.nothing();
    assert_int_equal(g.counters().minus_one_published, 2);
    assert_int_equal(g.counters().minus_one_dropped, 6);
    assert_int_equal(g.gateway().session_count(), 0);
    g.own_link(false);
    d1.sends("08 0C 61 00 01 00 00 78");
    g.nothing();
}

// D47, FAULT-36
void qos_minus_one_all_takes_short_and_full_names(void**) {
    Harness g(with_minus_one(QosMinusOne::all));
    g.own_link(true);
    const Device d1 = g.device("d1");
    d1.sends("08 0C 62 61 62 00 00 78");
    g.to_own_link(publish(0, 0, "ab", "x"));
    d1.sends("0B 0C 60 00 03 00 00 61 2F 62 78");  // D47
    g.to_own_link(publish(0, 0, "a/b", "x"));
    d1.sends("0A 0C 60 00 03 00 00 61 2F 62");  // the name fills it, the payload is empty
    g.to_own_link(publish(0, 0, "a/b", ""));
    d1.sends("0A 0C 60 00 04 00 00 61 2F 62");  // the name would be longer than the data
    d1.sends("0A 0C 60 FF FF 00 00 61 2F 62");
    d1.sends("0A 0C 60 00 00 00 00 61 2F 62");
    d1.sends("0A 0C 60 00 03 00 00 61 2F 23");  // a wildcard
    d1.sends("08 0C 62 61 23 00 00 78");
    d1.sends("08 0C 63 00 01 00 00 78");
    g.nothing();
    assert_int_equal(g.counters().minus_one_dropped, 6);
}

// FAULT-35
void qos_minus_one_off_takes_nothing(void**) {
    Harness g(with_minus_one(QosMinusOne::off));
    g.own_link(true);
    const Device d1 = g.device("d1");
    d1.sends("08 0C 61 00 01 00 00 78");
    d1.sends("08 0C 62 61 62 00 00 78");
    g.nothing();
    assert_int_equal(g.counters().minus_one_dropped, 2);
}

void qos_minus_one_of_a_connected_device_knows_its_client_id(void**) {
    Harness g(with_minus_one(QosMinusOne::predefined));
    g.own_link(true);
    const Device d1 = g.connected("d1");
    d1.sends("08 0C 61 00 02 00 00 78");
    g.to_own_link(publish(0, 0, "own/d1", "x"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(qos1_unacked_when_the_link_broke_goes_up_again_when_repeated),
        cmocka_unit_test(qos2_goes_on_after_the_link_broke_before_pubrec),
        cmocka_unit_test(qos2_goes_on_after_the_link_broke_between_pubrec_and_pubrel),
        cmocka_unit_test(qos2_goes_on_after_the_link_broke_before_pubcomp),
        cmocka_unit_test(repeated_publish_after_a_restart_goes_up_under_the_same_id_with_dup),
        cmocka_unit_test(pubrel_of_an_unknown_id_goes_up_and_pubcomp_comes_back),
        cmocka_unit_test(publish_under_an_id_being_released_waits_for_its_pubcomp),
        cmocka_unit_test(unknown_pubrels_are_bounded_by_the_window),
        cmocka_unit_test(qos_above_the_broker_s_is_refused),
        cmocka_unit_test(qos2_is_downgraded_to_qos1_with_the_whole_dialogue_for_the_device),
        cmocka_unit_test(qos_is_downgraded_to_qos0_and_the_gateway_acknowledges),
        cmocka_unit_test(qos_minus_one_goes_up_on_the_own_link_and_is_never_answered),
        cmocka_unit_test(qos_minus_one_all_takes_short_and_full_names),
        cmocka_unit_test(qos_minus_one_off_takes_nothing),
        cmocka_unit_test(qos_minus_one_of_a_connected_device_knows_its_client_id),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
