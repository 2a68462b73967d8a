// SPDX-License-Identifier: BSD-3-Clause
//
// What the gateway owes a device when the broker has forgotten its session: ids begin anew there, and the
// device must not take a new message for an old one, nor a PUBCOMP for the truth. All found by the simulation
// (tests/sim).
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using mqttsn::gateway::mqtt::PacketType;

namespace {

const Open kKeep{.clean = false};

Message publish_to(int qos, unsigned id, std::string_view payload, bool again = false) {
    return make_publish(flags(qos).with_dup(again), 1, static_cast<std::uint16_t>(id), view(payload));
}

/// A device with a kept session that knows topic id 1 = "a".
Device subscriber(Harness& g) {
    const Device d1 = g.connected("d1", false);
    d1.subscribes(1, "a", 2);
    return d1;
}

void broker_forgets(const Device& d1) {
    d1.link_drops_and_returns(false, kKeep);
    d1.to_broker(subscribe(65534, "a", 2));
    d1.from_broker(suback(65534, 2));
}

// The device has PUBLISH 5 and waits for PUBREL, but the gateway holds nothing of it any more: the device has
// connected again.
// FAULT-25, FAULT-78
void id_that_the_device_still_holds_is_released_before_anything_new(void**) {
    Harness g;
    g.auto_links = true;
    const Device d1 = subscriber(g);
    d1.from_broker(publish(2, 5, "a", "old"));
    d1.gets(publish_to(2, 5, "old"));
    g.advance_seconds(2);
    d1.sends(make_connect(Flags{}, 61, view("d1")));
    d1.gets(make_connack(ReturnCode::accepted));
    d1.to_broker(subscribe(65534, "a", 2));  // this broker knows no session
    d1.gets(make_pubrel(5));
    d1.from_broker(suback(65534, 2));
    d1.from_broker(publish(0, 0, "a", "new"));
    g.nothing();
    d1.sends(make_pubcomp(5));
    assert_int_equal(g.take().size(), 1);  // the new message, or the REGISTER before it
}

// A second copy of PUBACK 5 must not acknowledge the message that the broker's new session calls 5.
// FAULT-25, FAULT-57
void id_that_was_used_a_moment_ago_rests_for_a_t_retry(void**) {
    Harness g;
    const Device d1 = subscriber(g);
    d1.from_broker(publish(1, 5, "a", "old"));
    d1.gets(publish_to(1, 5, "old"));
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
    broker_forgets(d1);
    d1.from_broker(publish(1, 5, "a", "new"));
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    g.nothing();
    g.advance_seconds(10);
    d1.gets(publish_to(1, 5, "new"));
    d1.sends(make_puback(1, 5, ReturnCode::accepted));
    d1.to_broker(ack(PacketType::puback, 5));
}

// MQTT 3.1.1 section 3.1.2.4: a clean session lasts as long as its connection. The message between PUBREC and
// PUBREL is gone, and PUBCOMP would say that it was published.
void clean_session_ends_when_the_broker_has_forgotten_a_message_it_had_received(void**) {
    Harness g;
    const Device d1 = g.connected("d1");
    d1.registers(1, "a");
    d1.sends(make_publish(flags(2), 1, 7, view("x")));
    d1.to_broker(publish(2, 7, "a", "x"));
    d1.from_broker(ack(PacketType::pubrec, 7));
    d1.gets(make_pubrec(7));
    d1.link_drops_and_returns(false, Open{});
    d1.gets(make_disconnect());
    d1.closes(true);
    d1.sends(make_pubrel(7));
    d1.gets(make_disconnect());
    g.nothing();
}

// The answer to DISCONNECT with a duration says "your messages are kept".
void wish_to_sleep_is_not_answered_by_who_cannot_keep_messages(void**) {
    Harness g;
    const Device stranger = g.device("s");
    stranger.sends(make_disconnect_sleep(60));
    g.nothing();
    stranger.sends(make_connect(Flags{}, 60, view("s")));
    stranger.opens(kKeep);
    stranger.sends(make_disconnect_sleep(60));  // still connecting
    g.nothing();
    stranger.accepted();
    stranger.gets(make_connack(ReturnCode::accepted));
    stranger.sends(make_disconnect_sleep(60));
    stranger.gets(make_disconnect());
}

// A broker says only once that a session is new. FAULT-78
void subscriptions_are_made_again_when_the_answer_to_a_connect_was_lost(void**) {
    for (const LinkCloseReason reason : {LinkCloseReason::unanswered, LinkCloseReason::closed_by_peer}) {
        Harness g;
        const Device d1 = subscriber(g);
        d1.link_gone();
        g.advance_seconds(1);
        d1.opens(kKeep);
        d1.link_gone(reason);  // the broker had begun a session, without a memory of this one
        g.advance_seconds(2);
        d1.opens(kKeep);
        d1.accepted(true);
        d1.to_broker(subscribe(65534, "a", 2));
        d1.from_broker(suback(65534, 2));
        assert_int_equal(g.count(EventKind::session_not_in_broker), 0);  // nobody knows
        d1.link_drops_and_returns(true, kKeep);
        g.nothing();
    }
}

/// The device has QoS 2 message 5 and the broker's PUBREL is to come; the link breaks, and the next CONNECT
/// is not answered.
Device in_doubt(Harness& g) {
    const Device d1 = subscriber(g);
    d1.from_broker(publish(2, 5, "a", "old"));
    d1.gets(publish_to(2, 5, "old"));
    d1.sends(make_pubrec(5));
    d1.to_broker(ack(PacketType::pubrec, 5));
    d1.link_gone();
    g.advance_seconds(1);
    d1.opens(kKeep);
    d1.link_gone(LinkCloseReason::unanswered);
    g.advance_seconds(2);
    d1.opens(kKeep);
    d1.accepted(true);
    d1.to_broker(subscribe(65534, "a", 2));
    d1.from_broker(suback(65534, 2));
    return d1;
}

// A session that is kept would repeat what it had in flight first. FAULT-25, FAULT-78; found by the
// simulation
void first_message_without_dup_tells_that_the_session_is_new(void**) {
    Harness g;
    const Device d1 = in_doubt(g);
    d1.from_broker(publish(2, 5, "a", "new"));
    d1.gets(make_pubrel(5));  // or the device would take it for the old one
    d1.sends(make_pubcomp(5));
    g.advance_seconds(11);  // the id rests
    d1.gets(publish_to(2, 5, "new"));
}

void repeated_pubrel_tells_that_the_session_is_the_one_of_before(void**) {
    Harness g;
    const Device d1 = in_doubt(g);
    d1.from_broker(ack(PacketType::pubrel, 5));
    d1.gets(make_pubrel(5));
    d1.sends(make_pubcomp(5));
    d1.to_broker(ack(PacketType::pubcomp, 5));
    g.nothing();
}

void a_broker_that_was_not_reached_has_begun_no_session(void**) {
    Harness g;
    const Device d1 = subscriber(g);
    d1.link_gone();
    g.advance_seconds(1);
    d1.opens(kKeep);
    d1.link_gone(LinkCloseReason::unreachable);
    g.advance_seconds(2);
    d1.opens(kKeep);
    d1.accepted(true);
    g.nothing();
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(subscriptions_are_made_again_when_the_answer_to_a_connect_was_lost),
        cmocka_unit_test(first_message_without_dup_tells_that_the_session_is_new),
        cmocka_unit_test(repeated_pubrel_tells_that_the_session_is_the_one_of_before),
        cmocka_unit_test(a_broker_that_was_not_reached_has_begun_no_session),
        cmocka_unit_test(id_that_the_device_still_holds_is_released_before_anything_new),
        cmocka_unit_test(id_that_was_used_a_moment_ago_rests_for_a_t_retry),
        cmocka_unit_test(clean_session_ends_when_the_broker_has_forgotten_a_message_it_had_received),
        cmocka_unit_test(wish_to_sleep_is_not_answered_by_who_cannot_keep_messages),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
