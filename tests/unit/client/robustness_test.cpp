// SPDX-License-Identifier: BSD-3-Clause
//
// What bad datagrams and wrong calls get: an error, and nothing has changed. And a random walk through the
// API that no sequence of calls, datagrams and times may lead out of the contract.
#include <algorithm>
#include <vector>

#include "device.hpp"

using test::Device;
using test::Octets;

namespace {

/// Everything the library may write to.
std::string memory_of(const Device& d) {
    const auto bytes = [](const auto& object) {
        return std::string(reinterpret_cast<const char*>(&object), sizeof object);
    };
    return bytes(d.client) + bytes(d.queue) + bytes(d.topics) + bytes(d.inbound);
}

/// A device for every state in which datagrams mean something else.
void bring_to_some_state(Device& d, int state) {
    static const mqttsn_will will = {"w/t", "off", 3, 1, true};
    switch (state) {
        case 0:  // disconnected
            return;
        case 1:  // connecting
        case 2:  // WILLTOPIC sent
        case 3:  // WILLMSG sent
            d.config.will = &will;
            d.restart();
            mqttsn_connect(&d.client, true);
            d.out();
            if (state >= 2) {
                EXPECT_IN(d, "02 06");
                d.out();
            }
            if (state >= 3) {
                EXPECT_IN(d, "02 08");
                d.out();
            }
            return;
        case 4:  // active
            d.connect();
            return;
        case 5:  // REGISTER under way
        case 6:  // PUBLISH under way
        case 7:  // PUBREL under way
            d.connect();
            d.publish(mqttsn_topic_name("a/b"), "hi", 2);
            d.out();
            if (state >= 6) {
                EXPECT_IN(d, "07 0B 00 10 00 01 00");
                d.out();
            }
            if (state >= 7) {
                EXPECT_IN(d, "04 0F 00 02");
                d.out();
            }
            return;
        case 12:  // SUBSCRIBE under way
            d.connect();
            assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name("x"), 1, nullptr), MQTTSN_OK);
            d.out();
            return;
        case 13:  // UNSUBSCRIBE under way
            d.connect();
            assert_int_equal(mqttsn_unsubscribe(&d.client, mqttsn_topic_name("x"), nullptr), MQTTSN_OK);
            d.out();
            return;
        case 14:  // WILLTOPICUPD under way
        case 15:  // WILLMSGUPD under way
            d.connect();
            assert_int_equal(mqttsn_will_update(&d.client, &will, nullptr), MQTTSN_OK);
            d.out();
            if (state == 15) {
                EXPECT_IN(d, "03 1B 00");
                d.out();
            }
            return;
        default:  // asleep, awake, falling asleep, disconnecting
            d.connect();
            if (state == 11) {
                mqttsn_disconnect(&d.client);
                d.out();
                return;
            }
            assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
            d.out();
            if (state != 10) {
                EXPECT_IN(d, "02 18");
                EXPECT_EVENT(d, "ASLEEP");
            }
            if (state == 9) {
                assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
                d.out();
            }
    }
}
void bring_to_state(Device& d, int state) {
    bring_to_some_state(d, state);
    d.timeout();  // the time of the last call is part of its memory
}
constexpr int kStates = 16;

const char* const kReplies[] = {"03 05 00",
                                "02 06",
                                "02 08",
                                "07 0B 00 10 00 01 00",
                                "07 0D 00 10 00 02 00",
                                "07 0D 00 10 00 02 01",
                                "07 0D 00 10 00 02 02",
                                "04 0F 00 02",
                                "04 0E 00 02",
                                "03 1B 00",
                                "03 1D 00",
                                "04 10 00 07",
                                "08 13 20 00 00 00 01 00",
                                "04 15 00 01",
                                "02 16",
                                "02 17",
                                "02 18",
                                "09 0A 00 10 00 05 61 2F 62",
                                "09 0C 40 00 10 00 07 68 69"};

