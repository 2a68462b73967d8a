// SPDX-License-Identifier: BSD-3-Clause
//
// A known client id at a new address, a new client id at a known address (session_connect.cpp).
#include "gateway/core/session_connect.hpp"
#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;
using mqttsn::gateway::Takeover;

namespace {

Message connect_of(const Device& device, bool clean) {
    return make_connect(Flags{}.with_clean_session(clean), 60, view(device.client_id()));
}

// Other addresses (D10, D11, FAULT-2, FAULT-4)

// D10, FAULT-2, TRAP-41
void connect_from_a_new_address_takes_the_session_over(void**) {
    Harness g;
    const Device old_place = g.connected("d1", false);
    const Device new_place = g.device("d1");
    new_place.sends(connect_of(new_place, false));
    old_place.closes(true);
    old_place.link_gone(LinkCloseReason::requested);
    new_place.opens(Open{false, "", ""});
    new_place.accepted(true);
    new_place.gets(make_connack(ReturnCode::accepted));
    assert_int_equal(g.counters().takeovers, 1);
    assert_int_equal(g.gateway().session_count(), 1);
    new_place.from_broker(publish(0, 0, "a", "x"));
    assert_true(g.take().at(0).starts_with("to d1@2: REGISTER"));
    old_place.sends(make_pingreq(Bytes{}));  // forgotten there
    old_place.gets(make_disconnect());
}

// D10, FAULT-2
void takeover_reject_leaves_the_old_session_untouched(void**) {
    Settings settings;
    settings.session.takeover = Takeover::reject;
    Harness g(settings);
    const Device old_place = g.connected("d1", false);
    const Device new_place = g.device("d1");
    new_place.sends(connect_of(new_place, true));
    new_place.gets(make_connack(ReturnCode::not_supported));
    g.nothing();
    old_place.sends(make_pingreq(Bytes{}));
    old_place.gets(make_pingresp());
    old_place.sends(make_disconnect());
    old_place.gets(make_disconnect());
    old_place.closes(true);
    old_place.link_gone(LinkCloseReason::requested);
    new_place.sends(connect_of(new_place, true));  // free now
    new_place.opens(Open{});
    new_place.accepted();
    new_place.gets(make_connack(ReturnCode::accepted));
}

// takeover = "probe" (FAULT-2, SN12-94)

Settings probing() {
    Settings settings;
    settings.session.takeover = Takeover::probe;
    return settings;
}

// SN12-94, D10, D48, FAULT-2, TRAP-03
void probe_refuses_the_newcomer_when_the_old_address_answers(void**) {
    Harness g(probing());
    const Device old_place = g.connected("d1", false);
    const Device new_place = g.device("d1");
    new_place.sends(connect_of(new_place, false));
    old_place.gets(make_pingreq(Bytes{}));
    g.nothing();
    old_place.sends(make_pingresp());
    new_place.gets(make_connack(ReturnCode::not_supported));
    g.nothing();
    g.advance_seconds(30);  // and that was all
    g.nothing();
    old_place.sends(make_pingreq(Bytes{}));
    old_place.gets(make_pingresp());
    assert_int_equal(g.counters().takeovers, 0);
}

// D10, D48, FAULT-2, TRAP-03
void probe_lets_the_newcomer_in_after_one_t_retry_of_silence(void**) {
    Harness g(probing());
    const Device old_place = g.connected("d1", false, 600);
    const Device new_place = g.device("d1");
    new_place.sends(connect_of(new_place, false));
    old_place.gets(make_pingreq(Bytes{}));
    g.advance(Millis{3333});
    old_place.gets(make_pingreq(Bytes{}));
    g.advance(Millis{3333});
    old_place.gets(make_pingreq(Bytes{}));
    g.advance(Millis{3333});
    old_place.gets(make_pingreq(Bytes{}));
    new_place.sends(connect_of(new_place, false));  // impatient: no more time, and no less
    g.nothing();
    g.advance(Millis{1});
    old_place.closes(true);
    old_place.link_gone(LinkCloseReason::requested);
    new_place.opens(Open{false, "", ""});
    new_place.accepted(true);
    new_place.gets(make_connack(ReturnCode::accepted));
    assert_int_equal(g.counters().takeovers, 1);
}

// Whatever the old address says proves that it is there.
// D08, FAULT-2
void probe_takes_any_message_of_the_old_address_for_an_answer(void**) {
    for (const char* const any : {"02 16", "09 0C 62 61 62 00 00 68 69", "08 04 00 01 00 3C 64 31"}) {
        Harness g(probing());
        const Device old_place = g.connected("d1", false);
        const Device new_place = g.device("d1");
        new_place.sends(connect_of(new_place, false));
        old_place.gets(make_pingreq(Bytes{}));
        old_place.sends(any);
        new_place.gets(make_connack(ReturnCode::not_supported));
        g.take();
        assert_int_equal(g.counters().takeovers, 0);
    }
}

// Nothing is sent to a sleeping device (SN12-104), so it cannot be asked.
// FAULT-2
void probe_does_not_ask_a_sleeping_device(void**) {
    Harness g(probing());
    const Device old_place = g.connected("d1", false);
    old_place.sleeps(600);
    const Device new_place = g.device("d1");
    new_place.sends(connect_of(new_place, false));
    new_place.gets(make_connack(ReturnCode::accepted));
    assert_int_equal(g.counters().takeovers, 1);
}

// FAULT-2
void probe_ends_with_the_session(void**) {
    Harness g(probing());
    const Device old_place = g.connected("d1", true);
    const Device new_place = g.device("d1");
    new_place.sends(connect_of(new_place, true));
    old_place.gets(make_pingreq(Bytes{}));
    old_place.sends(make_disconnect());
    new_place.gets(make_connack(ReturnCode::not_supported));
    old_place.gets(make_disconnect());
    old_place.closes(true);
    old_place.link_gone(LinkCloseReason::requested);
    new_place.sends(connect_of(new_place, true));
    new_place.opens(Open{});
}

// D11: the port was given to another device.
// D11, FAULT-4, TRAP-49: the port was given to another device.
void another_client_id_at_the_same_address_loses_the_old_one(void**) {
    Harness g;
    const Device first = g.connected("d1");
    const Device second = g.device_at(first, "d2");
    second.sends(connect_of(second, true));
    first.closes(false);
    second.opens(Open{});
    first.from_broker(publish(0, 0, "a", "not for d2"));
    first.link_gone(LinkCloseReason::requested);
    second.accepted();
    second.gets(make_connack(ReturnCode::accepted));
    assert_int_equal(g.counters().sessions_lost, 1);
    assert_int_equal(g.gateway().session_count(), 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(connect_from_a_new_address_takes_the_session_over),
        cmocka_unit_test(takeover_reject_leaves_the_old_session_untouched),
        cmocka_unit_test(probe_refuses_the_newcomer_when_the_old_address_answers),
        cmocka_unit_test(probe_lets_the_newcomer_in_after_one_t_retry_of_silence),
        cmocka_unit_test(probe_takes_any_message_of_the_old_address_for_an_answer),
        cmocka_unit_test(probe_does_not_ask_a_sleeping_device),
        cmocka_unit_test(probe_ends_with_the_session),
        cmocka_unit_test(another_client_id_at_the_same_address_loses_the_old_one),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
