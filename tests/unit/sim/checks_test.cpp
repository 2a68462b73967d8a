// SPDX-License-Identifier: BSD-3-Clause
//
// Every checker can fail (tests/sim/checks.hpp): each promise is broken once and the checker says so; the
// same with the excuse, and it says nothing.
#include "unit/sim/checks_bench.hpp"

using namespace test;

namespace {

// ---- on the wire, from the gateway

void a_malformed_datagram_of_the_gateway_is_a_breach(void**) {
    ChecksBench bench;
    WireMessage message = ChecksBench::of(WireType::puback, 1);
    ASSERT_KEPT(bench.gateway_sends(message));
    message.valid = false;
    ASSERT_BREACH(bench.gateway_sends(message), "the gateway sent a malformed datagram to a");
}

void a_sleeper_gets_nothing_that_the_gateway_begins(void**) {
    for (const WireType type :
         {WireType::publish, WireType::register_topic, WireType::pubrel, WireType::pingreq}) {
        ChecksBench bench;
        const WireMessage message =
            type == WireType::publish ? bench.publish(bench.down(0), 0, 0) : ChecksBench::of(type, 1);
        ASSERT_KEPT(bench.gateway_sends(message));  // active
        bench.falls_asleep();
        ASSERT_BREACH(bench.gateway_sends(message), "a sleeps and was sent ");
    }
}

void a_sleeper_gets_answers(void**) {
    ChecksBench bench;
    bench.falls_asleep();
    ASSERT_KEPT(bench.gateway_sends(ChecksBench::of(WireType::puback, 1), true));
    ASSERT_KEPT(bench.gateway_sends(ChecksBench::of(WireType::pubrel, 1), true));
    ASSERT_BREACH(bench.gateway_sends(bench.publish(bench.down(1), 1, 1), true), "a sleeps");
}

void awake_ends_with_the_pingresp(void**) {
    ChecksBench bench;
    WireMessage message = bench.publish(bench.down(1), 1, 1);
    bench.falls_asleep();
    ASSERT_BREACH(bench.gateway_sends(message), "a sleeps");
    for (const bool with_id : {true, false}) {  // D14
        bench.gateway_gets(with_id ? ChecksBench::with_more(WireType::pingreq)
                                   : ChecksBench::of(WireType::pingreq));
        ASSERT_KEPT(bench.gateway_sends(message));
        message.dup = true;
        bench.gateway_sends(ChecksBench::of(WireType::pingresp));
        ASSERT_BREACH(bench.gateway_sends(message), "a sleeps");
    }
}

void sleep_ends_with_connect_a_disconnect_or_the_gateway(void**) {
    ChecksBench bench;
    const WireMessage message = bench.publish(bench.down(1), 1, 1, true);
    bench.falls_asleep();
    bench.gateway_gets(ChecksBench::of(WireType::connect));
    ASSERT_KEPT(bench.gateway_sends(message));
    bench.falls_asleep();
    bench.gateway_gets(ChecksBench::of(WireType::disconnect));
    ASSERT_KEPT(bench.gateway_sends(message));
    bench.falls_asleep();
    bench.checks.gateway_restarted();
    ASSERT_KEPT(bench.gateway_sends(message));
}

void nobody_sleeps_before_the_gateway_has_agreed(void**) {
    ChecksBench bench;
    const WireMessage message = bench.publish(bench.down(1), 1, 1);
    bench.gateway_gets(ChecksBench::with_more(WireType::disconnect));
    ASSERT_KEPT(bench.gateway_sends(message));
    bench.gateway_gets(ChecksBench::of(WireType::puback, 1));
    bench.gateway_sends(ChecksBench::of(WireType::disconnect), true);  // "I do not know you", to the PUBACK
    ASSERT_KEPT(bench.gateway_sends(message));
}

void qos_minus_one_does_not_go_down(void**) {
    ChecksBench bench;
    ASSERT_BREACH(bench.gateway_sends(bench.publish(bench.down(0), -1, 0)), "the gateway sent QoS -1 to a");
}

void only_qos_0_goes_without_a_message_id(void**) {
    ChecksBench bench;
    ASSERT_KEPT(bench.gateway_sends(bench.publish(bench.down(0), 0, 0)));
    ASSERT_BREACH(bench.gateway_sends(bench.publish(bench.down(1), 1, 0)), "MsgId 0 at QoS 1 to a");
    ASSERT_BREACH(bench.gateway_sends(bench.publish(bench.down(2), 2, 0)), "MsgId 0 at QoS 2 to a");
}

void an_id_in_flight_to_a_device_is_not_used_for_another_message(void**) {
    ChecksBench bench;
    const WireMessage first = bench.publish(bench.down(1), 1, 7);
    const WireMessage second = bench.publish(bench.down(1), 1, 7);
    ASSERT_KEPT(bench.gateway_sends(first));
    WireMessage again = first;
    again.dup = true;
    ASSERT_KEPT(bench.gateway_sends(again));
    ASSERT_BREACH(bench.gateway_sends(first), "not marked DUP");  // D29
    ASSERT_BREACH(bench.gateway_sends(second), "MsgId 7 to a is in flight for another message");
    bench.gateway_gets(ChecksBench::of(WireType::puback, 8));
    ASSERT_BREACH(bench.gateway_sends(second), "MsgId 7 to a");
    bench.gateway_gets(ChecksBench::of(WireType::puback, 7));
    ASSERT_KEPT(bench.gateway_sends(second));
}

void an_id_of_qos_2_is_in_flight_until_pubcomp(void**) {
    ChecksBench bench;
    ASSERT_KEPT(bench.gateway_sends(bench.publish(bench.down(2), 2, 7)));
    bench.gateway_gets(ChecksBench::of(WireType::pubrec, 7));
    ASSERT_BREACH(bench.gateway_sends(bench.publish(bench.down(2), 2, 7)), "MsgId 7 to a");
    bench.gateway_gets(ChecksBench::of(WireType::pubcomp, 7));
    ASSERT_KEPT(bench.gateway_sends(bench.publish(bench.down(2), 2, 7)));
}

void ids_begin_anew_with_a_connection_a_session_or_a_gateway(void**) {
    ChecksBench bench;
    const auto next = [&] { return bench.gateway_sends(bench.publish(bench.down(1), 1, 7)); };
    ASSERT_KEPT(next());
    bench.gateway_gets(ChecksBench::of(WireType::connect));
    ASSERT_KEPT(next());
    bench.checks.session_begins("a");
    ASSERT_KEPT(next());
    bench.checks.gateway_restarted();
    ASSERT_KEPT(next());
    bench.checks.session_begins("b");  // another device's
    ASSERT_BREACH(next(), "MsgId 7 to a");
}

/// The one loss of QoS 2 that nobody can help: gateway killed, broker's session gone, the device still holds
/// the id.
void a_reused_id_that_only_the_device_remembers_excuses_the_message_under_it(void**) {
    ChecksBench bench;
    const std::uint32_t held = bench.down(2);
    bench.gateway_sends(bench.publish(held, 2, 7));
    bench.comes_down(held);
    bench.checks.gateway_restarted();
    bench.checks.session_begins("a");
    const std::uint32_t under_it = bench.down(2);
    ASSERT_KEPT(bench.gateway_sends(bench.publish(under_it, 2, 7)));
    ASSERT_KEPT(bench.at_the_end());
    assert_int_equal(bench.checks.missing(), 0);
}

void a_reused_id_that_the_gateway_remembers_excuses_nothing(void**) {
    ChecksBench bench;
    const std::uint32_t held = bench.down(2);
    bench.gateway_sends(bench.publish(held, 2, 7));
    bench.comes_down(held);
    bench.checks.session_begins("a");
    ASSERT_KEPT(bench.gateway_sends(bench.publish(bench.down(2), 2, 7)));
    assert_int_equal(bench.checks.missing(), 1);
    ASSERT_BREACH(bench.at_the_end(), "was lost");
}

// ---- on the wire, from the device

void a_malformed_datagram_of_a_device_is_a_breach(void**) {
    ChecksBench bench;
    WireMessage message = ChecksBench::of(WireType::pubrel, 1);
    message.valid = false;
    ASSERT_BREACH(bench.device_sends(message), "a sent a malformed datagram");
}

void a_device_sends_only_what_its_application_gave_it(void**) {
    ChecksBench bench;
    ASSERT_BREACH(bench.device_sends(bench.publish(0, 1, 1)), "a sent a payload that nobody gave it");
}

void qos_0_and_minus_1_are_transmitted_once(void**) {
    for (const int qos : {0, -1}) {
        ChecksBench bench;
        const WireMessage message = bench.publish(bench.up(qos), qos, 0);
        ASSERT_KEPT(bench.device_sends(message));
        ASSERT_BREACH(bench.device_sends(message), "was transmitted twice");
    }
}

void dup_marks_repetitions_and_nothing_else(void**) {
    for (const int qos : {1, 2}) {
        ChecksBench bench;
        const std::uint32_t number = bench.up(qos);
        ASSERT_BREACH(bench.device_sends(bench.publish(number, qos, 1, true)),
                      "DUP is wrong in transmission 1");
        ASSERT_KEPT(bench.device_sends(bench.publish(number, qos, 1, true)));
        ASSERT_BREACH(bench.device_sends(bench.publish(number, qos, 1, false)),
                      "DUP is wrong in transmission 3");
    }
}

void an_id_in_flight_from_a_device_is_not_used_for_another_message(void**) {
    ChecksBench bench;
    const std::uint32_t first = bench.up(1);
    ASSERT_KEPT(bench.device_sends(bench.publish(first, 1, 9)));
    ASSERT_BREACH(bench.device_sends(bench.publish(bench.up(1), 1, 9)), "MsgId 9 of a is in flight");
    bench.published(first);
    bench.delivered(first);
    ASSERT_KEPT(bench.device_sends(bench.publish(bench.up(1), 1, 9)));
    bench.checks.device_lost_memory(0);
    ASSERT_KEPT(bench.device_sends(bench.publish(bench.up(1), 1, 9)));
}

// ---- repetitions: the devices' N_retry is 3, the gateway's here 2

void a_device_gives_up_after_n_retry_repetitions_and_not_before(void**) {
    struct {
        WireType type;
        int lost_code;
    } const kinds[] = {{WireType::connect, MQTTSN_LOST_CONNECT},
                       {WireType::register_topic, MQTTSN_LOST_PUBLISH},
                       {WireType::pubrel, MQTTSN_LOST_PUBLISH},
                       {WireType::subscribe, MQTTSN_LOST_SUBSCRIBE},
                       {WireType::disconnect, MQTTSN_LOST_DISCONNECT}};
    for (const auto& kind : kinds) {
        for (const int transmissions : {3, 4, 5}) {
            ChecksBench bench;
            const std::uint32_t number = bench.up(2);
            bench.device_sends(bench.publish(number, 2, 5));  // what PUBREL belongs to
            for (int count = 0; count < transmissions; ++count) {
                ASSERT_KEPT(bench.device_sends(ChecksBench::of(kind.type, 5)));
            }
            const std::string breach = bench.device_is(MQTTSN_EVENT_LOST, kind.lost_code);
            if (transmissions == 4) {
                ASSERT_KEPT(breach);
            } else {
                ASSERT_BREACH(breach, "a gave up after " + std::to_string(transmissions) +
                                          " transmissions in place of 4");
            }
        }
    }
}

void an_answer_begins_the_count_anew(void**) {
    ChecksBench bench;
    for (int count = 0; count < 2; ++count) {
        bench.device_sends(ChecksBench::of(WireType::subscribe, 5));
    }
    bench.checks.input(0, ChecksBench::of(WireType::suback, 5));
    for (int count = 0; count < 3; ++count) {
        bench.device_sends(ChecksBench::of(WireType::subscribe, 5));
    }
    ASSERT_BREACH(bench.device_is(MQTTSN_EVENT_LOST, MQTTSN_LOST_SUBSCRIBE),
                  "a gave up after 3 transmissions");
}

void the_gateway_gives_up_after_n_retry_repetitions_and_not_before(void**) {
    for (const int transmissions : {1, 2, 3, 4}) {  // more: the device may have asked again
        ChecksBench bench;
        const WireMessage message = bench.publish(bench.down(1), 1, 5);
        for (int count = 0; count < transmissions; ++count) {
            bench.gateway_sends(message);
        }
        if (transmissions >= 3) {
            ASSERT_KEPT(bench.gateway_loses());
        } else {
            ASSERT_BREACH(bench.gateway_loses(), "the gateway gave a up after " +
                                                     std::to_string(transmissions) +
                                                     " transmissions in place of 3");
        }
    }
}

void a_device_may_be_lost_for_other_reasons_at_any_time(void**) {
    ChecksBench bench;
    bench.gateway_sends(bench.publish(bench.down(1), 1, 5));
    ASSERT_KEPT(bench.gateway_loses("keep alive"));
    ASSERT_KEPT(bench.device_is(MQTTSN_EVENT_DISCONNECTED));
}

// D32
void no_more_messages_than_the_window_wait_for_the_broker(void**) {
    ChecksBench bench;
    mqttsn::gateway::mqtt::Packet packet;
    packet.type = mqttsn::gateway::mqtt::PacketType::publish;
    packet.qos = 1;
    const auto send = [&](std::uint16_t id) {
        packet.packet_id = id;
        return bench.broker_gets(packet, 2);
    };
    ASSERT_KEPT(send(1));
    ASSERT_KEPT(send(1));  // again
    ASSERT_KEPT(send(2));
    ASSERT_BREACH(send(3), "limits.uplink_window is 2");
    bench.checks.link_gone({});
    ASSERT_KEPT(send(4));
    ASSERT_KEPT(send(5));
    packet.type = mqttsn::gateway::mqtt::PacketType::pubrec;
    bench.checks.packet_from_broker({}, packet);
    packet.type = mqttsn::gateway::mqtt::PacketType::publish;
    ASSERT_KEPT(send(6));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(no_more_messages_than_the_window_wait_for_the_broker),
        cmocka_unit_test(a_malformed_datagram_of_the_gateway_is_a_breach),
        cmocka_unit_test(a_sleeper_gets_nothing_that_the_gateway_begins),
        cmocka_unit_test(a_sleeper_gets_answers),
        cmocka_unit_test(awake_ends_with_the_pingresp),
        cmocka_unit_test(sleep_ends_with_connect_a_disconnect_or_the_gateway),
        cmocka_unit_test(nobody_sleeps_before_the_gateway_has_agreed),
        cmocka_unit_test(qos_minus_one_does_not_go_down),
        cmocka_unit_test(only_qos_0_goes_without_a_message_id),
        cmocka_unit_test(an_id_in_flight_to_a_device_is_not_used_for_another_message),
        cmocka_unit_test(an_id_of_qos_2_is_in_flight_until_pubcomp),
        cmocka_unit_test(ids_begin_anew_with_a_connection_a_session_or_a_gateway),
        cmocka_unit_test(a_reused_id_that_only_the_device_remembers_excuses_the_message_under_it),
        cmocka_unit_test(a_reused_id_that_the_gateway_remembers_excuses_nothing),
        cmocka_unit_test(a_malformed_datagram_of_a_device_is_a_breach),
        cmocka_unit_test(a_device_sends_only_what_its_application_gave_it),
        cmocka_unit_test(qos_0_and_minus_1_are_transmitted_once),
        cmocka_unit_test(dup_marks_repetitions_and_nothing_else),
        cmocka_unit_test(an_id_in_flight_from_a_device_is_not_used_for_another_message),
        cmocka_unit_test(a_device_gives_up_after_n_retry_repetitions_and_not_before),
        cmocka_unit_test(an_answer_begins_the_count_anew),
        cmocka_unit_test(the_gateway_gives_up_after_n_retry_repetitions_and_not_before),
        cmocka_unit_test(a_device_may_be_lost_for_other_reasons_at_any_time),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
