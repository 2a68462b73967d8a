// SPDX-License-Identifier: BSD-3-Clause
//
// Wrong use of the API: an error that names it, and nothing has changed.
#include <vector>

#include "device.hpp"

using test::Device;

namespace {

/// Everything the library may write to.
std::string memory_of(const Device& d) {
    const auto bytes = [](const auto& object) {
        return std::string(reinterpret_cast<const char*>(&object), sizeof object);
    };
    return bytes(d.client) + bytes(d.queue) + bytes(d.topics) + bytes(d.inbound);
}

std::vector<std::uint8_t> saved(const Device& d) {
    std::vector<std::uint8_t> blob(mqttsn_save(&d.client, nullptr, 0));
    assert_int_equal(mqttsn_save(&d.client, blob.data(), blob.size()), blob.size());
    return blob;
}

constexpr mqttsn_state kStates[] = {MQTTSN_STATE_DISCONNECTED,   MQTTSN_STATE_CONNECTING, MQTTSN_STATE_ACTIVE,
                                    MQTTSN_STATE_FALLING_ASLEEP, MQTTSN_STATE_ASLEEP,     MQTTSN_STATE_AWAKE,
                                    MQTTSN_STATE_DISCONNECTING};

void bring_to(Device& d, mqttsn_state state) {
    if (state == MQTTSN_STATE_CONNECTING) {
        assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
        d.out();
    } else if (state != MQTTSN_STATE_DISCONNECTED) {
        d.connect(false);
    }
    if (state == MQTTSN_STATE_DISCONNECTING) {
        assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_OK);
        d.out();
    }
    if (state >= MQTTSN_STATE_FALLING_ASLEEP && state <= MQTTSN_STATE_AWAKE) {
        assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
        d.out();
    }
    if (state == MQTTSN_STATE_ASLEEP || state == MQTTSN_STATE_AWAKE) {
        EXPECT_IN(d, "02 18");
        EXPECT_EVENT(d, "ASLEEP");
    }
    if (state == MQTTSN_STATE_AWAKE) {
        assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
        d.out();
    }
    assert_int_equal(mqttsn_get_state(&d.client), state);
}

