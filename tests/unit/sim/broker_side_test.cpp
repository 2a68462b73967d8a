// SPDX-License-Identifier: BSD-3-Clause
//
// The broker's side of the simulation (tests/sim/broker_side.hpp): connections that keep order and take time,
// and what faults do to them. What the model broker itself does is in model_broker_test.cpp.
#include "sim/broker_side.hpp"

#include <string>
#include <utility>

#include "support/cmocka.hpp"
#include "unit/sim/mqtt_text.hpp"

using namespace mqttsn;
using namespace mqttsn::sim;
using mqttsn::gateway::LinkId;
using test::append_text;

namespace {

constexpr Micros kDelay{1000};
constexpr Micros kSecond{1'000'000};

/// The gateway's end, which writes down what it is told, and the agenda that makes it happen.
class SideBench : public BrokerSideOwner, public BrokerObserver {
  public:
    explicit SideBench(const BrokerSettings& settings = {}, std::uint64_t seed = 1)
        : side(settings, kDelay, seed, agenda, *this, *this) {}

    void opens(LinkId link, std::string_view client_id, bool clean = false) {
        side.open(now, gateway::LinkOpen{link, test::connect(client_id, clean)});
    }
    void sends(LinkId link, const mqtt::Packet& packet) { side.send(now, gateway::LinkSend{link, packet}); }
    void closes(LinkId link, bool with_disconnect) {
        side.close(now, gateway::LinkClose{link, with_disconnect});
    }
    void reads(LinkId link, bool on) { side.read(now, gateway::LinkRead{link, on}); }
    void publishes(std::string_view topic, std::string_view payload, unsigned qos = 1) {
        side.publish(now, topic, payload, qos, false);
    }
    /// @returns what the gateway and the observer were told meanwhile
    std::string after(Micros time) {
        const Micros until = now + time;
        while (!agenda.empty() && agenda.first().at <= until) {
            const Agenda::Entry entry = agenda.take();
            now = entry.at;
            side.step(now, entry.number);
        }
        now = until;
        return std::exchange(told, {});
    }
    /// An open connection that has subscribed to "a/#".
    void subscribed(LinkId link, std::string_view client_id, bool clean = false) {
        opens(link, client_id, clean);
        after(kSecond);
        sends(link, test::subscribe(1, 2, "a/#"));
        after(kSecond);
    }

    void link_opened(LinkId link, bool session_present) override {
        note(link, session_present ? "opened, present" : "opened");
    }
    void link_refused(LinkId link, std::uint8_t code) override {
        note(link, "refused " + std::to_string(code));
    }
    void link_closed(LinkId link, gateway::LinkCloseReason reason) override {
        note(link, std::string("closed ") + reason_text(reason));
    }
    void link_congested(LinkId link, bool congested) override {
        note(link, congested ? "congested" : "free");
    }
    void link_packet(LinkId link, const mqtt::Packet& packet) override { note(link, test::text_of(packet)); }
    void session_begins(std::string_view client_id) override {
        append_text(told, "new " + std::string(client_id));
    }
    void on_published(std::string_view client_id, std::string_view, std::string_view payload, unsigned, bool,
                      bool will) override {
        append_text(told, "published " + std::string(payload) + " of " + std::string(client_id) +
                              (will ? " (will)" : ""));
    }
    void on_violation(std::string_view client_id, const std::string& what) override {
        append_text(told, std::string(client_id) + ": " + what);
    }

    Agenda agenda;
    Micros now{0};
    std::string told;
    BrokerSide side;