void truncated_or_longer_reply_changes_nothing(void**) {
    for (int state = 0; state < kStates; ++state) {
        Device d;
        bring_to_state(d, state);
        const std::string before = memory_of(d);
        for (const char* reply : kReplies) {
            const Octets whole = test::hex(reply);
            for (std::size_t size = 0; size < whole.size(); ++size) {
                assert_int_equal(
                    d.in_octets(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))),
                    MQTTSN_ERR_MALFORMED);
            }
            Octets longer = whole;
            longer.push_back(0);
            assert_int_equal(d.in_octets(longer), MQTTSN_ERR_MALFORMED);  // D01
        }
        assert_true(memory_of(d) == before);
        EXPECT_NO_EVENT(d);
    }
}

// A Length of 1, 0, or beyond the datagram; messages only a device sends; reserved types (D02, D03).
void impossible_datagrams_change_nothing(void**) {
    for (int state = 0; state < kStates; ++state) {
        Device d;
        bring_to_state(d, state);
        const std::string before = memory_of(d);
        for (const char* text :
             {"", "00", "01", "02", "01 00", "01 00 02", "01 00 00 05", "FF 0C", "00 0C", "02 03", "02 FF",
              "0A 04 04 01 00 3C 64 65 76 31", "08 12 20 00 03 61 2F 23", "04 18 00 05", "05 FE 00 00 01"}) {
            assert_int_not_equal(d.in(text), MQTTSN_OK);
        }
        assert_true(memory_of(d) == before);
        EXPECT_NO_EVENT(d);
    }
}

class Random {
  public:
    explicit Random(std::uint32_t seed) : state_(seed) {}
    std::uint32_t below(std::uint32_t limit) {
        state_ = state_ * 1664525U + 1013904223U;
        return (state_ >> 8U) % limit;
    }

  private:
    std::uint32_t state_;
};

void random_octets_that_are_refused_change_nothing(void**) {
    Random random(42);
    for (int round = 0; round < 20000; ++round) {
        Device d;
        bring_to_state(d, static_cast<int>(random.below(kStates)));
        Octets octets(random.below(12));
        for (std::uint8_t& octet : octets) {
            octet = static_cast<std::uint8_t>(random.below(4) == 0 ? random.below(256) : random.below(0x1E));
        }
        if (!octets.empty() && random.below(2) == 0) {
            octets[0] = static_cast<std::uint8_t>(octets.size());
        }
        const std::string before = memory_of(d);
        if (d.in_octets(octets) != MQTTSN_OK) {
            assert_true(memory_of(d) == before);
        }
    }
}

std::string id_text(Random& random) {
    return random.below(8) == 0 ? "00 00" : "00 0" + std::to_string(random.below(6));
}

std::string some_message(Random& random) {
    const std::string id = id_text(random);
    const std::string topic = "00 1" + std::to_string(random.below(4));
    const std::string code = "0" + std::to_string(random.below(4));
    switch (random.below(16)) {
        case 0:
            return "07 0B " + topic + " " + id + " " + code;
        case 1:
        case 2:
            return "07 0D " + topic + " " + id + " " + code;
        case 3:
            return "04 0F " + id;
        case 4:
            return "04 0E " + id;
        case 5:
            return "04 10 " + id;
        case 6:
            return "08 13 20 " + topic + " " + id + " " + code;
        case 7:
            return "04 15 " + id;
        case 8:
            return "02 17";
        case 9:
            return random.below(4) == 0 ? "02 18" : "02 16";
        case 10:
            return "08 0A " + topic + " " + id + " 61 6" + std::to_string(random.below(4));
        case 11:
        case 12: {
            static const char* const kFlags[] = {"00", "20", "40", "C0", "01", "42"};
            return "08 0C " + std::string(kFlags[random.below(6)]) + " " + topic + " " + id + " 78";
        }
        case 13:
            return random.below(2) == 0 ? "02 06" : "02 08";
        default:
            return random.below(4) == 0 ? "03 05 01" : "03 05 00";
    }
}

