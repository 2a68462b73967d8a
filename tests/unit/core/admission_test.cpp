// SPDX-License-Identifier: BSD-3-Clause
//
// CONNECT floods cost nothing lasting and lock nobody out (admission.cpp): FAULT-16, FAULT-17, FAULT-18; what
// ends sessions of devices that never come back: FAULT-34, D07.
#include "gateway/core/admission.hpp"

#include <algorithm>

#include "support/cmocka.hpp"
#include "support/gateway_harness.hpp"

using namespace mqttsn;
using namespace test;

namespace {

Message connect_of(const Device& device, bool clean = true, bool will = false,
                   std::uint16_t keep_alive = 60) {
    return make_connect(Flags{}.with_clean_session(clean).with_will(will), keep_alive,
                        view(device.client_id()));
}

/// A device at 198.51.<network>.<host>, or at 127.0.0.1.
Device device_in(Harness& g, const std::string& client_id, unsigned network, unsigned host) {
    Endpoint endpoint;
    endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 198, 51};
    endpoint.address[14] = static_cast<std::uint8_t>(network);
    endpoint.address[15] = static_cast<std::uint8_t>(host);
    endpoint.port = 7000;
    return Device(g, client_id, to_string(endpoint), endpoint);
}

Device local_device(Harness& g, const std::string& client_id, std::uint16_t port) {
    Endpoint endpoint;
    endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1};
    endpoint.port = port;
    return Device(g, client_id, to_string(endpoint), endpoint);
}

/// CONNECTs, all from different addresses, from each of which nothing else ever comes.
class Flood {
  public:
    explicit Flood(Harness& g) : g_(g) {}
    void sends(unsigned count) {
        for (const unsigned end = sent_ + count; sent_ < end; ++sent_) {
            const Device nobody = device_in(g_, "x" + std::to_string(sent_), sent_ / 250, 1 + sent_ % 250);
            nobody.sends(connect_of(nobody, true, false, 65535));
            g_.take();
        }
    }

  private:
    Harness& g_;
    unsigned sent_ = 0;
};

std::string connack(const Device& device, ReturnCode code) {
    const Octets octets{3, 5, static_cast<std::uint8_t>(code)};
    return "to " + device.label() + ": CONNACK " + to_hex(view(octets));
}

// FAULT-17: one source, many CONNECTs.
void over_the_rate_of_its_network_a_connect_is_not_answered(void**) {
    Settings settings;
    settings.limits.connects_per_source_per_second = 5;
    Harness g(settings);
    g.auto_links = true;
    for (unsigned i = 0; i < 20; ++i) {
        const Device one = device_in(g, "d" + std::to_string(i), 7, i);  // one /24
        one.sends(connect_of(one));
        if (i < 5) {
            one.gets(make_connack(ReturnCode::accepted));
        }
        g.nothing();
    }
    assert_int_equal(g.gateway().session_count(), 5);
    assert_int_equal(g.counters().connects_dropped_source, 15);
    const Device other = device_in(g, "other", 8, 1);
    other.sends(connect_of(other));
    other.gets(make_connack(ReturnCode::accepted));
    g.advance_seconds(1);
    const Device again = device_in(g, "d19", 7, 19);  // its T_retry is over
    again.sends(connect_of(again));
    again.gets(make_connack(ReturnCode::accepted));
}

// FAULT-16: one /64 of IPv6 is one source, whoever has it has all its addresses.
void an_ipv6_network_is_one_source(void**) {
    Settings settings;
    settings.limits.connects_per_source_per_second = 3;
    Harness g(settings);
    g.auto_links = true;
    for (unsigned i = 0; i < 10; ++i) {
        Endpoint endpoint;
        endpoint.address = {0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 1};
        endpoint.address[7] = i < 9 ? 1 : 2;
        endpoint.address[9] = static_cast<std::uint8_t>(i);
        endpoint.port = 1;
        const Device one(g, "d" + std::to_string(i), to_string(endpoint), endpoint);
        one.sends(connect_of(one));
        g.take();
    }
    assert_int_equal(g.gateway().session_count(), 4);  // three of the one, one of the other
}

void this_machine_has_no_limit_of_its_own(void**) {
    Settings settings;
    settings.limits.connects_per_source_per_second = 1;
    Harness g(settings);
    g.auto_links = true;
    g.keep_lines = false;
    for (unsigned i = 0; i < 500; ++i) {
        const Device one = local_device(g, "d" + std::to_string(i), static_cast<std::uint16_t>(1000 + i));
        one.sends(connect_of(one));
    }
    assert_int_equal(g.gateway().session_count(), 500);
}