  private:
    static const char* reason_text(gateway::LinkCloseReason reason) {
        switch (reason) {
            case gateway::LinkCloseReason::requested:
                return "as asked";
            case gateway::LinkCloseReason::unreachable:
                return "unreachable";
            case gateway::LinkCloseReason::closed_by_peer:
                return "by the broker";
            default:
                return "otherwise";
        }
    }
    void note(LinkId link, const std::string& what) {
        append_text(told, std::to_string(link.slot) + ": " + what);
    }
};

constexpr LinkId kLink{5, 1};
constexpr LinkId kOther{6, 1};
constexpr LinkId kThird{7, 1};

#define ASSERT_TOLD(bench, time, words) assert_string_equal((bench).after(time).c_str(), words)

// ---- time and order

void opening_takes_four_times_the_delay(void**) {
    SideBench bench;
    bench.opens(kLink, "dev");
    ASSERT_TOLD(bench, 3 * kDelay - Micros{1}, "");
    ASSERT_TOLD(bench, Micros{1}, "new dev");
    ASSERT_TOLD(bench, kDelay - Micros{1}, "");
    ASSERT_TOLD(bench, Micros{1}, "5: opened");
}

void a_packet_takes_the_delay_each_way(void**) {
    SideBench bench;
    bench.opens(kLink, "dev");
    bench.after(kSecond);
    bench.sends(kLink, test::publish(7, 1, "t", "x"));
    ASSERT_TOLD(bench, kDelay - Micros{1}, "");
    ASSERT_TOLD(bench, Micros{1}, "published x of dev");
    ASSERT_TOLD(bench, kDelay - Micros{1}, "");
    ASSERT_TOLD(bench, Micros{1}, "5: PUBACK 7");
}

void packets_keep_their_order_and_own_their_octets(void**) {
    SideBench bench;
    bench.opens(kLink, "dev");
    bench.after(kSecond);
    for (std::uint16_t id = 1; id <= 4; ++id) {
        const std::string payload = "x" + std::to_string(id);  // gone when the packet arrives
        bench.sends(kLink, test::publish(id, 1, "t", payload));
    }
    ASSERT_TOLD(bench, kSecond,
                "published x1 of dev, published x2 of dev, published x3 of dev, published x4 of dev, "
                "5: PUBACK 1, 5: PUBACK 2, 5: PUBACK 3, 5: PUBACK 4");
}

void what_is_for_a_subscriber_comes_to_its_connection_only(void**) {
    SideBench bench;
    bench.subscribed(kLink, "dev");
    bench.opens(kOther, "other");
    bench.after(kSecond);
    bench.publishes("a/b", "x");
    bench.publishes("c", "y");
    ASSERT_TOLD(bench, kSecond, "5: PUBLISH 1 q1 a/b=x");
}

void a_session_that_waited_is_present_with_what_it_missed(void**) {
    SideBench bench;
    bench.subscribed(kLink, "dev");
    bench.closes(kLink, true);
    ASSERT_TOLD(bench, kSecond, "5: closed as asked");
    assert_int_equal(bench.side.connection_count(), 0);
    bench.publishes("a", "x");
    bench.opens(kOther, "dev");
    ASSERT_TOLD(bench, kSecond, "6: opened, present, 6: PUBLISH 1 q1 a=x");
}

void a_will_is_published_unless_disconnect_was_sent(void**) {
    for (const bool with_disconnect : {true, false}) {
        SideBench bench;
        bench.side.open(bench.now,
                        gateway::LinkOpen{kLink, test::connect_with_will("dev", true, 0, "w", "gone")});
        bench.after(kSecond);
        bench.closes(kLink, with_disconnect);
        ASSERT_TOLD(
            bench, kSecond,
            with_disconnect ? "5: closed as asked" : "5: closed as asked, published gone of dev (will)");
    }
}

void refusals_and_silence_are_told(void**) {
    SideBench bench;
    bench.side.broker().refuse_with(mqtt::ConnectCode::not_authorized);
    bench.opens(kLink, "dev");
    ASSERT_TOLD(bench, kSecond, "5: refused 5");
    bench.side.broker().refuse_with(mqtt::ConnectCode::accepted);
    bench.opens(kOther, "dev");
    ASSERT_TOLD(bench, 91 * kSecond, "new dev, 6: opened");
    bench.sends(kOther, test::pingreq());  // the broker would have closed: keep alive is 60 s
    ASSERT_TOLD(bench, kSecond, "dev: nothing sent for one and a half keep-alive periods, 6: PINGRESP");
}

void packets_of_connections_that_are_gone_go_nowhere(void**) {
    SideBench bench;
    bench.sends(kLink, test::pingreq());
    bench.closes(kLink, true);
    bench.reads(kLink, true);
    bench.side.step(bench.now, 99);
    ASSERT_TOLD(bench, kSecond, "");
}

// ---- back-pressure

void nothing_is_read_while_the_gateway_does_not_read(void**) {
    SideBench bench;
    bench.subscribed(kLink, "dev");
    bench.reads(kLink, false);
    bench.publishes("a", "x");
    bench.publishes("a", "y");
    ASSERT_TOLD(bench, kSecond, "");
    bench.reads(kLink, true);
    ASSERT_TOLD(bench, kSecond, "5: PUBLISH 1 q1 a=x, 5: PUBLISH 2 q1 a=y");
}

void a_full_socket_leaves_the_rest_in_the_broker(void**) {
    BrokerSettings settings;
    settings.window = 0;
    for (const bool reads_again : {true, false}) {
        SideBench bench(settings);
        bench.subscribed(kLink, "dev");
        bench.reads(kLink, false);
        for (int count = 0; count < 100; ++count) {
            bench.publishes("a", "x");
        }
        bench.after(kSecond);
        int left = 0;
        if (reads_again) {
            bench.reads(kLink, true);
            const std::string told = bench.after(kSecond);
            assert_true(told.starts_with("5: PUBLISH 1 q1") && told.ends_with("5: PUBLISH 100 q1 a=x"));
        }
        for (OwnedPacket packet; bench.side.broker().poll(1, packet);) {
            ++left;
        }
        assert_int_equal(left, reads_again ? 0 : 36);
    }
}

void a_broker_that_reads_nothing_congests_the_connection(void**) {
    SideBench bench;
    bench.opens(kLink, "dev");
    bench.after(kSecond);
    bench.side.stall(bench.now, bench.now + 10 * kSecond);
    for (int count = 0; count < 65; ++count) {
        bench.sends(kLink, test::pingreq());
    }
    ASSERT_TOLD(bench, kSecond, "5: congested");
    const std::string then = bench.after(10 * kSecond);
    assert_true(then.find("5: free") != std::string::npos);
    assert_true(then.find("5: PINGRESP") != std::string::npos);
}

void a_connection_that_takes_nothing_for_too_long_is_cut(void**) {
    SideBench bench;
    bench.opens(kLink, "dev");
    bench.after(kSecond);
    bench.side.stall(bench.now, bench.now + 10 * kSecond);
    for (int count = 0; count < 1001; ++count) {
        bench.sends(kLink, test::pingreq());
    }
    assert_true(bench.after(kSecond).ends_with("5: closed by the broker"));
}

// ---- takeover

void a_new_connection_of_a_client_id_closes_the_older(void**) {
    SideBench bench;
    bench.subscribed(kLink, "dev");
    bench.opens(kOther, "dev");
    bench.after(3 * kDelay);
    bench.publishes("a", "x");
    ASSERT_TOLD(bench, kSecond, "5: closed by the broker, 6: opened, present, 6: PUBLISH 1 q1 a=x");
    assert_int_equal(bench.side.connection_count(), 1);
}

// ---- faults

void a_stalled_broker_keeps_its_connections_and_answers_later(void**) {
    SideBench bench;
    bench.opens(kLink, "dev");
    bench.after(kSecond);
    bench.side.stall(bench.now, bench.now + 5 * kSecond);
    bench.sends(kLink, test::publish(7, 1, "t", "x"));
    ASSERT_TOLD(bench, 5 * kSecond - Micros{1}, "");
    ASSERT_TOLD(bench, kSecond, "published x of dev, 5: PUBACK 7");
}

void a_connect_to_a_stalled_broker_is_given_up_after_ten_seconds(void**) {
    SideBench bench;
    bench.side.stall(bench.now, bench.now + 60 * kSecond);
    bench.opens(kLink, "dev");
    ASSERT_TOLD(bench, 10 * kSecond, "");
    ASSERT_TOLD(bench, kSecond, "5: closed unreachable");
    ASSERT_TOLD(bench, 60 * kSecond, "");  // nobody was accepted afterwards
    assert_int_equal(bench.side.broker().session_count(), 0);
}

void a_crash_closes_all_connections_and_refuses_new_ones(void**) {
    SideBench bench;
    bench.subscribed(kLink, "dev");
    bench.side.crash(bench.now, bench.now + 5 * kSecond, true);
    assert_false(bench.side.up(bench.now));
    ASSERT_TOLD(bench, kSecond, "5: closed by the broker");
    assert_int_equal(bench.side.connection_count(), 0);
    bench.opens(kOther, "dev");
    ASSERT_TOLD(bench, kSecond, "6: closed unreachable");
    bench.after(5 * kSecond);
    assert_true(bench.side.up(bench.now));
    bench.opens(kThird, "dev");
    ASSERT_TOLD(bench, kSecond, "7: opened, present");
}

void a_crash_without_memory_begins_all_sessions_anew(void**) {
    SideBench bench;
    bench.subscribed(kLink, "dev");
    bench.side.crash(bench.now, bench.now + kSecond, false);
    bench.after(2 * kSecond);
    bench.opens(kOther, "dev");
    ASSERT_TOLD(bench, kSecond, "new dev, 6: opened");
}

/// Of what was on its way some arrives and the rest does not: always a beginning of it, and over many seeds
/// all lengths.
template <typename Fault>
unsigned lengths_that_arrive(Fault fault) {
    unsigned lengths = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SideBench bench({}, seed);
        bench.opens(kLink, "dev");
        bench.after(kSecond);
        for (std::uint16_t id = 1; id <= 3; ++id) {
            bench.sends(kLink, test::publish(id, 1, "t", std::to_string(id)));
        }
        fault(bench);
        const std::string told = bench.told + (bench.told.empty() ? "" : ", ") + bench.after(kSecond);
        const std::string wanted[] = {"published 1 of dev", "published 2 of dev", "published 3 of dev"};
        unsigned count = 0;
        for (std::size_t at = 0; count < 3 && (at = told.find(wanted[count], at)) != std::string::npos;) {
            ++count;
        }
        const bool more =
            count < 3 &&
            told.find("published", count == 0 ? 0 : told.find(wanted[count - 1]) + 1) != std::string::npos;
        lengths |= more ? 1U << 31U : 1U << count;
    }
    return lengths;
}