void some_call(Device& d, Random& random) {
    static const char* const kNames[] = {"a", "bb", "a/b", "long/enough/to/push/others/out"};
    mqttsn_topic topic = mqttsn_topic_name(kNames[random.below(4)]);
    if (random.below(3) == 0) {
        topic = random.below(2) == 0 ? mqttsn_topic_predefined(static_cast<std::uint16_t>(random.below(4)))
                                     : mqttsn_topic_short("ab");
    }
    switch (random.below(9)) {
        case 0:
        case 1:
            mqttsn_connect(&d.client, random.below(4) == 0);
            break;
        case 2:
            mqttsn_subscribe(&d.client, topic, static_cast<int>(random.below(3)), nullptr);
            break;
        case 3:
            mqttsn_unsubscribe(&d.client, topic, nullptr);
            break;
        case 4:
            mqttsn_sleep(&d.client, static_cast<std::uint16_t>(random.below(3)));
            break;
        case 5:
            mqttsn_wake(&d.client);
            break;
        case 6:
            if (random.below(4) == 0) {
                mqttsn_disconnect(&d.client);
            }
            break;
        default:
            mqttsn_publish(&d.client, topic, "payload", 7, static_cast<int>(random.below(4)) - 1, false,
                           nullptr);
    }
}

/// Drains the client. Never more than a handful of datagrams at one moment, each one that a gateway can
/// decode; at the end it must want to wait, or a caller's loop would spin.
void drain(Device& d, std::vector<std::uint16_t>& delivered) {
    for (int steps = 0; steps < 30; ++steps) {
        std::string datagram = d.out();
        bool idle = datagram.empty();
        if (!idle) {
            assert_true(datagram.size() >= 5);
            assert_int_equal(test::hex(datagram.substr(0, 2))[0], test::hex(datagram).size());
        }
        std::string event;
        while (!(event = d.next()).empty()) {
            idle = false;
            if (event == "DELIVERED") {
                delivered.push_back(d.event.token);
            }
        }
        if (idle) {
            assert_int_not_equal(d.timeout(), 0);
            return;
        }
    }
    assert_true(false && "the client never comes to rest");
}

void random_walk_never_leaves_the_contract(void**) {
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        Random random(seed);
        Device d;
        d.now = random.below(2) == 0 ? UINT32_MAX - random.below(100000) : random.below(100000);
        std::vector<std::uint16_t> delivered;
        for (int step = 0; step < 400; ++step) {
            switch (random.below(8)) {
                case 0:
                    some_call(d, random);
                    break;
                case 1:
                    if (d.timeout() != UINT32_MAX) {
                        d.advance_to_timeout();
                    }
                    break;
                case 2:
                    d.now += random.below(5000);
                    break;
                default:
                    d.in(some_message(random));
            }
            drain(d, delivered);
        }
        std::vector<std::uint16_t> unique = delivered;
        std::sort(unique.begin(), unique.end());
        assert_true(std::adjacent_find(unique.begin(), unique.end()) == unique.end());
    }
}

