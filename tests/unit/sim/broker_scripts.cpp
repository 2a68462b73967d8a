// SPDX-License-Identifier: BSD-3-Clause
#include "unit/sim/broker_scripts.hpp"

namespace test {

using mqttsn::sim::BrokerSettings;

namespace {

using Ids = std::vector<std::uint16_t>;

// ---- Scripts. "dev" is on connections 1, 2, 3, who watches or publishes on 9.

void qos1_both_ways(Play& play) {
    play.connect(1, connect("dev", true));
    play.connect(9, connect("app", true));
    play.say(1, subscribe(1, 1, "d/#"));
    play.say(9, subscribe(1, 1, "u/#"));
    play.say(1, publish(2, 1, "u/t", "one"));
    play.say(1, again(publish(2, 1, "u/t", "one")));
    play.say(1, publish(0, 0, "u/t", "zero"));
    play.say(9, puback(1));
    play.say(9, puback(2));
    play.say(9, puback(2));
    play.say(9, puback(77));
    play.say(9, publish(5, 1, "d/t", "down"));
    play.say(9, publish(6, 1, "d/t", "down too"));
    play.say(1, puback(2));
    play.say(1, puback(1));
    play.say(1, publish(3, 1, "d/t", "to myself"));
    play.say(9, publish(5, 1, "nobody", ""));
}

void qos2_both_ways_with_repeats(Play& play) {
    play.connect(1, connect("dev", true));
    play.connect(9, connect("app", true));
    play.say(1, subscribe(1, 2, "d/#"));
    play.say(9, subscribe(1, 2, "u/#"));
    play.say(1, publish(7, 2, "u/t", "x"));
    play.say(1, again(publish(7, 2, "u/t", "x")));
    play.say(1, pubrel(7));
    play.say(1, pubrel(7));
    play.say(1, publish(7, 2, "u/t", "y"));
    play.say(1, publish(8, 2, "u/t", "z"));
    play.say(1, pubrel(8));
    play.say(1, pubrel(7));
    play.say(1, pubrel(99));
    for (const std::uint16_t id : Ids({1, 2, 3})) {
        play.say(9, pubrec(id));
        play.say(9, pubrec(id));
        play.say(9, pubcomp(id));
        play.say(9, pubcomp(id));
    }
    play.say(9, publish(1, 2, "d/t", "down"));
    play.say(9, pubrel(1));
    play.say(1, pubrec(1));
    play.say(1, pubcomp(1));
    play.say(1, publish(9, 2, "d/t", "to myself"));
    play.say(1, pubrel(9));
}

void granted_and_published_qos(Play& play) {
    play.connect(9, connect("app", true));
    for (unsigned granted = 0; granted <= 2; ++granted) {
        play.connect(granted + 1, connect(std::string_view("abc").substr(granted, 1), true));
        play.say(granted + 1, subscribe(1, granted, "t"));
    }
    play.say(9, publish(0, 0, "t", "zero"));
    play.say(9, publish(1, 1, "t", "one"));
    play.say(9, publish(2, 2, "t", "two"));
    play.say(9, pubrel(2));
}

void reconnect_redelivers_in_order(Play& play) {
    play.connect(9, connect("app", true));
    play.connect(1, connect("dev", false));
    play.say(1, subscribe(1, 2, "t"));
    for (const std::uint16_t id : Ids({1, 2, 3, 4})) {
        play.say(9, publish(id, id % 2 == 0 ? 2 : 1, "t", "m"));
        play.say(9, pubrel(id));
    }
    play.say(1, pubrec(2));
    play.say(1, puback(3));
    play.lose(1);
    play.say(9, publish(0, 0, "t", "qos 0 while away"));
    play.say(9, publish(5, 1, "t", "qos 1 while away"));
    play.say(9, publish(6, 2, "t", "qos 2 while away"));
    play.say(9, pubrel(6));
    play.connect(2, connect("dev", false));
    play.say(2, pubrec(2));
    play.say(2, pubcomp(2));
    play.say(2, puback(1));
    play.lose(2);
    play.connect(3, connect("dev", false));
    play.say(9, publish(7, 1, "t", "new"));
    for (const std::uint16_t id : Ids({4, 6})) {
        play.say(3, pubrec(id));
        play.say(3, pubcomp(id));
    }
    play.say(3, puback(5));
    play.say(3, puback(7));
    play.disconnect(3);
    play.connect(4, connect("dev", false));
}

void unreleased_exchange_over_reconnects(Play& play) {
    play.connect(9, connect("app", true));
    play.say(9, subscribe(1, 0, "u"));
    play.connect(1, connect("dev", false));
    play.say(1, publish(7, 2, "u", "x"));
    play.say(1, publish(8, 2, "u", "y"));
    play.lose(1);
    play.connect(2, connect("dev", false));
    play.say(2, again(publish(7, 2, "u", "x")));
    play.say(2, pubrel(7));
    play.say(2, pubrel(7));
    play.lose(2);
    for (std::uint32_t connection = 3; connection <= 5; ++connection) {
        play.connect(connection, connect("dev", false));
        play.say(connection, again(publish(8, 2, "u", "y")));
        play.lose(connection);
    }
    play.connect(6, connect("dev", true));
    play.say(6, pubrel(8));  // forgotten with the session
}

void sessions_clean_and_kept(Play& play) {
    play.connect(9, connect("app", true));
    const bool cleans[] = {false, false, true, true, false, true, false};
    std::uint32_t connection = 0;
    for (const bool clean : cleans) {
        ++connection;
        play.connect(connection, connect("dev", clean));
        play.say(9, publish(1, 1, "t", "here"));
        play.say(connection, subscribe(1, 1, "t"));
        play.say(9, publish(2, 1, "t", "subscribed"));
        if (connection % 2 == 0) {
            play.disconnect(connection);
        } else {
            play.lose(connection);
        }
        play.say(9, publish(3, 1, "t", "away"));
    }
    play.connect(20, connect("", true));
    play.connect(21, connect("", false));
}

void takeover(Play& play) {
    play.connect(9, connect("app", true));
    play.say(9, subscribe(1, 2, "w/#"));
    play.connect(1, connect_with_will("dev", true, 1, "w/1", "clean one gone"));
    play.say(1, subscribe(1, 1, "t"));
    play.say(9, publish(1, 1, "t", "x"));
    play.connect(2, connect("dev", false));
    play.say(2, subscribe(1, 1, "t"));
    play.say(9, publish(2, 1, "t", "y"));
    play.connect(3, connect("dev", false));
    play.say(9, publish(3, 1, "t", "z"));
    play.connect(4, connect_with_will("dev", false, 1, "w/4", "kept one gone"));
    play.connect(5, connect("dev", true));
}

void takeover_of_kept_by_kept(Play& play) {
    play.connect(9, connect("app", true));
    play.say(9, subscribe(1, 2, "w/#"));
    play.connect(1, connect_with_will("dev", false, 0, "w/1", "first gone"));
    play.connect(2, connect_with_will("dev", false, 0, "w/2", "second gone"));
    play.lose(2);
}

void pubrec_of_an_unknown_id(Play& play) {
    play.connect(1, connect("dev", true));
    play.say(1, pubrec(7));
}

void third_copy_of_an_unreleased_publish(Play& play) {
    play.connect(1, connect("dev", false));
    play.say(1, publish(7, 2, "u", "x"));
    play.say(1, again(publish(7, 2, "u", "x")));
    play.say(1, again(publish(7, 2, "u", "x")));
}

void qos1_beside_a_window_of_unreleased(Play& play) {
    play.connect(9, connect("app", true));
    play.say(9, subscribe(1, 0, "u"));
    play.connect(1, connect("dev", true));
    play.say(1, publish(1, 2, "u", "x"));
    play.say(1, publish(2, 2, "u", "y"));
    play.say(1, publish(3, 1, "u", "z"));
    play.say(1, pubrel(1));
}

void unreleased_id_with_other_content(Play& play) {
    play.connect(9, connect("app", true));
    play.say(9, subscribe(1, 0, "u"));
    play.connect(1, connect("dev", true));
    play.say(1, publish(7, 2, "u", "first"));
    play.say(1, publish(7, 2, "u", "second"));
    play.say(1, pubrel(7));
}

void wills(Play& play) {
    play.connect(9, connect("app", true));
    play.say(9, subscribe(1, 2, "w/#"));
    play.connect(1, connect_with_will("dev", true, 1, "w/1", "one"));
    play.disconnect(1);
    play.connect(2, connect_with_will("dev", true, 2, "w/2", "two", true));
    play.lose(2);
    play.connect(3, connect_with_will("dev", false, 0, "w/3", "three", true));
    play.say(3, subscribe(1, 1, "w/#"));
    play.lose(3);
    play.connect(4, connect("dev", false));
    play.lose(4);
    play.connect(5, connect_with_will("dev", false, 1, "w/5", "five"));
    play.lose(5);
    play.connect(6, connect("dev", false));
    play.say(9, subscribe(2, 1, "w/2"));
    play.say(9, subscribe(2, 1, "w/3"));
}

void retained_messages(Play& play) {
    play.connect(9, connect("app", true));
    play.connect(1, connect("dev", false));
    play.say(1, subscribe(1, 1, "r/live"));
    play.say(9, publish(1, 1, "r/live", "retained, but live", true));
    play.say(9, publish(2, 1, "r/a", "old", true));
    play.say(9, publish(3, 1, "r/a", "new", true));
    play.say(9, publish(0, 0, "r/b/c", "zero", true));
    play.say(9, publish(4, 2, "q/two", "two", true));
    play.say(1, subscribe(2, 1, "q/+"));  // not released yet
    play.say(9, pubrel(4));
    play.say(1, subscribe(3, 2, "q/+"));
    play.say(1, subscribe(4, 0, "r/a"));
    play.say(1, subscribe(5, 2, "r/a"));
    play.say(1, subscribe(6, 2, "r/b/#"));
    play.say(1, subscribe(7, 2, "r/b/c/#"));
    play.say(1, subscribe(8, 2, "+"));
    play.say(9, publish(0, 0, "r/b/c", "", true));
    play.say(1, subscribe(9, 2, "r/b/#"));
    play.lose(1);
    play.connect(2, connect("dev", false));
}

void filters(Play& play) {
    play.connect(9, connect("app", true));
    std::uint32_t connection = 10;
    const char* all[] = {"a/b", "a/+", "a/#", "+/b",  "#",    "+/+", "a/+/c", "+",  "/+",
                         "a",   "a/",  "+/#", "$x/#", "$x/y", "+/y", "a//c",  "A/b"};
    for (const char* filter : all) {
        play.connect(++connection, connect(filter, true));
        play.say(connection, subscribe(1, 0, filter));
    }
    for (const char* name :
         {"a", "a/", "/a", "a/b", "a/b/c", "a//c", "$x/y", "$x", "A/b", "b", "/", "a/b/", "x/y"}) {
        play.say(9, publish(0, 0, name, name));
    }
}

void overlapping_filters(Play& play) {
    play.connect(9, connect("app", true));
    play.connect(1, connect("dev", true));
    play.say(1, subscribe(1, 1, "a/#"));
    play.say(1, subscribe(2, 1, "a/+"));
    play.say(1, subscribe(3, 1, "a/b"));
    play.say(9, publish(1, 1, "a/b", "one copy"));
    play.say(9, publish(1, 1, "a/c", "one copy"));
    play.say(1, unsubscribe(4, "a/b"));
    play.say(1, unsubscribe(4, "never"));
    play.say(9, publish(1, 1, "a/b", "one copy"));
    play.say(1, unsubscribe(5, "a/+"));
    play.say(1, unsubscribe(6, "a/#"));
    play.say(9, publish(1, 1, "a/b", "none"));
    play.say(1, subscribe(7, 2, "t"));
    play.say(1, subscribe(8, 0, "t"));
    play.say(9, publish(1, 1, "t", "replaced"));
}

void overlapping_filters_of_other_qos(Play& play) {
    play.connect(9, connect("app", true));
    play.connect(1, connect("dev", true));
    play.say(1, subscribe(1, 0, "a/#"));
    play.say(1, subscribe(2, 2, "a/+"));
    play.say(1, subscribe(3, 1, "a/b"));
    play.say(9, publish(1, 2, "a/b", "x"));
    play.say(9, pubrel(1));
}

void window(Play& play) {
    play.connect(9, connect("app", true));
    play.connect(1, connect("dev", false));
    play.say(1, subscribe(1, 1, "t"));
    for (const char* text : {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}) {
        play.say(9, publish(1, 1, "t", text));
    }
    play.say(1, puback(1));
    play.say(1, puback(3));
    play.say(1, puback(2));
    play.say(1, puback(5));
    play.lose(1);
    play.connect(2, connect("dev", false));
    for (const std::uint16_t id : Ids({4, 6, 7, 8, 9, 10, 11, 12})) {
        play.say(2, puback(id));
    }
}

void full_queue(Play& play) {
    play.connect(9, connect("app", true));
    play.connect(1, connect("dev", false));
    play.say(1, subscribe(1, 1, "t"));
    for (const char* text : {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}) {
        play.say(9, publish(1, 1, "t", text));
    }
    for (std::uint16_t id = 1; id <= 12; ++id) {
        play.say(1, puback(id));
    }
    play.disconnect(1);
    for (const char* text : {"21", "22", "23", "24", "25", "26", "27", "28", "29"}) {
        play.say(9, publish(1, 1, "t", text));
    }
    play.connect(2, connect("dev", false));
    for (std::uint16_t id = 8; id <= 20; ++id) {
        play.say(2, puback(id));
    }
}

void crash_with_memory(Play& play) {
    play.connect(9, connect("app", true));
    play.say(9, publish(1, 1, "r", "retained", true));
    play.connect(1, connect("dev", false));
    play.say(1, subscribe(1, 2, "t"));
    play.say(1, publish(7, 2, "u", "half"));
    for (const std::uint16_t id : Ids({1, 2, 3})) {
        play.say(9, publish(id, id == 2 ? 2 : 1, "t", "m"));
        play.say(9, pubrel(id));
    }
    play.say(1, pubrec(2));
    play.say(1, puback(3));
    play.crash();
    play.connect(10, connect("app", true));
    play.say(10, subscribe(1, 1, "u"));
    play.say(10, subscribe(2, 1, "r"));
    play.connect(2, connect("dev", false));
    play.say(2, pubrel(7));
    play.say(2, pubcomp(2));
    play.say(2, puback(1));
    play.say(10, publish(4, 1, "t", "new"));
}

}  // namespace

std::vector<BrokerScript> broker_scripts() {
    BrokerSettings usual;
    BrokerSettings narrow;
    narrow.window = 2;
    BrokerSettings shallow = narrow;
    shallow.queue_max = 5;
    return {
        {"qos1_both_ways", qos1_both_ways, usual},
        {"qos2_both_ways_with_repeats", qos2_both_ways_with_repeats, usual},
        {"granted_and_published_qos", granted_and_published_qos, usual},
        {"reconnect_redelivers_in_order", reconnect_redelivers_in_order, usual},
        {"unreleased_exchange_over_reconnects", unreleased_exchange_over_reconnects, usual},
        {"sessions_clean_and_kept", sessions_clean_and_kept, usual},
        {"takeover", takeover, usual},
        {"wills", wills, usual},
        {"retained_messages", retained_messages, usual},
        {"filters", filters, usual},
        {"overlapping_filters", overlapping_filters, usual},
        {"window", window, narrow},
        {"full_queue", full_queue, shallow},
        {"crash_with_memory", crash_with_memory, usual},
        {"takeover_of_kept_by_kept", takeover_of_kept_by_kept, usual, "< 2 accepted, present\n",
         "< 2 accepted, present\n< 9 PUBLISH q0 w/1=first gone\n"},
        {"overlapping_filters_of_other_qos", overlapping_filters_of_other_qos, usual,
         "< 1 PUBLISH 1 q1 a/b=x\n", "< 1 PUBLISH 1 q2 a/b=x\n"},
        {"pubrec_of_an_unknown_id", pubrec_of_an_unknown_id, usual, "< 1 PUBREL 1\n", ""},
        {"unreleased_id_with_other_content", unreleased_id_with_other_content, usual,
         "< 9 PUBLISH q0 u=second\n", "< 9 PUBLISH q0 u=first\n"},
        {"third_copy_of_an_unreleased_publish", third_copy_of_an_unreleased_publish, usual, "< 1 closed\n",
         "< 1 PUBREC 7\n"},
        {"qos1_beside_a_window_of_unreleased", qos1_beside_a_window_of_unreleased, narrow, "< 1 PUBACK 3\n",
         "< 1 PUBACK 3\n< 9 PUBLISH q0 u=z\n"},
    };
}

}  // namespace test