void of_what_is_on_its_way_a_cut_lets_a_first_part_arrive(void**) {
    assert_int_equal(
        lengths_that_arrive([](SideBench& bench) { bench.side.cut(bench.now, lossy::kCertain); }), 0xF);
}

void of_what_a_killed_gateway_has_written_a_first_part_arrives(void**) {
    assert_int_equal(lengths_that_arrive([](SideBench& bench) { bench.side.gateway_killed(bench.now); }),
                     0xF);
}

void of_what_is_on_its_way_a_crash_lets_a_first_part_arrive(void**) {
    assert_int_equal(
        lengths_that_arrive([](SideBench& bench) { bench.side.crash(bench.now, bench.now + kSecond, true); }),
        0xF);
}

void both_ends_learn_of_a_cut(void**) {
    SideBench bench;
    bench.subscribed(kLink, "dev");
    bench.side.cut(bench.now, lossy::Chance{0});
    ASSERT_TOLD(bench, kSecond, "");
    bench.side.cut(bench.now, lossy::kCertain);
    ASSERT_TOLD(bench, kSecond, "5: closed by the broker");
    bench.publishes("a", "x");
    ASSERT_TOLD(bench, kSecond, "");
    assert_int_equal(bench.side.broker().owed("dev"), 1);
}

void a_killed_gateway_is_told_nothing_more(void**) {
    SideBench bench;
    bench.subscribed(kLink, "dev");
    bench.publishes("a", "x");
    bench.side.gateway_killed(bench.now);
    ASSERT_TOLD(bench, kSecond, "");
    assert_int_equal(bench.side.connection_count(), 0);
    bench.opens(kOther, "dev");
    ASSERT_TOLD(bench, kSecond, "6: opened, present, 6: PUBLISH 1 q1 dup a=x");
}