void null_is_an_argument_error_everywhere(void**) {
    Device d;
    const mqttsn_address address{1, {7}};
    const mqttsn_topic topic = mqttsn_topic_predefined(1);
    std::uint8_t octet = 0;
    const std::string before = memory_of(d);
    assert_int_equal(mqttsn_init(nullptr, &d.config), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_init(&d.client, nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_connect(nullptr, true), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_publish(nullptr, topic, "x", 1, 0, false, nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_publish(&d.client, topic, nullptr, 1, 0, false, nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_subscribe(nullptr, topic, 0, nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_unsubscribe(nullptr, topic, nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_will_update(nullptr, nullptr, nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_sleep(nullptr, 1), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_wake(nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_disconnect(nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_search(nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_add_gateway(nullptr, 1, &address), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_add_gateway(&d.client, 1, nullptr), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_input(nullptr, d.now, "", 0), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_input(&d.client, 0, nullptr, 1), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_input_from(nullptr, d.now, &address, "", 0), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_restore(nullptr, &d.config, 0, &octet, 1), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_restore(&d.client, nullptr, 0, &octet, 1), MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_save(nullptr, &octet, 1), 0);
    assert_int_equal(mqttsn_output(nullptr, d.now, d.buffer.data(), d.buffer.size()), 0);
    assert_int_equal(mqttsn_output_to(nullptr, d.now, nullptr, d.buffer.data(), d.buffer.size()), 0);
    assert_int_equal(mqttsn_output(&d.client, 0, nullptr, 2000), 0);
    assert_false(mqttsn_next_event(nullptr, &d.event));
    assert_false(mqttsn_next_event(&d.client, nullptr));
    assert_int_equal(mqttsn_next_timeout(nullptr, 0), UINT32_MAX);
    assert_int_equal(mqttsn_get_state(nullptr), MQTTSN_STATE_DISCONNECTED);
    mqttsn_config_defaults(nullptr, "x");
    assert_true(memory_of(d) == before);
}

/// Which calls are refused in which state: one letter a state, in the order of kStates. E = MQTTSN_ERR_STATE.
void check_states(const char* expected, mqttsn_status (*call)(mqttsn_client*)) {
    for (std::size_t i = 0; i < std::size(kStates); ++i) {
        Device d;
        bring_to(d, kStates[i]);
        const std::string before = memory_of(d);
        const mqttsn_status status = call(&d.client);
        assert_int_equal(status, expected[i] == 'E' ? MQTTSN_ERR_STATE : MQTTSN_OK);
        if (status != MQTTSN_OK) {
            assert_true(memory_of(d) == before);
        }
    }
}

void calls_in_the_wrong_state_say_so_and_change_nothing(void**) {
    check_states(".E.....", [](mqttsn_client* client) { return mqttsn_connect(client, true); });
    check_states(".E.E.EE", [](mqttsn_client* client) { return mqttsn_sleep(client, 5); });
    check_states("EEEE.EE", [](mqttsn_client* client) { return mqttsn_wake(client); });
    check_states("E......", [](mqttsn_client* client) { return mqttsn_disconnect(client); });
    check_states("EEEEEEE", [](mqttsn_client* client) { return mqttsn_search(client); });
    check_states(".......", [](mqttsn_client* client) {
        return mqttsn_publish(client, mqttsn_topic_predefined(1), "x", 1, 2, false, nullptr);
    });
    check_states(".......", [](mqttsn_client* client) {
        return mqttsn_subscribe(client, mqttsn_topic_predefined(1), 2, nullptr);
    });
}

void topics_that_can_never_work_are_refused(void**) {
    Device d;
    d.connect();
    const std::string before = memory_of(d);
    const auto publish = [&d](mqttsn_topic topic, int qos) {
        return mqttsn_publish(&d.client, topic, "x", 1, qos, false, &d.token);
    };
    for (const char* name : {"", "a/#", "+/b", "a\xFF", static_cast<const char*>(nullptr)}) {
        assert_int_equal(publish(mqttsn_topic_name(name), 0), MQTTSN_ERR_TOPIC);
    }
    for (const char* filter : {"", "a#", "a/#/b", "b+", "a\xFF"}) {
        assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_name(filter), 0, &d.token),
                         MQTTSN_ERR_TOPIC);
        assert_int_equal(mqttsn_unsubscribe(&d.client, mqttsn_topic_name(filter), &d.token),
                         MQTTSN_ERR_TOPIC);
    }
    assert_int_equal(publish(mqttsn_topic_name("a/b"), -1), MQTTSN_ERR_TOPIC);  // needs an id that all know
    assert_int_equal(publish(mqttsn_topic_predefined(0), 0), MQTTSN_ERR_TOPIC);
    assert_int_equal(publish(mqttsn_topic_predefined(0xFFFF), 0), MQTTSN_ERR_TOPIC);
    assert_int_equal(publish(mqttsn_topic_short(nullptr), 0), MQTTSN_ERR_TOPIC);
    assert_int_equal(publish(mqttsn_topic_short("a"), 0), MQTTSN_ERR_TOPIC);
    mqttsn_topic unknown = mqttsn_topic_predefined(1);
    unknown.kind = 3;
    assert_int_equal(publish(unknown, 0), MQTTSN_ERR_ARGUMENT);
    for (const int qos : {-2, 3, 100}) {
        assert_int_equal(publish(mqttsn_topic_predefined(1), qos), MQTTSN_ERR_ARGUMENT);
    }
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_predefined(1), -1, &d.token),
                     MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_predefined(1), 3, &d.token),
                     MQTTSN_ERR_ARGUMENT);
    assert_int_equal(d.token, 0);
    assert_true(memory_of(d) == before);
}

// Each just fits, and does not with one octet more.
void what_does_not_fit_a_datagram_is_too_long(void**) {
    Device d;
    d.config.datagram_octets_max = 40;
    d.restart();
    d.connect();
    const std::string text(70000, 'n');
    const auto publish = [&d, &text](mqttsn_topic topic, std::size_t octets) {
        return mqttsn_publish(&d.client, topic, text.data(), octets, 0, false, &d.token);
    };
    const auto name = [&text](std::size_t octets) {
        mqttsn_topic topic = mqttsn_topic_name("x");
        topic.name = text.data();
        topic.name_octets = static_cast<std::uint16_t>(octets);
        return topic;
    };
    const std::string before = memory_of(d);
    assert_int_equal(publish(mqttsn_topic_predefined(1), 34), MQTTSN_ERR_TOO_LONG);
    assert_int_equal(publish(mqttsn_topic_predefined(1), 65536), MQTTSN_ERR_TOO_LONG);
    assert_int_equal(publish(mqttsn_topic_predefined(1), SIZE_MAX), MQTTSN_ERR_TOO_LONG);
    assert_int_equal(publish(name(35), 1), MQTTSN_ERR_TOO_LONG);
    assert_int_equal(mqttsn_subscribe(&d.client, name(36), 0, &d.token), MQTTSN_ERR_TOO_LONG);
    mqttsn_will will = {"w/t", text.data(), 39, 0, false};
    assert_int_equal(mqttsn_will_update(&d.client, &will, &d.token), MQTTSN_ERR_TOO_LONG);
    assert_int_equal(d.token, 0);
    assert_true(memory_of(d) == before);
    assert_int_equal(publish(mqttsn_topic_predefined(1), 33), MQTTSN_OK);
    assert_int_equal(publish(name(34), 1), MQTTSN_OK);
    assert_int_equal(mqttsn_subscribe(&d.client, name(35), 0, &d.token), MQTTSN_OK);
    will.payload_octets = 38;
    assert_int_equal(mqttsn_will_update(&d.client, &will, &d.token), MQTTSN_OK);
}

void a_full_queue_is_busy_until_an_event_was_pulled(void**) {
    Device d;
    d.connect();
    for (std::size_t i = 0; i < d.queue.size(); ++i) {
        d.publish(mqttsn_topic_predefined(1), "x", 0);
    }
    const std::string before = memory_of(d);
    d.token = 77;
    assert_int_equal(mqttsn_publish(&d.client, mqttsn_topic_predefined(1), "x", 1, 0, false, &d.token),
                     MQTTSN_ERR_BUSY);
    assert_int_equal(mqttsn_subscribe(&d.client, mqttsn_topic_predefined(1), 0, &d.token), MQTTSN_ERR_BUSY);
    assert_int_equal(mqttsn_will_update(&d.client, nullptr, &d.token), MQTTSN_ERR_BUSY);
    assert_int_equal(d.token, 77);
    assert_true(memory_of(d) == before);
    d.out();
    EXPECT_EVENT(d, "DELIVERED");
    d.publish(mqttsn_topic_predefined(1), "x", 0);
    Device none;
    none.config.queue_length = 0;
    none.restart();
    assert_int_equal(mqttsn_publish(&none.client, mqttsn_topic_predefined(1), "x", 1, 0, false, nullptr),
                     MQTTSN_ERR_BUSY);
}

void too_small_a_buffer_takes_nothing_and_loses_nothing(void**) {
    Device d;
    assert_int_equal(mqttsn_connect(&d.client, true), MQTTSN_OK);
    assert_int_equal(d.timeout(), 0);
    const std::string before = memory_of(d);
    assert_int_equal(mqttsn_output(&d.client, d.now, d.buffer.data(), 1471), 0);
    assert_int_equal(mqttsn_output(&d.client, d.now, d.buffer.data(), 0), 0);
    assert_true(memory_of(d) == before);
    EXPECT_OUT(d, "0A 04 04 01 00 3C 64 65 76 31");
    const std::vector<std::uint8_t> blob = saved(d);
    std::vector<std::uint8_t> small(blob.size() - 1, 0x5A);
    assert_int_equal(mqttsn_save(&d.client, small.data(), small.size()), 0);
    assert_int_equal(mqttsn_save(&d.client, small.data(), 0), 0);
}

// It cannot be kept: the payload is in a datagram that the blob would not have.
void nothing_is_saved_while_a_message_waits(void**) {
    Device d;
    d.connect();
    EXPECT_IN(d, "08 0C 21 00 05 00 07 78");
    assert_int_equal(mqttsn_save(&d.client, nullptr, 0), 0);
    assert_int_equal(mqttsn_save(&d.client, d.buffer.data(), d.buffer.size()), 0);
    EXPECT_EVENT(d, "MESSAGE");
    assert_true(mqttsn_save(&d.client, nullptr, 0) > 0);
}

void blob_that_is_not_ours_leaves_a_new_client(void**) {
    Device d;
    d.connect();
    d.publish(mqttsn_topic_name("a/b"), "hi", 2);
    const std::vector<std::uint8_t> blob = saved(d);
    Device fresh;
    const auto refused = [&fresh](const void* octets, std::size_t size) {
        Device other;
        other.connect();  // what was there before is gone all the same
        assert_int_equal(mqttsn_restore(&other.client, &other.config, 9, octets, size), MQTTSN_ERR_BLOB);
        assert_int_equal(mqttsn_get_state(&other.client), MQTTSN_STATE_DISCONNECTED);
        fresh.config = other.config;
        assert_int_equal(mqttsn_init(&fresh.client, &other.config), MQTTSN_OK);
        assert_true(saved(fresh) == saved(other));
        other.connect(false);
    };
    refused(nullptr, 0);
    refused(blob.data(), 0);
    for (std::size_t size = 1; size < blob.size(); size += 7) {
        refused(blob.data(), size);
    }
    for (std::size_t at = 0; at < blob.size(); ++at) {
        std::vector<std::uint8_t> damaged = blob;
        damaged[at] ^= 0x10;
        refused(damaged.data(), damaged.size());
    }
    Device other;
    other.config.client_id = "dev2";
    assert_int_equal(mqttsn_restore(&other.client, &other.config, 9, blob.data(), blob.size()),
                     MQTTSN_ERR_BLOB);
    other.config.client_id = "dev1";
    other.config.queue_length = 0;
    assert_int_equal(mqttsn_restore(&other.client, &other.config, 9, blob.data(), blob.size()),
                     MQTTSN_ERR_BLOB);
    other.config.queue_length = 1;
    assert_int_equal(mqttsn_restore(&other.client, &other.config, 9, blob.data(), blob.size()), MQTTSN_OK);
}

void gateway_addresses_out_of_range_are_refused(void**) {
    Device d;
    std::array<mqttsn_gateway, 1> gateways{};
    mqttsn_address address{};
    assert_int_equal(mqttsn_add_gateway(&d.client, 1, &address), MQTTSN_ERR_ARGUMENT);  // no table
    d.config.gateways = gateways.data();
    d.config.gateways_length = 1;
    d.restart();
    const std::string before = memory_of(d);
    assert_int_equal(mqttsn_add_gateway(&d.client, 1, &address), MQTTSN_ERR_ARGUMENT);
    address.octets = MQTTSN_ADDRESS_OCTETS + 1;
    assert_int_equal(mqttsn_add_gateway(&d.client, 1, &address), MQTTSN_ERR_ARGUMENT);
    assert_true(memory_of(d) == before);
    address.octets = MQTTSN_ADDRESS_OCTETS;
    assert_int_equal(mqttsn_add_gateway(&d.client, 1, &address), MQTTSN_OK);
    const std::string one = memory_of(d);
    assert_int_equal(mqttsn_add_gateway(&d.client, 2, &address), MQTTSN_ERR_BUSY);
    assert_true(memory_of(d) == one);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(null_is_an_argument_error_everywhere),
        cmocka_unit_test(calls_in_the_wrong_state_say_so_and_change_nothing),
        cmocka_unit_test(topics_that_can_never_work_are_refused),
        cmocka_unit_test(what_does_not_fit_a_datagram_is_too_long),
        cmocka_unit_test(a_full_queue_is_busy_until_an_event_was_pulled),
        cmocka_unit_test(too_small_a_buffer_takes_nothing_and_loses_nothing),
        cmocka_unit_test(nothing_is_saved_while_a_message_waits),
        cmocka_unit_test(blob_that_is_not_ours_leaves_a_new_client),
        cmocka_unit_test(gateway_addresses_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