// FAULT-18: half handshakes. The oldest from which no will data came makes room.
void a_will_handshake_without_an_answer_makes_room(void**) {
    Settings settings;
    settings.limits.half_open = 2;
    Harness g(settings);
    const Device slow = g.device("slow");
    const Device second = g.device("second");
    const Device third = g.device("third");
    slow.sends(connect_of(slow, true, true));
    slow.gets(make_will_topic_req());
    second.sends(connect_of(second, true, true));
    second.gets(make_will_topic_req());
    third.sends(connect_of(third, true, true));
    slow.gets(make_connack(ReturnCode::congestion));
    third.gets(make_will_topic_req());
    assert_int_equal(g.gateway().session_count(), 2);
    assert_int_equal(g.counters().sessions_evicted_half_open, 1);
    // Who has sent its topic is somebody: nobody takes its place, and the next one is told so.
    second.sends(make_will_topic(Flags{}, view("w")));
    second.gets(make_will_msg_req());
    slow.sends(connect_of(slow, true, true));
    slow.gets(make_connack(ReturnCode::congestion));
    assert_int_equal(g.gateway().session_count(), 2);
    assert_int_equal(g.counters().connects_refused_half_open, 1);
    second.sends(make_will_msg(view("gone")));
    second.opens(Open{true, "q0 w=gone", ""});
    second.accepted();
    second.gets(make_connack(ReturnCode::accepted));
    slow.sends(connect_of(slow, true, true));  // a place is free again
    slow.gets(make_will_topic_req());
}

// FAULT-16: a broker that does not answer, or a flood: new devices wait, those who are there do not.
void when_too_many_wait_for_the_broker_new_devices_are_told_congestion(void**) {
    Settings settings;
    settings.limits.half_open = 2;
    Harness g(settings);
    const Device there = g.connected("there", false);
    const Device sleeper = g.connected("sleeper", false);
    sleeper.sends(make_disconnect_sleep(600));
    sleeper.gets(make_disconnect());
    const Device a = g.device("a");
    const Device b = g.device("b");
    const Device c = g.device("c");
    a.sends(connect_of(a));
    a.opens(Open{});
    b.sends(connect_of(b));
    b.opens(Open{});
    c.sends(connect_of(c));
    c.gets(make_connack(ReturnCode::congestion));
    assert_int_equal(g.counters().connects_refused_half_open, 1);
    assert_int_equal(g.gateway().session_count(), 4);  // of c nothing is left
    there.sends(make_pingreq(Bytes{}));
    there.gets(make_pingresp());
    sleeper.sends(connect_of(sleeper, false));  // D20: resumes without the broker
    sleeper.gets(make_connack(ReturnCode::accepted));
    there.sends(connect_of(there, true));  // wants to begin anew: not now, and nothing changes for it
    there.gets(make_connack(ReturnCode::congestion));
    there.sends(make_pingreq(Bytes{}));
    there.gets(make_pingresp());
    a.accepted();
    a.gets(make_connack(ReturnCode::accepted));
    c.sends(connect_of(c));
    c.opens(Open{});
}

// FAULT-16: a flood fills the table with devices that do not exist; one that does must get in.
void sessions_that_were_never_heard_make_room_for_others(void**) {
    Settings settings;
    settings.limits.sessions = 40;
    Harness g(settings);
    g.auto_links = true;
    const Device real = g.connected("real");
    real.sends(make_pingreq(Bytes{}));
    real.gets(make_pingresp());
    Flood flood(g);
    flood.sends(200);
    assert_int_equal(g.gateway().session_count(), 40);
    assert_true(g.counters().connects_refused_full > 0);
    g.advance_seconds(3);
    const Device next = g.device("next");
    next.sends(connect_of(next));  // finds the table full, and begins to make room
    g.take();
    next.sends(connect_of(next));
    g.take();
    next.sends(make_pingreq(Bytes{}));
    next.gets(make_pingresp());
    for (unsigned round = 0; round < 50; ++round) {
        g.advance_seconds(1);
        flood.sends(10);
        assert_true(g.gateway().session_count() <= 40);
        assert_true(g.links().size() <= 40);
    }
    assert_true(g.counters().sessions_evicted_unconfirmed > 100);
    for (const Device* const device : {&real, &next}) {  // and keeps its place
        device->sends(make_pingreq(Bytes{}));
        device->gets(make_pingresp());
    }
}