/// A gateway that does not read learns of the end when it writes.
void a_write_tells_of_a_cut_that_is_not_read(void**) {
    SideBench bench;
    bench.subscribed(kLink, "dev");
    bench.reads(kLink, false);
    bench.side.cut(bench.now, lossy::kCertain);
    ASSERT_TOLD(bench, kSecond, "");
    bench.sends(kLink, test::pingreq());
    ASSERT_TOLD(bench, kSecond, "5: closed by the broker");
}

void qos_minus_one_is_published_by_nobody_while_the_broker_is_down(void**) {
    SideBench bench;
    bench.side.publish_own(bench.now, test::publish(0, 0, "t", "x"));
    ASSERT_TOLD(bench, kSecond, "published x of ");
    bench.side.crash(bench.now, bench.now + kSecond, true);
    bench.side.publish_own(bench.now, test::publish(0, 0, "t", "y"));
    ASSERT_TOLD(bench, Micros{0}, "");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(opening_takes_four_times_the_delay),
        cmocka_unit_test(a_packet_takes_the_delay_each_way),
        cmocka_unit_test(packets_keep_their_order_and_own_their_octets),
        cmocka_unit_test(what_is_for_a_subscriber_comes_to_its_connection_only),
        cmocka_unit_test(a_session_that_waited_is_present_with_what_it_missed),
        cmocka_unit_test(a_will_is_published_unless_disconnect_was_sent),
        cmocka_unit_test(refusals_and_silence_are_told),
        cmocka_unit_test(packets_of_connections_that_are_gone_go_nowhere),
        cmocka_unit_test(nothing_is_read_while_the_gateway_does_not_read),
        cmocka_unit_test(a_full_socket_leaves_the_rest_in_the_broker),
        cmocka_unit_test(a_broker_that_reads_nothing_congests_the_connection),
        cmocka_unit_test(a_connection_that_takes_nothing_for_too_long_is_cut),
        cmocka_unit_test(a_new_connection_of_a_client_id_closes_the_older),
        cmocka_unit_test(a_stalled_broker_keeps_its_connections_and_answers_later),
        cmocka_unit_test(a_connect_to_a_stalled_broker_is_given_up_after_ten_seconds),
        cmocka_unit_test(a_crash_closes_all_connections_and_refuses_new_ones),
        cmocka_unit_test(a_crash_without_memory_begins_all_sessions_anew),
        cmocka_unit_test(of_what_is_on_its_way_a_cut_lets_a_first_part_arrive),
        cmocka_unit_test(of_what_a_killed_gateway_has_written_a_first_part_arrives),
        cmocka_unit_test(of_what_is_on_its_way_a_crash_lets_a_first_part_arrive),
        cmocka_unit_test(both_ends_learn_of_a_cut),
        cmocka_unit_test(a_killed_gateway_is_told_nothing_more),
        cmocka_unit_test(a_write_tells_of_a_cut_that_is_not_read),
        cmocka_unit_test(qos_minus_one_is_published_by_nobody_while_the_broker_is_down),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
