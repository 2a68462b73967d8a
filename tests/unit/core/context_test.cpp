// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/context.hpp"

#include <string>

#include "mqttsn/messages.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"

using namespace mqttsn::gateway;
using mqttsn::Bytes;
using test::view;

namespace {

std::size_t outputs(Context& context) {
    std::size_t count = 0;
    while (context.outbox.poll() != nullptr) {
        ++count;
    }
    context.outbox.clear();
    return count;
}

void message_over_the_listener_s_limit_is_not_sent_nor_counted(void**) {
    Settings settings;
    settings.listeners = {ListenerSettings{}, ListenerSettings{}};
    settings.listeners[1].max_datagram = 20;
    Context context(settings, 1);
    const mqttsn::Message message = mqttsn::make_publish(mqttsn::Flags{}, 1, 0, view("fourteen octets"));
    Endpoint narrow;
    narrow.listener = 1;
    context.send(Endpoint{}, message);
    assert_int_equal(outputs(context), 1);
    assert_int_equal(context.counters.datagrams_sent, 1);
    context.send(narrow, message);
    assert_int_equal(outputs(context), 0);
    assert_int_equal(context.counters.datagrams_sent, 1);
}

void packet_s_octets_are_copied(void**) {
    Context context(Settings{}, 1);
    Session& session = context.sessions.create(view("d1"));
    session.link.id = LinkId{session.slot, 3};
    std::string topic = "a/b";
    mqtt::Packet packet;
    packet.type = mqtt::PacketType::publish;
    packet.topic = view(topic);
    context.now = Instant{Millis{77}};
    context.send(session, packet);
    topic = "x/y";
    const Output* const output = context.outbox.poll();
    assert_non_null(output);
    assert_true(test::str(std::get<LinkSend>(*output).packet.topic) == "a/b");
    assert_true(std::get<LinkSend>(*output).link == (LinkId{session.slot, 3}));
    assert_true(session.link.last_sent == context.now);
}

void debug_events_appear_only_when_asked_for(void**) {
    for (const bool wanted : {false, true}) {
        Settings settings;
        settings.debug_events = wanted;
        Context context(settings, 1);
        context.event(EventKind::datagram_dropped, Endpoint{}, "debug");
        assert_int_equal(outputs(context), wanted ? 1 : 0);
        context.event(EventKind::session_lost, Endpoint{}, "warning");
        assert_int_equal(outputs(context), 1);
    }
}

void event_names_the_session_and_its_address_if_it_has_one(void**) {
    Context context(Settings{}, 1);
    Session& session = context.sessions.create(view("d1"));
    context.event(EventKind::session_lost, session, "cause", 5, view("topic"));
    const Output* output = context.outbox.poll();
    assert_non_null(output);
    const Event& unbound = std::get<Event>(*output);
    assert_true(test::str(unbound.client_id) == "d1" && test::str(unbound.topic) == "topic");
    assert_int_equal(unbound.code, 5);
    assert_string_equal(unbound.cause, "cause");
    assert_false(unbound.has_endpoint);
    Endpoint place;
    place.port = 9;
    context.sessions.bind(session, place);
    context.event(EventKind::session_lost, session);
    output = context.outbox.poll();
    assert_non_null(output);
    assert_true(std::get<Event>(*output).has_endpoint && std::get<Event>(*output).from == place);
}

void every_event_has_a_text_and_a_level(void**) {
#define MQTTSN_CHECK(name, level, text)                             \
    assert_string_equal(event_text(EventKind::name), text);         \
    assert_true(event_level(EventKind::name) == EventLevel::level); \
    assert_true(std::string_view(text).size() > 3);
    MQTTSN_GATEWAY_EVENTS(MQTTSN_CHECK)
#undef MQTTSN_CHECK
}

// Deadlines move lazily: a later timer waits behind the earlier deadline that stands.
void timer_moves_the_deadline_only_forward(void**) {
    Context context(Settings{}, 1);
    Session& session = context.sessions.create(view("d1"));
    context.now = Instant{Millis{1000}};
    context.start_timer(session, SessionTimer::link, Millis{500});
    context.start_timer(session, SessionTimer::downlink, Millis{900});
    assert_true(context.deadlines.top_deadline() == Instant{Millis{1500}});
    context.start_timer(session, SessionTimer::connect, Millis{100});
    assert_true(context.deadlines.top_deadline() == Instant{Millis{1100}});
    Context::stop_timer(session, SessionTimer::connect);
    assert_true(session.timer(SessionTimer::connect) == kNever);
    assert_true(session.timer(SessionTimer::downlink) == Instant{Millis{1900}});
}

void link_close_reasons_have_texts(void**) {
    for (const LinkCloseReason reason :
         {LinkCloseReason::unreachable, LinkCloseReason::unanswered, LinkCloseReason::closed_by_peer,
          LinkCloseReason::protocol_error, LinkCloseReason::write_overflow, LinkCloseReason::requested}) {
        assert_true(std::string_view(link_close_reason_text(reason)).size() > 3);
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(message_over_the_listener_s_limit_is_not_sent_nor_counted),
        cmocka_unit_test(packet_s_octets_are_copied),
        cmocka_unit_test(debug_events_appear_only_when_asked_for),
        cmocka_unit_test(event_names_the_session_and_its_address_if_it_has_one),
        cmocka_unit_test(every_event_has_a_text_and_a_level),
        cmocka_unit_test(timer_moves_the_deadline_only_forward),
        cmocka_unit_test(link_close_reasons_have_texts),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