// A device that is there gets in at once, however hard the flood: room is made ahead of it.
void room_is_made_ahead(void**) {
    Settings settings;
    settings.limits.sessions = 40;
    Harness g(settings);
    g.auto_links = true;
    Flood flood(g);
    for (unsigned round = 0; round < 60; ++round) {
        flood.sends(1);
        g.advance_seconds(1);
    }
    for (unsigned i = 0; i < 5; ++i) {
        const Device real = g.device("real" + std::to_string(i));
        real.sends(connect_of(real));
        const std::vector<std::string> lines = g.take();
        assert_true(std::find(lines.begin(), lines.end(), connack(real, ReturnCode::accepted)) !=
                    lines.end());
        real.sends(make_pingreq(Bytes{}));
        real.gets(make_pingresp());
    }
    assert_int_equal(g.counters().connects_refused, 0);
}

// The connection to the broker ends properly, and the device, should it exist, is told.
void who_makes_room_gets_disconnect(void**) {
    Settings settings;
    settings.limits.sessions = 4;
    Harness g(settings);
    const Device first = g.connected("first");
    const Device second = g.connected("second");
    const Device third = g.connected("third");
    g.advance_seconds(3);
    const Device fourth = g.device("fourth");
    fourth.sends(connect_of(fourth));
    first.gets(make_disconnect());
    first.closes(true);
    fourth.opens(Open{});
    first.link_gone(LinkCloseReason::requested);
    assert_int_equal(g.gateway().session_count(), 3);
    second.sends(make_pingreq(Bytes{}));
    second.gets(make_pingresp());
    assert_true(g.cause(EventKind::session_disconnected).find("limits.sessions") != std::string::npos);
}

// Devices that are there do not make room for new ones.
void a_table_full_of_devices_refuses(void**) {
    Settings settings;
    settings.limits.sessions = 3;
    Harness g(settings);
    g.auto_links = true;
    for (const char* const id : {"a", "b", "c"}) {
        const Device device = g.connected(id);
        device.sends(make_pingreq(Bytes{}));
        device.gets(make_pingresp());
    }
    g.advance_seconds(10);
    const Device late = g.device("late");
    late.sends(connect_of(late));
    late.gets(make_connack(ReturnCode::congestion));
    assert_int_equal(g.counters().connects_refused_full, 1);
    assert_int_equal(g.gateway().session_count(), 3);
}

// Disconnected sessions first: their devices have said that they need nothing now.
void disconnected_sessions_make_room_before_silent_ones(void**) {
    Settings settings;
    settings.limits.sessions = 4;
    Harness g(settings);
    g.auto_links = true;
    const Device silent = g.connected("silent");
    const Device gone = g.connected("gone", false);
    gone.sends(make_pingreq(Bytes{}));
    gone.gets(make_pingresp());
    gone.sends(make_disconnect());
    gone.gets(make_disconnect());
    g.advance_seconds(5);
    for (const char* const id : {"c", "d", "e"}) {
        g.connected(id);
    }
    assert_int_equal(g.counters().sessions_evicted, 1);
    assert_int_equal(g.counters().sessions_evicted_unconfirmed, 0);
    silent.sends(make_pingreq(Bytes{}));
    silent.gets(make_pingresp());
}

// FAULT-16: a kept session in which nothing ever happened is nothing to keep.
void of_a_device_that_was_never_heard_nothing_stays(void**) {
    Harness g;
    g.auto_links = true;
    const Device nobody = g.connected("nobody", false, 10);
    const Device somebody = g.connected("somebody", false, 10);
    somebody.sends(make_pingreq(Bytes{}));
    somebody.gets(make_pingresp());
    g.advance_seconds(20);
    g.take();
    assert_int_equal(g.counters().sessions_lost, 2);
    assert_int_equal(g.gateway().session_count(), 1);
}

// D07, FAULT-18 (SlowITe): keep-alive 0 and 65535 are supervised as the operator says.
void keep_alive_max_bounds_the_supervision(void**) {
    for (const std::uint16_t keep_alive : {std::uint16_t{0}, std::uint16_t{65535}, std::uint16_t{600}}) {
        Settings settings;
        settings.limits.keep_alive_max_s = 600;
        Harness g(settings);
        g.auto_links = true;
        g.connected("d1", true, keep_alive);
        g.advance_seconds(659);
        assert_int_equal(g.counters().sessions_lost, 0);
        g.advance_seconds(2);
        assert_int_equal(g.counters().sessions_lost, 1);
        assert_int_equal(g.gateway().session_count(), 0);
    }
}

