// SPDX-License-Identifier: BSD-3-Clause
//
// The model broker: sessions, takeover, wills, subscriptions, retained messages, crashes, and packets that
// break a rule.
#include "sim/model_broker_topics.hpp"
#include "unit/sim/model_broker_bench.hpp"

using namespace test;
using mqttsn::sim::fault_of_topic_filter;
using mqttsn::sim::fault_of_topic_name;
using mqttsn::sim::filter_matches;

namespace {

// ---- Sessions

void a_kept_session_is_present_again_with_its_subscriptions(void**) {
    Bench bench;
    ASSERT_TEXT(bench.connect(1, connect("dev", false)), "accepted");
    bench.say(1, subscribe(1, 1, "a"));
    bench.broker.disconnected(1, true);
    assert_true(bench.broker.has_session("dev"));
    ASSERT_TEXT(bench.connect(2, connect("dev", false)), "accepted, present");
    assert_int_equal(bench.broker.subscription_count("dev"), 1);
    bench.broker.publish("a", "x", 1, false);
    ASSERT_TEXT(bench.got(2), "PUBLISH 1 q1 a=x");
}

void a_clean_session_ends_with_its_connection(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    bench.say(1, subscribe(1, 1, "a"));
    bench.broker.publish("a", "x", 1, false);
    bench.broker.disconnected(1, true);
    assert_int_equal(bench.broker.session_count(), 0);
    ASSERT_TEXT(bench.notes.queues, "queued dev q1 x, dropped dev q1 x: session over");
    ASSERT_TEXT(bench.connect(2, connect("dev", false)), "accepted");
    assert_int_equal(bench.broker.subscription_count("dev"), 0);
}

void a_clean_connect_discards_the_kept_session(void**) {
    Bench bench;
    bench.connect(1, connect("dev", false));
    bench.say(1, subscribe(1, 1, "a"));
    bench.say(1, publish(5, 2, "b", "y"));
    bench.broker.disconnected(1, true);
    bench.broker.publish("a", "x", 1, false);
    ASSERT_TEXT(bench.connect(2, connect("dev", true)), "accepted");
    ASSERT_TEXT(bench.got(2), "");
    assert_int_equal(bench.broker.subscription_count("dev"), 0);
    assert_int_equal(bench.broker.unreleased(), 0);
    ASSERT_TEXT(bench.notes.queues, "queued dev q1 x, dropped dev q1 x: replaced by a clean session");
}

void a_kept_session_that_was_taken_up_clean_ends_with_that_connection(void**) {
    Bench bench;
    bench.connect(1, connect("dev", false));
    bench.broker.disconnected(1, true);
    bench.connect(2, connect("dev", true));
    bench.broker.disconnected(2, true);
    ASSERT_TEXT(bench.connect(3, connect("dev", false)), "accepted");
}

void takeover_closes_the_old_connection_and_publishes_its_will(void**) {
    Bench bench;
    bench.connect(1, connect_with_will("dev", false, 1, "w", "gone"));
    bench.say(1, subscribe(1, 1, "a"));
    ASSERT_TEXT(bench.connect(2, connect("dev", false)), "accepted, present, took over 1");
    ASSERT_TEXT(bench.notes.published, "dev q1 will w=gone");
    bench.broker.publish("a", "x", 1, false);
    ASSERT_TEXT(bench.got(1), "");
    ASSERT_TEXT(bench.say(1, pingreq()), "");
    bench.broker.disconnected(1, false);  // late news of the old connection
    ASSERT_TEXT(bench.got(2), "PUBLISH 1 q1 a=x");
    ASSERT_TEXT(bench.take_published(), "dev q1 will w=gone");
}

void takeover_of_a_clean_session_starts_from_nothing(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    bench.say(1, subscribe(1, 1, "a"));
    bench.broker.publish("a", "x", 1, false);
    ASSERT_TEXT(bench.connect(2, connect("dev", false)), "accepted, took over 1");
    ASSERT_TEXT(bench.got(2), "");
    ASSERT_TEXT(bench.notes.queues, "queued dev q1 x, dropped dev q1 x: session over");
    assert_int_equal(bench.broker.session_count(), 1);
}

void clients_without_an_id_get_sessions_of_their_own_if_clean(void**) {
    Bench bench;
    ASSERT_TEXT(bench.connect(1, connect("auto-1", true)), "accepted");
    ASSERT_TEXT(bench.connect(2, connect("", true)), "accepted");
    ASSERT_TEXT(bench.connect(3, connect("", true)), "accepted");
    assert_int_equal(bench.broker.session_count(), 3);
    ASSERT_TEXT(bench.connect(4, connect("", false)), "refused 2");
    assert_int_equal(bench.broker.session_count(), 3);
    ASSERT_TEXT(bench.take_violations(), ": CONNECT: no client id with clean session 0");
}

void connects_are_refused_while_told_so(void**) {
    Bench bench;
    bench.connect(1, connect("dev", false));
    bench.broker.refuse_with(mqtt::ConnectCode::server_unavailable);
    ASSERT_TEXT(bench.connect(2, connect("dev", false)), "refused 3");
    ASSERT_TEXT(bench.say(2, pingreq()), "");
    ASSERT_TEXT(bench.say(1, pingreq()), "PINGRESP");  // not taken over
    bench.broker.refuse_with(mqtt::ConnectCode::accepted);
    ASSERT_TEXT(bench.connect(3, connect("dev", false)), "accepted, present, took over 1");
}

void packets_of_unknown_connections_are_ignored(void**) {
    Bench bench;
    ASSERT_TEXT(bench.say(1, publish(1, 1, "a", "x")), "");
    bench.broker.disconnected(1, false);
    ASSERT_TEXT(bench.notes.published, "");
    assert_int_equal(bench.broker.session_count(), 0);
}

// ---- Wills

void will_is_published_by_a_loss_and_not_by_disconnect(void**) {
    Bench bench;
    bench.connect(9, connect("watcher", true));
    bench.say(9, subscribe(1, 2, "w"));
    bench.connect(1, connect_with_will("dev", false, 1, "w", "gone", true));
    bench.broker.disconnected(1, true);
    ASSERT_TEXT(bench.got(9), "");
    bench.connect(2, connect("dev", false));  // the will is of the connection, not of the session
    bench.broker.disconnected(2, false);
    ASSERT_TEXT(bench.got(9), "");
    bench.connect(3, connect_with_will("dev", true, 1, "w", "gone", true));
    bench.broker.disconnected(3, false);
    ASSERT_TEXT(bench.got(9), "PUBLISH 1 q1 w=gone");
    ASSERT_TEXT(bench.notes.published, "dev q1 retain will w=gone");
    ASSERT_TEXT(bench.say(9, subscribe(2, 0, "w")), "SUBACK 2 q0, PUBLISH q0 retain w=gone");
}

void a_kept_session_receives_the_will_of_its_own_lost_connection(void**) {
    Bench bench;
    bench.connect(1, connect_with_will("dev", false, 1, "w", "gone"));
    bench.say(1, subscribe(1, 1, "w"));
    bench.broker.disconnected(1, false);
    bench.connect(2, connect("dev", false));
    ASSERT_TEXT(bench.got(2), "PUBLISH 1 q1 w=gone");
}

// ---- Subscriptions

void filters_match_as_the_standard_says(void**) {
    const struct {
        const char* filter;
        const char* name;
        bool matches;
    } rows[] = {
        {"a", "a", true},           {"a", "b", false},        {"a", "a/b", false},
        {"a/b", "a", false},        {"a/", "a", false},       {"a", "a/", false},
        {"a/", "a/", true},         {"/a", "a", false},       {"+", "a", true},
        {"+", "/a", false},         {"+/+", "/a", true},      {"/+", "/a", true},
        {"a/+", "a", false},        {"a/+", "a/", true},      {"a/+", "a/b", true},
        {"a/+", "a/b/c", false},    {"a/+/c", "a/b/c", true}, {"a/+/c", "a//c", true},
        {"a/+/c", "a/b/d", false},  {"#", "a/b/c", true},     {"#", "/", true},
        {"a/#", "a", true},         {"a/#", "a/b/c", true},   {"a/#", "ab", false},
        {"+/#", "a", true},         {"a/+/#", "a", false},    {"a/+/#", "a/b", true},
        {"#", "$SYS/a", false},     {"+/a", "$SYS/a", false}, {"$SYS/#", "$SYS/a", true},
        {"$SYS/+", "$SYS/a", true}, {"a/#", "$SYS/a", false}, {"+", "$a", false},
        {"a/+", "a/$b", true},      {"a", "A", false},        {"a b", "a b", true},
    };
    for (const auto& row : rows) {
        if (filter_matches(row.filter, row.name) != row.matches) {
            print_error("filter %s, name %s\n", row.filter, row.name);
        }
        assert_true(filter_matches(row.filter, row.name) == row.matches);
    }
}

void names_and_filters_that_are_not_valid_are_told_apart(void**) {
    using namespace std::string_view_literals;
    for (const std::string_view good :
         {"a"sv, "/"sv, "a//b"sv, "$SYS/x"sv, "\xC3\xA4"sv, "\xF4\x8F\xBF\xBF"sv}) {
        assert_null(fault_of_topic_name(good));
        assert_null(fault_of_topic_filter(good));
    }
    for (const std::string_view good : {"#"sv, "+"sv, "a/#"sv, "+/+"sv, "/+/#"sv}) {
        assert_null(fault_of_topic_filter(good));
        assert_non_null(fault_of_topic_name(good));
    }
    for (const std::string_view bad : {"a#"sv, "#/a"sv, "a/#/"sv, "##"sv, "a+"sv, "+a/b"sv, "a/++"sv}) {
        assert_non_null(fault_of_topic_filter(bad));
    }
    for (const std::string_view bad :
         {""sv, "a\0b"sv, "\x80"sv, "\xC0\x80"sv, "\xED\xA0\x80"sv, "\xE0\x80\x80"sv, "\xF0\x80\x80\x80"sv,
          "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xC3"sv}) {
        assert_non_null(fault_of_topic_name(bad));
        assert_non_null(fault_of_topic_filter(bad));
    }
    assert_null(fault_of_topic_name(std::string(65535, 'x')));
    assert_non_null(fault_of_topic_name(std::string(65536, 'x')));
}

void overlapping_filters_give_one_copy_with_the_highest_qos(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    bench.say(1, subscribe(1, 0, "a/#"));
    bench.say(1, subscribe(2, 2, "a/+"));
    bench.say(1, subscribe(3, 1, "a/b"));
    bench.broker.publish("a/b", "x", 2, false);
    ASSERT_TEXT(bench.got(1), "PUBLISH 1 q2 a/b=x");
    ASSERT_TEXT(bench.notes.queues, "queued dev q2 x");
}

void a_second_subscribe_replaces_the_first(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    bench.say(1, subscribe(1, 2, "a"));
    ASSERT_TEXT(bench.say(1, subscribe(2, 0, "a")), "SUBACK 2 q0");
    assert_int_equal(bench.broker.subscription_count("dev"), 1);
    bench.broker.publish("a", "x", 2, false);
    ASSERT_TEXT(bench.got(1), "PUBLISH q0 a=x");
}

void unsubscribe_ends_exactly_that_filter(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    bench.say(1, subscribe(1, 1, "a/+"));
    bench.say(1, subscribe(2, 1, "b"));
    ASSERT_TEXT(bench.say(1, unsubscribe(3, "a/b")), "UNSUBACK 3");
    assert_int_equal(bench.broker.subscription_count("dev"), 2);
    ASSERT_TEXT(bench.say(1, unsubscribe(4, "a/+")), "UNSUBACK 4");
    bench.broker.publish("a/b", "x", 1, false);
    bench.broker.publish("b", "y", 1, false);
    ASSERT_TEXT(bench.got(1), "PUBLISH 1 q1 b=y");
    ASSERT_TEXT(bench.notes.violations, "");
}

void retained_messages_come_with_each_subscribe_that_matches(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    bench.say(1, publish(1, 1, "a/x", "old", true));
    bench.say(1, publish(2, 1, "a/x", "new", true));
    bench.say(1, publish(3, 0, "a/y", "zero", true));
    bench.say(1, publish(4, 1, "a/z", "not kept"));
    ASSERT_TEXT(bench.say(1, subscribe(5, 2, "a/+")),
                "SUBACK 5 q2, PUBLISH 1 q1 retain a/x=new, PUBLISH q0 retain a/y=zero");
    ASSERT_TEXT(bench.say(1, subscribe(6, 0, "a/x")), "SUBACK 6 q0, PUBLISH q0 retain a/x=new");
    ASSERT_TEXT(bench.say(1, subscribe(7, 2, "b/#")), "SUBACK 7 q2");
}

void a_retained_message_goes_without_the_flag_to_who_is_there_and_an_empty_one_deletes(void**) {
    Bench bench;
    bench.connect(1, connect("dev", true));
    bench.say(1, subscribe(1, 0, "a"));
    bench.broker.publish("a", "x", 0, true);
    ASSERT_TEXT(bench.got(1), "PUBLISH q0 a=x");
    bench.broker.publish("a", "", 0, true);
    ASSERT_TEXT(bench.got(1), "PUBLISH q0 a=");
    ASSERT_TEXT(bench.say(1, subscribe(2, 0, "a")), "SUBACK 2 q0");
}

void messages_go_to_sessions_in_the_order_of_their_names(void**) {
    Bench bench;
    bench.connect(1, connect("b", true));
    bench.connect(2, connect("a", true));
    bench.say(1, subscribe(1, 1, "t"));
    bench.say(2, subscribe(1, 1, "#"));
    bench.broker.publish("t", "x", 1, false);
    ASSERT_TEXT(bench.notes.queues, "queued a q1 x, queued b q1 x");
}

// ---- Crashes

void a_crash_that_keeps_memory_keeps_sessions_queues_and_retained(void**) {
    Bench bench;
    bench.connect(1, connect_with_will("dev", false, 1, "w", "gone"));
    bench.connect(2, connect("clean", true));
    bench.say(1, subscribe(1, 1, "a"));
    bench.say(2, subscribe(1, 1, "a"));
    bench.say(1, publish(5, 2, "b", "half"));
    bench.broker.publish("a", "x", 1, true);
    bench.broker.publish("a", "y", 0, false);
    bench.take_queues();
    bench.broker.crash(true);
    ASSERT_TEXT(bench.take_queues(),
                "dropped dev q0 y: the broker crashed, dropped clean q0 y: the broker crashed, "
                "dropped clean q1 x: the broker crashed");
    ASSERT_TEXT(bench.notes.published, "");  // no will
    assert_int_equal(bench.broker.session_count(), 1);
    ASSERT_TEXT(bench.say(1, pingreq()), "");
    ASSERT_TEXT(bench.connect(3, connect("dev", false)), "accepted, present");
    ASSERT_TEXT(bench.got(3), "PUBLISH 1 q1 dup a=x");
    ASSERT_TEXT(bench.say(3, pubrel(5)), "PUBCOMP 5");
    ASSERT_TEXT(bench.notes.published, "dev q2 b=half");
    ASSERT_TEXT(bench.say(3, subscribe(2, 0, "a")), "SUBACK 2 q0, PUBLISH q0 retain a=x");
}

void a_crash_without_memory_forgets_everything(void**) {
    Bench bench;
    bench.connect(1, connect("dev", false));
    bench.say(1, subscribe(1, 2, "a"));
    bench.broker.publish("a", "x", 2, true);
    bench.broker.publish("a", "y", 2, true);
    bench.say(1, pubrec(1));
    bench.take_queues();
    bench.broker.crash(false);
    ASSERT_TEXT(bench.take_queues(), "dropped dev q2 y: the broker crashed");
    assert_int_equal(bench.broker.session_count(), 0);
    ASSERT_TEXT(bench.connect(2, connect("dev", false)), "accepted");
    ASSERT_TEXT(bench.say(2, subscribe(1, 1, "a")), "SUBACK 1 q1");
}

// ---- What breaks a rule

void bad_packets_are_violations_and_change_nothing(void**) {
    using namespace std::string_view_literals;
    const struct {
        mqtt::Packet packet;
        const char* answer;
    } rows[] = {
        {publish(0, 1, "a", "x"), ""},
        {publish(0, 2, "a", "x"), ""},
        {publish(1, 3, "a", "x"), ""},
        {publish(1, 1, "", "x"), ""},
        {publish(1, 1, "a/+", "x"), ""},
        {publish(1, 1, "#", "x"), ""},
        {publish(1, 1, "a\0b"sv, "x"), ""},
        {again(publish(0, 0, "a", "x")), ""},
        {puback(0), ""},
        {pubrec(0), ""},
        {pubrel(0), ""},
        {pubcomp(0), ""},
        {subscribe(0, 1, "a"), ""},
        {subscribe(1, 3, "a"), "SUBACK 1 refused"},
        {subscribe(1, 1, "a/#/b"), "SUBACK 1 refused"},
        {subscribe(1, 1, ""), "SUBACK 1 refused"},
        {unsubscribe(0, "a"), ""},
        {unsubscribe(1, "a+"), "UNSUBACK 1"},
        {packet(PacketType::suback, 1), ""},
        {packet(PacketType::pingresp, 1), ""},
        {packet(PacketType::connect, 1), ""},
        {packet(PacketType::connack, 1), ""},
    };
    for (const auto& row : rows) {
        Bench bench;
        bench.connect(1, connect("dev", false));
        const std::string answer = bench.say(1, row.packet);
        const std::string violations = bench.take_violations();
        if (violations.rfind("dev: ", 0) != 0 || violations.find('\n') != std::string::npos) {
            print_error("packet %s: \"%s\"\n", text_of(row.packet).c_str(), violations.c_str());
        }
        assert_int_equal(violations.rfind("dev: ", 0), 0);
        ASSERT_TEXT(answer, row.answer);
        ASSERT_TEXT(bench.notes.published, "");
        assert_int_equal(bench.broker.subscription_count("dev"), 0);
        assert_int_equal(bench.broker.unreleased(), 0);
    }
}

void bad_connects_are_refused(void**) {
    using namespace std::string_view_literals;
    Bench bench;
    mqtt::Connect password = connect("dev", true);
    password.has_password = true;
    for (const mqtt::Connect& bad :
         {connect_with_will("dev", true, 3, "w", ""), connect_with_will("dev", true, 1, "", ""),
          connect_with_will("dev", true, 1, "w/#", ""), connect("d\0v"sv, true), connect("\xFF"sv, true),
          password}) {
        ASSERT_TEXT(bench.connect(1, bad), "refused 1");
        assert_true(bench.take_violations().find(": CONNECT: ") != std::string::npos);
        assert_int_equal(bench.broker.session_count(), 0);
    }
}

void a_second_connect_ends_the_connection(void**) {
    Bench bench;
    bench.connect(1, connect_with_will("dev", false, 0, "w", "gone"));
    ASSERT_TEXT(bench.connect(1, connect("other", false)), "refused 1");
    ASSERT_TEXT(bench.notes.violations, "other: CONNECT: a second one on a connection");
    ASSERT_TEXT(bench.notes.published, "dev q0 will w=gone");
    ASSERT_TEXT(bench.say(1, pingreq()), "");
    assert_false(bench.broker.has_session("other"));
}

void a_publish_of_the_caller_with_a_bad_topic_is_told(void**) {
    Bench bench;
    bench.broker.publish("a/+", "x", 0, false);
    ASSERT_TEXT(bench.take_violations(), ": publish(): the topic contains a wildcard");
}

void owned_packets_keep_their_octets(void**) {
    OwnedPacket owned;
    {
        const std::string topic = "a/topic/long/enough/for/the/heap";
        const std::string payload = "and the payload likewise, of course";
        owned = OwnedPacket(publish(3, 1, topic, payload, true));
    }
    const OwnedPacket copy = owned;
    ASSERT_TEXT(text_of(copy.view()),
                "PUBLISH 3 q1 retain a/topic/long/enough/for/the/heap=and the payload likewise, of course");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_kept_session_is_present_again_with_its_subscriptions),
        cmocka_unit_test(a_clean_session_ends_with_its_connection),
        cmocka_unit_test(a_clean_connect_discards_the_kept_session),
        cmocka_unit_test(a_kept_session_that_was_taken_up_clean_ends_with_that_connection),
        cmocka_unit_test(takeover_closes_the_old_connection_and_publishes_its_will),
        cmocka_unit_test(takeover_of_a_clean_session_starts_from_nothing),
        cmocka_unit_test(clients_without_an_id_get_sessions_of_their_own_if_clean),
        cmocka_unit_test(connects_are_refused_while_told_so),
        cmocka_unit_test(packets_of_unknown_connections_are_ignored),
        cmocka_unit_test(will_is_published_by_a_loss_and_not_by_disconnect),
        cmocka_unit_test(a_kept_session_receives_the_will_of_its_own_lost_connection),
        cmocka_unit_test(filters_match_as_the_standard_says),
        cmocka_unit_test(names_and_filters_that_are_not_valid_are_told_apart),
        cmocka_unit_test(overlapping_filters_give_one_copy_with_the_highest_qos),
        cmocka_unit_test(a_second_subscribe_replaces_the_first),
        cmocka_unit_test(unsubscribe_ends_exactly_that_filter),
        cmocka_unit_test(retained_messages_come_with_each_subscribe_that_matches),
        cmocka_unit_test(a_retained_message_goes_without_the_flag_to_who_is_there_and_an_empty_one_deletes),
        cmocka_unit_test(messages_go_to_sessions_in_the_order_of_their_names),
        cmocka_unit_test(a_crash_that_keeps_memory_keeps_sessions_queues_and_retained),
        cmocka_unit_test(a_crash_without_memory_forgets_everything),
        cmocka_unit_test(bad_packets_are_violations_and_change_nothing),
        cmocka_unit_test(bad_connects_are_refused),
        cmocka_unit_test(a_second_connect_ends_the_connection),
        cmocka_unit_test(a_publish_of_the_caller_with_a_bad_topic_is_told),
        cmocka_unit_test(owned_packets_keep_their_octets),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
