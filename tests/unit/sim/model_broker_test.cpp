// SPDX-License-Identifier: BSD-3-Clause
//
// The model broker: messages in both directions, windows, queues, redelivery. Sessions, wills, crashes and
// bad packets are in model_broker_session_test.cpp.
#include <algorithm>

#include "unit/sim/model_broker_bench.hpp"

using namespace test;

namespace {

/// A connected client "dev" on connection 1 that subscribed "d/#".
struct Subscribed : Bench {
    explicit Subscribed(unsigned qos, bool clean = true, const BrokerSettings& settings = {})
        : Bench(settings) {
        ASSERT_TEXT(connect(1, test::connect("dev", clean)), "accepted");
        ASSERT_TEXT(say(1, subscribe(1, qos, "d/#")), "SUBACK 1 q" + std::to_string(qos));
    }
    void reconnect(ModelBroker::ConnectionId connection) {
        broker.disconnected(connection - 1, false);
        ASSERT_TEXT(connect(connection, test::connect("dev", false)), "accepted, present");
    }
    /// Publishes "1", "2", ... `count` times, on from the last.
    void publish_numbers(unsigned count, unsigned qos = 1) {
        for (; count > 0; --count) {
            broker.publish("d/t", std::to_string(++number), qos, false);
        }
    }
    unsigned number = 0;
};

BrokerSettings window_of(std::uint32_t window, bool keeps = true) {
    BrokerSettings out;
    out.window = window;
    out.keeps_to_window = keeps;
    return out;
}

// ---- Messages from a client

void qos0_is_published_and_not_acknowledged(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    ASSERT_TEXT(bench.say(1, publish(0, 0, "a/b", "x")), "");
    ASSERT_TEXT(bench.notes.published, "dev q0 a/b=x");
}

void qos1_is_published_at_once_and_each_copy_again(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    ASSERT_TEXT(bench.say(1, publish(7, 1, "a/b", "x")), "PUBACK 7");
    ASSERT_TEXT(bench.say(1, again(publish(7, 1, "a/b", "x"))), "PUBACK 7");
    ASSERT_TEXT(bench.notes.published, "dev q1 a/b=x, dev q1 a/b=x");
}

void qos2_is_published_by_the_first_pubrel_only(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    ASSERT_TEXT(bench.say(1, publish(7, 2, "a/b", "x")), "PUBREC 7");
    ASSERT_TEXT(bench.say(1, again(publish(7, 2, "a/b", "x"))), "PUBREC 7");
    ASSERT_TEXT(bench.notes.published, "");
    assert_int_equal(bench.broker.unreleased(), 1);
    ASSERT_TEXT(bench.say(1, pubrel(7)), "PUBCOMP 7");
    assert_int_equal(bench.broker.unreleased(), 0);
    ASSERT_TEXT(bench.say(1, pubrel(7)), "PUBCOMP 7");
    ASSERT_TEXT(bench.notes.published, "dev q2 a/b=x");
    ASSERT_TEXT(bench.notes.violations, "");
}

void qos2_id_is_free_again_after_pubrel(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    bench.say(1, publish(7, 2, "a/b", "x"));
    bench.say(1, pubrel(7));
    bench.say(1, publish(7, 2, "a/b", "y"));
    bench.say(1, pubrel(7));
    ASSERT_TEXT(bench.notes.published, "dev q2 a/b=x, dev q2 a/b=y");
    ASSERT_TEXT(bench.notes.violations, "");
}

void pubrel_of_an_unknown_id_is_answered(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    ASSERT_TEXT(bench.say(1, pubrel(9)), "PUBCOMP 9");
    ASSERT_TEXT(bench.notes.published, "");
}

void unreleased_id_with_other_content_is_a_violation_and_changes_nothing(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    bench.say(1, publish(7, 2, "a/b", "x"));
    ASSERT_TEXT(bench.say(1, publish(7, 2, "a/b", "y")), "PUBREC 7");
    ASSERT_TEXT(bench.take_violations(),
                "dev: PUBLISH with packet id 7, which an unreleased other message of QoS 2 has");
    ASSERT_TEXT(bench.say(1, publish(7, 1, "a/b", "x")), "PUBACK 7");
    ASSERT_TEXT(bench.take_violations(),
                "dev: PUBLISH with packet id 7, which an unreleased other message of QoS 2 has");
    bench.say(1, pubrel(7));
    ASSERT_TEXT(bench.notes.published, "dev q1 a/b=x, dev q2 a/b=x");
}

void unreleased_exchange_survives_a_reconnect_of_a_kept_session(void**) {
    Bench bench;
    bench.connect(1, connect("dev", false));
    bench.say(1, publish(7, 2, "a/b", "x"));
    bench.broker.disconnected(1, false);
    ASSERT_TEXT(bench.connect(2, connect("dev", false)), "accepted, present");
    ASSERT_TEXT(bench.say(2, again(publish(7, 2, "a/b", "x"))), "PUBREC 7");
    bench.say(2, pubrel(7));
    ASSERT_TEXT(bench.notes.published, "dev q2 a/b=x");
}

void a_client_gets_its_own_message_before_the_acknowledgement(void**) {
    Subscribed bench(2);
    ASSERT_TEXT(bench.say(1, publish(7, 1, "d/t", "x")), "PUBLISH 1 q1 d/t=x, PUBACK 7");
    ASSERT_TEXT(bench.say(1, publish(8, 2, "d/t", "y")), "PUBREC 8");
    ASSERT_TEXT(bench.say(1, pubrel(8)), "PUBLISH 2 q2 d/t=y, PUBCOMP 8");
}

// ---- Messages to a client

void delivery_has_the_lower_of_published_and_granted_qos(void**) {
    for (unsigned granted = 0; granted <= 2; ++granted) {
        for (unsigned published = 0; published <= 2; ++published) {
            Subscribed bench(granted);
            bench.broker.publish("d/t", "x", published, false);
            const unsigned qos = std::min(granted, published);
            ASSERT_TEXT(bench.got(1),
                        qos == 0 ? "PUBLISH q0 d/t=x" : "PUBLISH 1 q" + std::to_string(qos) + " d/t=x");
            ASSERT_TEXT(bench.notes.queues, "queued dev q" + std::to_string(qos) + " x");
            assert_int_equal(bench.broker.owed("dev"), qos > 0 ? 1 : 0);
        }
    }
}

void granted_qos_is_limited_by_the_settings(void**) {
    BrokerSettings settings;
    settings.granted_qos_max = 1;
    Bench bench(settings);
    bench.connect(1, connect("dev", true));
    ASSERT_TEXT(bench.say(1, subscribe(1, 2, "a")), "SUBACK 1 q1");
    bench.broker.publish("a", "x", 2, false);
    ASSERT_TEXT(bench.got(1), "PUBLISH 1 q1 a=x");
}

void qos1_downlink_ends_with_puback(void**) {
    Subscribed bench(1);
    bench.publish_numbers(1);
    bench.got(1);
    ASSERT_TEXT(bench.say(1, puback(1)), "");
    ASSERT_TEXT(bench.say(1, puback(1)), "");
    ASSERT_TEXT(bench.notes.queues, "queued dev q1 1, acknowledged dev q1 1");
    ASSERT_TEXT(bench.notes.violations, "");
    assert_int_equal(bench.broker.owed(), 0);
}

void qos2_downlink_is_acknowledged_by_pubrec_and_ends_with_pubcomp(void**) {
    Subscribed bench(2);
    bench.publish_numbers(1, 2);
    ASSERT_TEXT(bench.got(1), "PUBLISH 1 q2 d/t=1");
    ASSERT_TEXT(bench.say(1, pubrec(1)), "PUBREL 1");
    ASSERT_TEXT(bench.notes.queues, "queued dev q2 1, acknowledged dev q2 1");
    ASSERT_TEXT(bench.say(1, pubrec(1)), "PUBREL 1");
    assert_int_equal(bench.broker.owed(), 1);
    ASSERT_TEXT(bench.say(1, pubcomp(1)), "");
    assert_int_equal(bench.broker.owed(), 0);
    ASSERT_TEXT(bench.say(1, pubcomp(1)), "");
    ASSERT_TEXT(bench.say(1, pubrec(1)), "");
    ASSERT_TEXT(bench.notes.queues, "queued dev q2 1, acknowledged dev q2 1");
    ASSERT_TEXT(bench.notes.violations, "");
}

void acknowledgement_of_the_wrong_kind_is_a_violation_and_changes_nothing(void**) {
    Subscribed bench(2);
    bench.publish_numbers(1, 1);
    bench.publish_numbers(1, 2);
    ASSERT_TEXT(bench.got(1), "PUBLISH 1 q1 d/t=1, PUBLISH 2 q2 d/t=2");
    bench.say(1, pubrec(1));
    ASSERT_TEXT(bench.take_violations(), "dev: PUBREC for QoS 1, packet id 1");
    bench.say(1, pubcomp(1));
    ASSERT_TEXT(bench.take_violations(), "dev: PUBCOMP before PUBREC, packet id 1");
    bench.say(1, puback(2));
    ASSERT_TEXT(bench.take_violations(), "dev: PUBACK for QoS 2, packet id 2");
    bench.say(1, pubcomp(2));
    ASSERT_TEXT(bench.take_violations(), "dev: PUBCOMP before PUBREC, packet id 2");
    assert_int_equal(bench.broker.owed("dev"), 2);
    ASSERT_TEXT(bench.notes.queues, "queued dev q1 1, queued dev q2 2");
}

// ---- Window and queue

void the_window_holds_back_what_is_not_acknowledged(void**) {
    Subscribed bench(1, true, window_of(2));
    bench.publish_numbers(4);
    ASSERT_TEXT(bench.got(1), "PUBLISH 1 q1 d/t=1, PUBLISH 2 q1 d/t=2");
    ASSERT_TEXT(bench.say(1, puback(2)), "PUBLISH 3 q1 d/t=3");
    ASSERT_TEXT(bench.say(1, puback(1)), "PUBLISH 4 q1 d/t=4");
    ASSERT_TEXT(bench.say(1, puback(3)), "");
}

void pubrec_makes_no_room_but_pubcomp_does(void**) {
    Subscribed bench(2, true, window_of(1));
    bench.publish_numbers(2, 2);
    ASSERT_TEXT(bench.got(1), "PUBLISH 1 q2 d/t=1");
    ASSERT_TEXT(bench.say(1, pubrec(1)), "PUBREL 1");
    ASSERT_TEXT(bench.say(1, pubcomp(1)), "PUBLISH 2 q2 d/t=2");
}

void qos0_passes_what_waits_for_the_window(void**) {
    Subscribed bench(1, true, window_of(1));
    bench.publish_numbers(2, 1);
    bench.publish_numbers(1, 0);
    ASSERT_TEXT(bench.got(1), "PUBLISH 1 q1 d/t=1, PUBLISH q0 d/t=3");
}

void without_a_limit_everything_is_in_flight_up_to_the_last_id(void**) {
    BrokerSettings settings = window_of(0);
    Subscribed bench(1, true, settings);
    bench.publish_numbers(200);
    assert_int_equal(bench.broker.owed("dev"), 200);
    std::size_t sent = 0;
    for (OwnedPacket owned; bench.broker.poll(1, owned);) {
        assert_int_equal(owned.packet.packet_id, ++sent);
    }
    assert_int_equal(sent, 200);
}

void each_acknowledgement_makes_room_for_a_window_when_it_is_not_kept_to(void**) {
    Subscribed bench(1, true, window_of(2, false));
    bench.publish_numbers(6);
    ASSERT_TEXT(bench.got(1), "PUBLISH 1 q1 d/t=1, PUBLISH 2 q1 d/t=2");
    ASSERT_TEXT(bench.say(1, puback(1)), "PUBLISH 3 q1 d/t=3, PUBLISH 4 q1 d/t=4");
    ASSERT_TEXT(bench.say(1, puback(3)), "PUBLISH 5 q1 d/t=5");  // one before it is still in flight
    ASSERT_TEXT(bench.say(1, puback(2)), "PUBLISH 6 q1 d/t=6");
}

void a_window_that_is_not_kept_to_keeps_the_order(void**) {
    Subscribed bench(1, true, window_of(2, false));
    bench.publish_numbers(6);
    bench.got(1);
    bench.say(1, puback(1));
    ASSERT_TEXT(bench.say(1, puback(4)), "");
    bench.publish_numbers(1);
    ASSERT_TEXT(bench.got(1), "");
    ASSERT_TEXT(bench.say(1, puback(2)), "PUBLISH 5 q1 d/t=5, PUBLISH 6 q1 d/t=6");
}

void a_window_that_is_not_kept_to_is_there_again_once_all_is_acknowledged(void**) {
    Subscribed bench(1, true, window_of(2, false));
    bench.publish_numbers(6);
    for (std::uint16_t id = 1; id <= 6; ++id) {
        bench.say(1, puback(id));
    }
    bench.got(1);
    bench.publish_numbers(3);
    ASSERT_TEXT(bench.got(1), "PUBLISH 7 q1 d/t=7, PUBLISH 8 q1 d/t=8");
}

void a_full_queue_drops_the_newest(void**) {
    BrokerSettings settings = window_of(1);
    settings.queue_max = 1;
    Subscribed bench(1, true, settings);
    bench.publish_numbers(3);
    ASSERT_TEXT(bench.notes.queues,
                "queued dev q1 1, queued dev q1 2, queued dev q1 3, dropped dev q1 3: queue full");
    assert_int_equal(bench.broker.owed("dev"), 2);
    bench.got(1);
    ASSERT_TEXT(bench.say(1, puback(1)), "PUBLISH 2 q1 d/t=2");
}

void ids_in_flight_are_passed_over_when_they_wrap(void**) {
    Subscribed bench(1, true, window_of(2));
    bench.publish_numbers(1);  // id 1, never acknowledged
    bench.got(1);
    for (unsigned id = 2; id <= 65535; ++id) {
        bench.broker.publish("d/t", "x", 1, false);
        bench.say(1, puback(static_cast<std::uint16_t>(id)));
    }
    assert_int_equal(bench.broker.owed("dev"), 1);
    bench.broker.publish("d/t", "y", 1, false);
    ASSERT_TEXT(bench.got(1), "PUBLISH 2 q1 d/t=y");
}

// ---- Redelivery

void a_kept_session_queues_while_its_client_is_away_but_not_qos0(void**) {
    Subscribed bench(2, false);
    bench.broker.disconnected(1, true);
    bench.publish_numbers(1, 0);
    bench.publish_numbers(1, 1);
    bench.publish_numbers(1, 2);
    ASSERT_TEXT(bench.notes.queues, "queued dev q1 2, queued dev q2 3");
    bench.reconnect(2);
    ASSERT_TEXT(bench.got(2), "PUBLISH 1 q1 d/t=2, PUBLISH 2 q2 d/t=3");
}

void reconnect_sends_all_in_flight_again_in_order_before_anything_new(void**) {
    Subscribed bench(2, false, window_of(4));
    bench.publish_numbers(1, 1);
    bench.publish_numbers(2, 2);
    bench.publish_numbers(1, 1);
    bench.got(1);
    bench.say(1, pubrec(2));
    bench.say(1, puback(4));
    bench.broker.disconnected(1, false);
    bench.publish_numbers(2, 1);
    bench.reconnect(2);
    ASSERT_TEXT(bench.got(2), "PUBLISH 1 q1 dup d/t=1, PUBREL 2, PUBLISH 3 q2 dup d/t=3, PUBLISH 5 q1 d/t=5");
    ASSERT_TEXT(bench.say(2, pubcomp(2)), "PUBLISH 6 q1 d/t=6");
    ASSERT_TEXT(bench.say(2, puback(1)), "");
    ASSERT_TEXT(bench.say(2, pubrec(3)), "PUBREL 3");
    ASSERT_TEXT(bench.notes.violations, "");
}

void packets_that_wait_for_a_lost_connection_are_lost(void**) {
    Subscribed bench(1, false);
    bench.publish_numbers(1, 0);
    bench.publish_numbers(1, 1);
    bench.broker.handle(1, pingreq());
    bench.reconnect(2);
    ASSERT_TEXT(bench.got(2), "PUBLISH 1 q1 dup d/t=2");
    ASSERT_TEXT(bench.notes.queues, "queued dev q0 1, queued dev q1 2, dropped dev q0 1: no connection");
}

void acknowledgements_and_drops_are_told_once(void**) {
    Subscribed bench(2, false);
    bench.publish_numbers(2, 2);
    bench.got(1);
    bench.say(1, pubrec(1));
    bench.reconnect(2);
    bench.say(2, pubrec(1));
    ASSERT_TEXT(bench.take_queues(), "queued dev q2 1, queued dev q2 2, acknowledged dev q2 1");
    bench.broker.disconnected(2, true);
    ASSERT_TEXT(bench.connect(3, connect("dev", true)), "accepted");
    ASSERT_TEXT(bench.take_queues(), "dropped dev q2 2: replaced by a clean session");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(qos0_is_published_and_not_acknowledged),
        cmocka_unit_test(qos1_is_published_at_once_and_each_copy_again),
        cmocka_unit_test(qos2_is_published_by_the_first_pubrel_only),
        cmocka_unit_test(qos2_id_is_free_again_after_pubrel),
        cmocka_unit_test(pubrel_of_an_unknown_id_is_answered),
        cmocka_unit_test(unreleased_id_with_other_content_is_a_violation_and_changes_nothing),
        cmocka_unit_test(unreleased_exchange_survives_a_reconnect_of_a_kept_session),
        cmocka_unit_test(a_client_gets_its_own_message_before_the_acknowledgement),
        cmocka_unit_test(delivery_has_the_lower_of_published_and_granted_qos),
        cmocka_unit_test(granted_qos_is_limited_by_the_settings),
        cmocka_unit_test(qos1_downlink_ends_with_puback),
        cmocka_unit_test(qos2_downlink_is_acknowledged_by_pubrec_and_ends_with_pubcomp),
        cmocka_unit_test(acknowledgement_of_the_wrong_kind_is_a_violation_and_changes_nothing),
        cmocka_unit_test(the_window_holds_back_what_is_not_acknowledged),
        cmocka_unit_test(pubrec_makes_no_room_but_pubcomp_does),
        cmocka_unit_test(qos0_passes_what_waits_for_the_window),
        cmocka_unit_test(without_a_limit_everything_is_in_flight_up_to_the_last_id),
        cmocka_unit_test(each_acknowledgement_makes_room_for_a_window_when_it_is_not_kept_to),
        cmocka_unit_test(a_window_that_is_not_kept_to_keeps_the_order),
        cmocka_unit_test(a_window_that_is_not_kept_to_is_there_again_once_all_is_acknowledged),
        cmocka_unit_test(a_full_queue_drops_the_newest),
        cmocka_unit_test(ids_in_flight_are_passed_over_when_they_wrap),
        cmocka_unit_test(a_kept_session_queues_while_its_client_is_away_but_not_qos0),
        cmocka_unit_test(reconnect_sends_all_in_flight_again_in_order_before_anything_new),
        cmocka_unit_test(packets_that_wait_for_a_lost_connection_are_lost),
        cmocka_unit_test(acknowledgements_and_drops_are_told_once),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
