// SPDX-License-Identifier: BSD-3-Clause
//
// What waits for a device in the engine `paho`: order, window, repetition, bounds.
#include "gateway/broker/paho_downlink.hpp"

#include <string>

#include "support/cmocka.hpp"

namespace {

using mqttsn::gateway::PahoArrival;
using mqttsn::gateway::PahoDownlink;
using mqttsn::gateway::PahoDownlinkLimits;
using mqttsn::gateway::mqtt::Packet;
using mqttsn::gateway::mqtt::PacketType;

std::uint64_t g_now_ms = 0;

std::size_t push(PahoDownlink& down, const std::string& payload, std::uint8_t qos, std::uint16_t id = 0) {
    auto arrival = std::make_unique<PahoArrival>();
    arrival->topic = "t";
    arrival->payload.assign(payload.begin(), payload.end());
    arrival->qos = qos;
    arrival->id = id;
    return down.push(std::move(arrival), g_now_ms);
}

/// "a1/1 b2/2d r2" = PUBLISH a of QoS 1 with id 1, b of QoS 2 with id 2 and DUP, PUBREL of id 2.
std::string all(PahoDownlink& down) {
    std::string said;
    Packet packet;
    while (down.next(packet)) {
        said += said.empty() ? "" : " ";
        if (packet.type == PacketType::pubrel) {
            said += "r" + std::to_string(packet.packet_id);
            continue;
        }
        said.append(packet.payload.begin(), packet.payload.end());
        said += std::to_string(packet.qos) + "/" + std::to_string(packet.packet_id) + (packet.dup ? "d" : "");
    }
    return said;
}

void acknowledge(PahoDownlink& down, PacketType type, std::uint16_t id) {
    Packet packet;
    packet.type = type;
    packet.packet_id = id;
    down.acknowledge(packet);
}

void messages_come_in_order_under_ids_of_ours(void**) {
    PahoDownlink down({});
    push(down, "a", 0);
    push(down, "b", 1);
    push(down, "c", 2);
    push(down, "d", 0);
    assert_string_equal(all(down).c_str(), "a0/0 b1/1 c2/2 d0/0");
    assert_int_equal(down.size(), 2);
    acknowledge(down, PacketType::puback, 1);
    acknowledge(down, PacketType::pubrec, 2);
    assert_string_equal(all(down).c_str(), "r2");
    acknowledge(down, PacketType::pubcomp, 2);
    assert_true(down.empty());
}

void no_more_than_the_window_is_with_the_core(void**) {
    PahoDownlinkLimits limits;
    limits.window = 2;
    PahoDownlink down(limits);
    for (const char* payload : {"a", "b", "c", "d"}) {
        push(down, payload, 1);
    }
    push(down, "e", 0);
    assert_string_equal(all(down).c_str(), "a1/1 b1/2");
    acknowledge(down, PacketType::puback, 2);
    assert_string_equal(all(down).c_str(), "c1/3");
    acknowledge(down, PacketType::puback, 1);
    acknowledge(down, PacketType::puback, 3);
    assert_string_equal(all(down).c_str(), "d1/4 e0/0");  // QoS 0 does not overtake
}

void acknowledgements_of_nothing_or_of_another_kind_change_nothing(void**) {
    PahoDownlink down({});
    push(down, "a", 1);
    push(down, "b", 2);
    assert_string_equal(all(down).c_str(), "a1/1 b2/2");
    acknowledge(down, PacketType::puback, 2);
    acknowledge(down, PacketType::puback, 9);
    acknowledge(down, PacketType::pubcomp, 2);  // before PUBREC
    acknowledge(down, PacketType::pubrec, 1);
    assert_string_equal(all(down).c_str(), "");
    assert_int_equal(down.size(), 2);
}

/// The device shall be able to let go of an exchange that began before this gateway did.
void an_unknown_pubrec_is_answered_with_pubrel(void**) {
    PahoDownlink down({});
    acknowledge(down, PacketType::pubrec, 77);
    assert_string_equal(all(down).c_str(), "r77");
}

void a_new_connection_of_the_session_repeats_what_is_not_acknowledged(void**) {
    PahoDownlink down({});
    push(down, "a", 1);
    push(down, "b", 2);
    push(down, "c", 2);
    all(down);
    acknowledge(down, PacketType::pubrec, 3);
    push(down, "d", 1);
    down.repeat();
    assert_string_equal(all(down).c_str(), "a1/1d b2/2d r3 d1/4");
}

void a_session_the_broker_has_forgotten_begins_anew(void**) {
    PahoDownlink down({});
    push(down, "a", 1);
    push(down, "b", 2);
    push(down, "c", 2);
    all(down);
    acknowledge(down, PacketType::pubrec, 3);
    down.begin_anew();
    assert_string_equal(all(down).c_str(), "a1/4 b2/5");
}

/// FAULT-77: the connection broke before the broker had Paho's PUBREC.
void a_qos2_message_that_the_broker_repeats_is_taken_once(void**) {
    PahoDownlink down({});
    push(down, "a", 2, 5);
    push(down, "b", 2, 6);
    push(down, "c", 1, 7);
    assert_string_equal(all(down).c_str(), "a2/1 b2/2 c1/3");
    down.connection_lost(g_now_ms);
    down.repeat();
    down.connection_lost(g_now_ms);  // and at once again
    down.repeat();
    push(down, "b", 2, 6);
    push(down, "c", 1, 7);  // at least once
    push(down, "d", 2, 8);
    push(down, "a", 2, 5);  // behind a new one
    assert_string_equal(all(down).c_str(), "a2/1d b2/2d c1/3d c1/4 d2/5");
    down.connection_lost(g_now_ms);
    down.repeat();
    push(down, "x", 2, 8);  // the same id for another message: the broker counts anew
    push(down, "a", 2, 5);
    assert_int_equal(down.size(), 7);
}

/// FAULT-77: mosquitto 2.0.11 sends some of it again only on the connection after next.
void what_was_not_repeated_at_once_is_known_after_the_next_loss_too(void**) {
    PahoDownlink down({});
    push(down, "a", 2, 5);
    push(down, "b", 2, 6);
    down.connection_lost(g_now_ms);
    push(down, "a", 2, 5);
    push(down, "c", 2, 7);
    down.connection_lost(g_now_ms);
    push(down, "d", 2, 8);
    push(down, "b", 2, 6);
    assert_int_equal(down.size(), 4);
}

void what_comes_long_after_the_connection_is_back_is_new(void**) {
    PahoDownlink down({});
    push(down, "toggle", 2, 1);
    down.connection_lost(g_now_ms);
    push(down, "other", 2, 2);
    g_now_ms += mqttsn::gateway::SeenMessages::kRecentMs + 1;
    push(down, "toggle", 2, 1);
    assert_int_equal(down.size(), 3);
}

/// A broker that has restarted counts from 1 again.
void an_old_id_and_content_is_a_new_message_when_the_old_one_had_time_to_end(void**) {
    PahoDownlink down({});
    push(down, "toggle", 2, 1);
    g_now_ms += mqttsn::gateway::SeenMessages::kRecentMs + 1;
    down.connection_lost(g_now_ms);
    down.repeat();
    push(down, "toggle", 2, 1);
    assert_int_equal(down.size(), 2);
}

void a_broker_that_forgot_the_session_repeats_nothing(void**) {
    PahoDownlink down({});
    push(down, "toggle", 2, 1);
    all(down);
    acknowledge(down, PacketType::pubrec, 1);
    all(down);
    acknowledge(down, PacketType::pubcomp, 1);
    assert_true(down.empty() && !down.forgettable());
    down.connection_lost(g_now_ms);
    down.begin_anew();
    assert_true(down.forgettable());
    push(down, "toggle", 2, 1);
    assert_string_equal(all(down).c_str(), "toggle2/2");
}

void ids_in_use_are_not_given_again(void**) {
    PahoDownlinkLimits limits;
    limits.window = 2;
    PahoDownlink down(limits);
    push(down, "stays", 1);
    assert_string_equal(all(down).c_str(), "stays1/1");
    for (int i = 0; i < 65534; ++i) {
        push(down, "x", 1);
        Packet packet;
        assert_true(down.next(packet));
        acknowledge(down, PacketType::puback, packet.packet_id);
    }
    push(down, "y", 1);
    assert_string_equal(all(down).c_str(), "y1/2");
}

void a_full_queue_drops_the_oldest_qos0_then_the_oldest(void**) {
    PahoDownlinkLimits limits;
    limits.messages_max = 4;
    PahoDownlink down(limits);
    assert_int_equal(push(down, "a", 1) + push(down, "b", 1) + push(down, "c", 0) + push(down, "d", 0), 0);
    assert_int_equal(push(down, "e", 1), 1);  // c goes
    assert_int_equal(push(down, "f", 2), 1);  // d goes
    assert_int_equal(push(down, "g", 0), 1);  // nothing of QoS 0 waits: g itself
    assert_int_equal(push(down, "h", 1), 1);  // a goes
    assert_int_equal(down.size(), 4);
    assert_string_equal(all(down).c_str(), "b1/1 e1/2 f2/3 h1/4");
}

void what_the_core_has_is_never_dropped_for_a_newcomer(void**) {
    PahoDownlinkLimits limits;
    limits.messages_max = 2;
    PahoDownlink down(limits);
    push(down, "a", 1);
    push(down, "b", 1);
    all(down);
    assert_int_equal(push(down, "c", 1), 1);
    acknowledge(down, PacketType::puback, 1);
    assert_int_equal(push(down, "d", 1), 0);
    assert_string_equal(all(down).c_str(), "d1/3");
}

void octets_are_bounded_too_and_come_back(void**) {
    PahoDownlinkLimits limits;
    limits.octets_max = 1000;
    PahoDownlink down(limits);
    assert_int_equal(push(down, std::string(5000, 'x'), 1), 0);  // alone it passes
    assert_int_equal(push(down, "a", 1), 1);                     // the large one goes for it
    assert_string_equal(all(down).c_str(), "a1/1");
    acknowledge(down, PacketType::puback, 1);
    for (int round = 0; round < 1000; ++round) {
        assert_int_equal(push(down, std::string(600, 'x'), 0), 0);
        all(down);
    }
    assert_true(down.empty());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_in_order_under_ids_of_ours),
        cmocka_unit_test(no_more_than_the_window_is_with_the_core),
        cmocka_unit_test(acknowledgements_of_nothing_or_of_another_kind_change_nothing),
        cmocka_unit_test(an_unknown_pubrec_is_answered_with_pubrel),
        cmocka_unit_test(a_new_connection_of_the_session_repeats_what_is_not_acknowledged),
        cmocka_unit_test(a_session_the_broker_has_forgotten_begins_anew),
        cmocka_unit_test(a_qos2_message_that_the_broker_repeats_is_taken_once),
        cmocka_unit_test(what_was_not_repeated_at_once_is_known_after_the_next_loss_too),
        cmocka_unit_test(what_comes_long_after_the_connection_is_back_is_new),
        cmocka_unit_test(an_old_id_and_content_is_a_new_message_when_the_old_one_had_time_to_end),
        cmocka_unit_test(a_broker_that_forgot_the_session_repeats_nothing),
        cmocka_unit_test(ids_in_use_are_not_given_again),
        cmocka_unit_test(a_full_queue_drops_the_oldest_qos0_then_the_oldest),
        cmocka_unit_test(what_the_core_has_is_never_dropped_for_a_newcomer),
        cmocka_unit_test(octets_are_bounded_too_and_come_back),
    };
    return cmocka_run_group_tests_name("paho_downlink", tests, nullptr, nullptr);
}
