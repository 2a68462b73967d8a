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
        cmocka_unit_test(another_client_id_at_the_same_address_loses_the_old_one),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