void null_pointers_are_refused(void**) {
    Device d;
    mqttsn_client client;
    assert_int_equal(mqttsn_init(nullptr, &d.config), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_init(&client, nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_connect(nullptr, true), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_publish(nullptr, mqttsn_topic_name("a"), "x", 1, 0, false, nullptr),
                     MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_subscribe(nullptr, mqttsn_topic_name("a"), 0, nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_unsubscribe(nullptr, mqttsn_topic_name("a"), nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_sleep(nullptr, 1), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_wake(nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_disconnect(nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_input(nullptr, 0, "", 0), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_input(&d.client, 0, nullptr, 1), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_input(&d.client, 0, nullptr, 0), MQTTSN_ERR_MALFORMED);
    assert_int_equal(mqttsn_output(nullptr, 0, d.buffer.data(), d.buffer.size()), 0);
    assert_int_equal(mqttsn_output(&d.client, 0, nullptr, 2000), 0);
    assert_false(mqttsn_next_event(nullptr, &d.event));
    assert_false(mqttsn_next_event(&d.client, nullptr));
    assert_int_equal(mqttsn_next_timeout(nullptr, 0), UINT32_MAX);
    assert_int_equal(mqttsn_get_state(nullptr), MQTTSN_STATE_DISCONNECTED);
    mqttsn_config_defaults(nullptr, "x");
}

void configuration_out_of_range_is_refused(void**) {
    const auto refused = [](void (*spoil)(mqttsn_config&)) {
        Device d;
        spoil(d.config);
        mqttsn_client client;
        return mqttsn_init(&client, &d.config) == MQTTSN_ERR_ARGUMENT;
    };
    assert_true(refused([](mqttsn_config& c) { c.client_id = nullptr; }));
    assert_true(refused([](mqttsn_config& c) { c.client_id = ""; }));
    assert_true(refused([](mqttsn_config& c) { c.retry_interval_ms = 0; }));
    assert_true(refused([](mqttsn_config& c) { c.retry_interval_ms = (1U << 30U) + 1; }));
    assert_true(refused([](mqttsn_config& c) { c.congestion_wait_ms = 0; }));
    assert_true(refused([](mqttsn_config& c) { c.congestion_wait_ms = 1U << 31U; }));
    assert_true(refused([](mqttsn_config& c) { c.retry_count = 255; }));
    assert_true(refused([](mqttsn_config& c) { c.datagram_octets_max = 31; }));
    assert_true(refused([](mqttsn_config& c) { c.queue = nullptr; }));
    assert_true(refused([](mqttsn_config& c) { c.topic_memory = nullptr; }));
    assert_true(refused([](mqttsn_config& c) { c.inbound = nullptr; }));
    assert_false(refused([](mqttsn_config&) {}));
}

void wrong_calls_change_nothing(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_predefined(1), "x", 1);
    d.out();
    const std::string before = memory_of(d);
    std::uint16_t token = 77;
    const auto publish = [&](mqttsn_topic topic, const void* payload, std::size_t octets, int qos) {
        return mqttsn_publish(&d.client, topic, payload, octets, qos, false, &token);
    };
    assert_int_equal(publish(mqttsn_topic_name("a"), nullptr, 1, 0), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(publish(mqttsn_topic_name("a"), "x", 1, 3), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(publish(mqttsn_topic_name("a"), "x", 1, -2), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(publish(mqttsn_topic_name("a/+"), "x", 1, 0), MQTTSN_ERR_TOPIC);
    assert_int_equal(publish(mqttsn_topic_name("\xFF"), "x", 1, 0), MQTTSN_ERR_TOPIC);
    assert_int_equal(publish(mqttsn_topic_name(""), "x", 1, 0), MQTTSN_ERR_TOPIC);
    assert_int_equal(publish(mqttsn_topic_name(nullptr), "x", 1, 0), MQTTSN_ERR_TOPIC);
    assert_int_equal(publish(mqttsn_topic_predefined(0), "x", 1, 0), MQTTSN_ERR_TOPIC);
    assert_int_equal(publish(mqttsn_topic_short(nullptr), "x", 1, 0), MQTTSN_ERR_TOPIC);
    assert_int_equal(publish(mqttsn_topic_name("a"), d.buffer.data(), 100000, 0), MQTTSN_ERR_TOO_LONG);
    assert_int_equal(mqttsn_sleep(&d.client, 0), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_ERR_STATE);
    assert_int_equal(token, 77);
    assert_true(memory_of(d) == before);
}

void names_say_what_a_number_means(void**) {
    assert_string_equal(mqttsn_status_name(MQTTSN_OK), "MQTTSN_OK");
    assert_string_equal(mqttsn_status_name(MQTTSN_ERR_NETWORK), "MQTTSN_ERR_NETWORK");
    assert_string_equal(mqttsn_status_name(-99), "?");
    assert_string_equal(mqttsn_event_name(MQTTSN_EVENT_LOST), "LOST");
    assert_string_equal(mqttsn_event_name(0), "?");
    for (int status = 0; status >= MQTTSN_ERR_SENDER; --status) {
        assert_string_not_equal(mqttsn_status_name(status), "?");
    }
    for (int type = MQTTSN_EVENT_CONNECTED; type <= MQTTSN_EVENT_GATEWAY; ++type) {
        assert_string_not_equal(mqttsn_event_name(type), "?");
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(truncated_or_longer_reply_changes_nothing),
        cmocka_unit_test(impossible_datagrams_change_nothing),
        cmocka_unit_test(random_octets_that_are_refused_change_nothing),
        cmocka_unit_test(random_walk_never_leaves_the_contract),
        cmocka_unit_test(null_pointers_are_refused),
        cmocka_unit_test(configuration_out_of_range_is_refused),
        cmocka_unit_test(wrong_calls_change_nothing),
        cmocka_unit_test(names_say_what_a_number_means),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