void a_short_keep_alive_is_not_changed_by_the_maximum(void**) {
    Settings settings;
    settings.limits.keep_alive_max_s = 600;
    Harness g(settings);
    g.auto_links = true;
    g.connected("d1", true, 10);
    g.advance_seconds(15);
    assert_int_equal(g.counters().sessions_lost, 1);
}

// FAULT-34: "sleep 18 h and never wake". DISCONNECT cannot be refused, so it is answered and not waited for.
void a_longer_sleep_than_max_duration_is_supervised_as_that(void**) {
    Settings settings;
    settings.sleep.max_duration_s = 600;
    Harness g(settings);
    g.auto_links = true;
    const Device d1 = g.connected("d1", false);
    d1.sleeps(65535);
    assert_int_equal(g.counters().sleeps_capped, 1);
    g.advance_seconds(659);
    assert_int_equal(g.counters().sessions_lost, 0);
    g.advance_seconds(2);
    assert_int_equal(g.counters().sessions_lost, 1);
    const Device d2 = g.connected("d2", false);
    d2.sleeps(600);
    assert_int_equal(g.counters().sleeps_capped, 1);
}

// FAULT-34: session.expiry, each at its own time.
void disconnected_sessions_are_forgotten_after_expiry(void**) {
    Settings settings;
    settings.session.expiry_s = 3600;
    Harness g(settings);
    g.auto_links = true;
    const auto connect_and_go = [&g](const char* id) {
        const Device device = g.connected(id, false);
        device.sends(make_pingreq(Bytes{}));
        device.gets(make_pingresp());
        device.sends(make_disconnect());
        device.gets(make_disconnect());
        return device;
    };
    connect_and_go("early");
    g.advance_seconds(1800);
    const Device back = connect_and_go("back");
    assert_int_equal(g.gateway().session_count(), 2);
    g.advance_seconds(1799);
    assert_int_equal(g.gateway().session_count(), 2);
    g.advance_seconds(2);
    assert_int_equal(g.gateway().session_count(), 1);
    assert_int_equal(g.counters().sessions_expired, 1);
    back.sends(connect_of(back, false, false, 0));  // came back in time: it is supervised as any other
    back.gets(make_connack(ReturnCode::accepted));
    g.advance_seconds(7200);
    assert_int_equal(g.gateway().session_count(), 1);
    assert_int_equal(g.counters().sessions_expired, 1);
}

void without_expiry_disconnected_sessions_stay(void**) {
    Harness g;
    g.auto_links = true;
    const Device device = g.connected("d1", false);
    device.sends(make_pingreq(Bytes{}));
    device.gets(make_pingresp());
    device.sends(make_disconnect());
    device.gets(make_disconnect());
    g.advance_seconds(10 * 365 * 24 * 3600U);
    assert_int_equal(g.gateway().session_count(), 1);
    assert_true(g.gateway().next_deadline() == mqttsn::gateway::kNever);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(over_the_rate_of_its_network_a_connect_is_not_answered),
        cmocka_unit_test(an_ipv6_network_is_one_source),
        cmocka_unit_test(this_machine_has_no_limit_of_its_own),
        cmocka_unit_test(a_will_handshake_without_an_answer_makes_room),
        cmocka_unit_test(when_too_many_wait_for_the_broker_new_devices_are_told_congestion),
        cmocka_unit_test(sessions_that_were_never_heard_make_room_for_others),
        cmocka_unit_test(room_is_made_ahead),
        cmocka_unit_test(who_makes_room_gets_disconnect),
        cmocka_unit_test(a_table_full_of_devices_refuses),
        cmocka_unit_test(disconnected_sessions_make_room_before_silent_ones),
        cmocka_unit_test(of_a_device_that_was_never_heard_nothing_stays),
        cmocka_unit_test(keep_alive_max_bounds_the_supervision),
        cmocka_unit_test(a_short_keep_alive_is_not_changed_by_the_maximum),
        cmocka_unit_test(a_longer_sleep_than_max_duration_is_supervised_as_that),
        cmocka_unit_test(disconnected_sessions_are_forgotten_after_expiry),
        cmocka_unit_test(without_expiry_disconnected_sessions_stay),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
