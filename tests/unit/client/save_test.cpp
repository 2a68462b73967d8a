// SPDX-License-Identifier: BSD-3-Clause
//
// mqttsn_save() and mqttsn_restore(): what comes back, and which blobs are refused. Devices that lose their
// RAM in the middle of exchanges are in tests/sim.
#include <vector>

#include "device.hpp"

using test::Device;

namespace {

using Blob = std::vector<std::uint8_t>;

constexpr std::size_t kFormAt = 4;  // behind the CRC
constexpr std::size_t kCrcOctets = 4;

Blob saved(const Device& d) {
    Blob blob(mqttsn_save(&d.client, nullptr, 0));
    assert_int_not_equal(blob.size(), 0);
    assert_int_equal(mqttsn_save(&d.client, blob.data(), blob.size()), blob.size());
    return blob;
}

/// A device of the same configuration whose RAM never saw the session; another clock.
struct Revived : Device {
    explicit Revived(const Blob& from, std::uint32_t at = 0xFFFF'FF00U) : blob(from) {
        now = at;
        std::memset(static_cast<void*>(&client), 0xA5, sizeof client);
        std::memset(static_cast<void*>(queue.data()), 0xA5, sizeof queue);
        std::memset(topics.data(), 0xA5, sizeof topics);
        std::memset(static_cast<void*>(inbound.data()), 0xA5, sizeof inbound);
        status = restore();
    }
    mqttsn_status restore() { return mqttsn_restore(&client, &config, now, blob.data(), blob.size()); }
    Blob blob;
    mqttsn_status status;
};

/// Connected, with a QoS 1 message on its way, one to a name behind it, and a QoS 2 message that is not
/// released.
void fill(Device& d) {
    d.connect(false);
    EXPECT_IN(d, "0A 0A 00 07 00 01 61 2F 62 63");
    EXPECT_OUT(d, "07 0B 00 07 00 01 00");
    EXPECT_IN(d, "08 0C 40 00 07 00 09 78");
    EXPECT_EVENT(d, "MESSAGE");
    EXPECT_OUT(d, "04 0F 00 09");
    d.publish(mqttsn_topic_predefined(5), "text", 1);
    assert_string_not_equal(d.out().c_str(), "");
    d.publish(mqttsn_topic_name("new/name"), "second", 2);
}

void a_message_on_its_way_is_repeated_under_its_id_from_the_octets_of_the_blob(void**) {
    Blob blob;
    std::uint16_t token = 0;
    {
        Device d;
        d.connect(false);
        std::string name = "a/b";
        std::string text = "payload";
        assert_int_equal(mqttsn_publish(&d.client, mqttsn_topic_name(name.c_str()), text.data(), text.size(),
                                        1, true, &token),
                         MQTTSN_OK);
        EXPECT_OUT(d, "09 0A 00 00 00 01 61 2F 62");
        EXPECT_IN(d, "07 0B 00 07 00 01 00");
        EXPECT_OUT(d, "0E 0C 30 00 07 00 02 70 61 79 6C 6F 61 64");
        blob = saved(d);
        name = "x/y";
        text = "another";
    }
    Revived d(blob);
    assert_int_equal(d.status, MQTTSN_OK);
    EXPECT_STATE(d, ACTIVE);
    EXPECT_QUIET(d);
    d.advance_to_timeout();
    EXPECT_OUT(d, "0E 0C B0 00 07 00 02 70 61 79 6C 6F 61 64");
    EXPECT_IN(d, "07 0D 00 07 00 02 02");  // that gateway has forgotten the id: the name is asked for again
    EXPECT_OUT(d, "09 0A 00 00 00 03 61 2F 62");
    EXPECT_IN(d, "07 0B 00 08 00 03 00");
    EXPECT_OUT(d, "0E 0C B0 00 08 00 02 70 61 79 6C 6F 61 64");
    EXPECT_IN(d, "07 0D 00 08 00 02 00");
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.token, token);
}

void a_qos_2_message_that_came_before_is_not_delivered_again(void**) {
    Device before;
    fill(before);
    Revived d(saved(before));
    assert_int_equal(d.status, MQTTSN_OK);
    EXPECT_IN(d, "08 0C C0 00 07 00 09 78");
    EXPECT_NO_EVENT(d);
    EXPECT_OUT(d, "04 0F 00 09");
    EXPECT_IN(d, "04 10 00 09");
    EXPECT_OUT(d, "04 0E 00 09");
    EXPECT_IN(d, "08 0C 00 00 07 00 00 78");  // and the id still has its name
    EXPECT_EVENT(d, "MESSAGE");
    assert_string_equal(d.topic().c_str(), "a/bc");
}

void events_and_answers_that_wait_come_back(void**) {
    Device before;
    before.connect(false);
    before.publish(mqttsn_topic_predefined(5), "x", 0);
    assert_string_not_equal(before.out().c_str(), "");
    EXPECT_IN(before, "02 16");  // PINGREQ of the gateway
    Revived d(saved(before));
    EXPECT_EVENT(d, "DELIVERED");
    assert_int_equal(d.event.token, before.token);
    EXPECT_OUT(d, "02 17");
    EXPECT_NO_EVENT(d);
}

void what_was_tried_counts_on(void**) {
    for (int before_cut = 1; before_cut <= 4; ++before_cut) {
        Device before;
        before.connect(false);
        before.publish(mqttsn_topic_predefined(5), "x", 1);
        for (int sent = 0; sent < before_cut; ++sent) {
            before.advance_to_timeout();
            assert_string_not_equal(before.out().c_str(), "");
        }
        Revived d(saved(before));
        for (int sent = before_cut; sent < 4; ++sent) {
            EXPECT_QUIET(d);
            d.advance_to_timeout();
            assert_string_not_equal(d.out().c_str(), "");
        }
        d.advance_to_timeout();
        EXPECT_QUIET(d);
        EXPECT_EVENT(d, "LOST");
    }
}

void waits_go_on_from_where_they_were_whatever_the_clock_says(void**) {
    for (const std::uint32_t clock : {0U, 1U, 0x7FFF'FFFFU, 0x8000'0000U, 0xFFFF'FFFFU}) {
        Device idle;
        idle.connect(false);
        idle.now += 1234;
        const std::uint32_t keep_alive = idle.timeout();
        assert_int_equal(Revived(saved(idle), clock).timeout(), keep_alive);
        Device waits;
        fill(waits);
        waits.now += 300;
        const std::uint32_t retry = waits.timeout();
        assert_in_range(retry, 1, 2 * Device::kRetryMs);
        assert_int_equal(Revived(saved(waits), clock).timeout(), retry);
    }
}

void every_state_comes_back(void**) {
    Device d;
    const auto same = [&d] {
        Revived revived(saved(d));
        assert_int_equal(revived.status, MQTTSN_OK);
        assert_int_equal(mqttsn_get_state(&revived.client), mqttsn_get_state(&d.client));
        assert_int_equal(revived.timeout(), d.timeout());
    };
    same();
    assert_int_equal(mqttsn_connect(&d.client, false), MQTTSN_OK);
    same();
    assert_string_not_equal(d.out().c_str(), "");
    same();
    EXPECT_IN(d, "03 05 00");
    same();
    EXPECT_EVENT(d, "CONNECTED");
    same();
    assert_int_equal(mqttsn_sleep(&d.client, 60), MQTTSN_OK);
    same();
    EXPECT_OUT(d, "04 18 00 3C");
    same();
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "ASLEEP");
    EXPECT_STATE(d, ASLEEP);
    same();
    assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
    same();
    EXPECT_OUT(d, "06 16 64 65 76 31");
    EXPECT_STATE(d, AWAKE);
    same();
    EXPECT_IN(d, "02 17");
    EXPECT_EVENT(d, "AWAKE_DONE");
    assert_int_equal(mqttsn_disconnect(&d.client), MQTTSN_OK);
    EXPECT_STATE(d, DISCONNECTING);
    same();
}

void refused(Revived& d) {
    assert_int_equal(d.restore(), MQTTSN_ERR_BLOB);
    EXPECT_STATE(d, DISCONNECTED);
    EXPECT_NO_EVENT(d);
    assert_int_equal(d.timeout(), UINT32_MAX);
}

void a_blob_with_any_bit_changed_is_refused_and_the_device_starts_afresh(void**) {
    Device before;
    fill(before);
    Revived d(saved(before));
    assert_int_equal(d.status, MQTTSN_OK);
    for (std::size_t bit = 0; bit < d.blob.size() * 8; ++bit) {
        d.blob[bit / 8] = static_cast<std::uint8_t>(d.blob[bit / 8] ^ 1U << bit % 8);
        refused(d);
        d.blob[bit / 8] = static_cast<std::uint8_t>(d.blob[bit / 8] ^ 1U << bit % 8);
    }
    d.blob[9] ^= 1U;
    refused(d);
    d.connect(false);
    d.publish(mqttsn_topic_predefined(5), "text", 1);
    EXPECT_OUT(d, "0B 0C 21 00 05 00 01 74 65 78 74");
}

void a_blob_that_was_cut_short_is_refused(void**) {
    Device before;
    fill(before);
    Revived d(saved(before));
    while (!d.blob.empty()) {
        d.blob.pop_back();
        refused(d);
    }
    assert_int_equal(mqttsn_restore(&d.client, &d.config, d.now, nullptr, 0), MQTTSN_ERR_BLOB);
}

void a_blob_in_larger_memory_is_restored(void**) {
    Device before;
    fill(before);
    Blob blob = saved(before);
    blob.resize(blob.size() + 100, 0xFF);
    Revived d(blob);
    assert_int_equal(d.status, MQTTSN_OK);
}

void a_blob_at_any_address_is_restored(void**) {
    Device before;
    fill(before);
    const Blob blob = saved(before);
    Blob moved(blob.size() + 8);
    for (std::size_t shift = 0; shift < 8; ++shift) {
        assert_int_equal(mqttsn_save(&before.client, moved.data() + shift, blob.size()), blob.size());
        Revived d(blob);
        assert_int_equal(mqttsn_restore(&d.client, &d.config, d.now, moved.data() + shift, blob.size()),
                         MQTTSN_OK);
        d.advance_to_timeout();
        EXPECT_OUT(d, "0B 0C A1 00 05 00 01 74 65 78 74");
    }
}

void a_blob_of_another_device_is_refused(void**) {
    Device before;
    fill(before);
    Revived d(saved(before));
    for (const char* const other : {"dev2", "dev", "dev11", "ev1"}) {
        d.config.client_id = other;
        refused(d);
    }
    d.config.client_id = "dev1";
    assert_int_equal(d.restore(), MQTTSN_OK);
}

/// CRC-32 (IEEE 802.3) without its last inversion, over the client id and all behind the checksum.
void seal(Blob& blob) {
    std::uint32_t crc = 0xFFFFFFFFU;
    const auto add = [&crc](std::uint8_t octet) {
        crc ^= octet;
        for (int bit = 0; bit < 8; ++bit) {
            crc = crc >> 1U ^ (crc % 2 != 0 ? 0xEDB88320U : 0U);
        }
    };
    for (const char octet : std::string_view("dev1")) {
        add(static_cast<std::uint8_t>(octet));
    }
    for (std::size_t i = kCrcOctets; i < blob.size(); ++i) {
        add(blob[i]);
    }
    std::memcpy(blob.data(), &crc, sizeof crc);
}

void a_blob_of_another_version_is_refused(void**) {
    Device before;
    fill(before);
    Revived d(saved(before));
    const Blob whole = d.blob;
    seal(d.blob);
    assert_true(d.blob == whole);  // or what follows would prove nothing
    for (const std::size_t octet : {kFormAt, kFormAt + 1}) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            d.blob = whole;
            d.blob[octet] = static_cast<std::uint8_t>(d.blob[octet] ^ 1U << bit);
            seal(d.blob);
            refused(d);
        }
    }
}

void a_smaller_configuration_is_refused_and_a_larger_one_is_not(void**) {
    Device before;
    fill(before);
    Revived d(saved(before));
    d.config.queue_length = 1;
    refused(d);
    d.config.queue_length = 2;
    assert_int_equal(d.restore(), MQTTSN_OK);
    d.config.inbound_length = 0;
    refused(d);
    d.config.inbound_length = static_cast<std::uint8_t>(d.inbound.size());
    assert_int_equal(d.restore(), MQTTSN_OK);
    d.config.topic_memory_octets = MQTTSN_TOPIC_OCTETS(4) - 1;
    refused(d);
    d.config.topic_memory_octets = MQTTSN_TOPIC_OCTETS(4);
    assert_int_equal(d.restore(), MQTTSN_OK);
    std::array<mqttsn_slot, 20> more{};
    d.config.queue = more.data();
    d.config.queue_length = 20;
    assert_int_equal(d.restore(), MQTTSN_OK);
    d.advance_to_timeout();
    EXPECT_OUT(d, "0B 0C A1 00 05 00 01 74 65 78 74");
}

/// What was restored lives in the blob until its tokens have ended.
void a_blob_that_is_still_borrowed_is_not_written_over(void**) {
    Device d;
    d.publish(mqttsn_topic_name("a/b"), "hi", 1);
    const Blob before = saved(d);
    Blob blob = before;
    blob.resize(before.size() + 8);
    assert_int_equal(mqttsn_restore(&d.client, &d.config, d.now, blob.data(), before.size()), MQTTSN_OK);
    assert_int_equal(mqttsn_save(&d.client, blob.data(), blob.size()), 0);
    assert_memory_equal(blob.data(), before.data(), before.size());
    assert_int_equal(mqttsn_save(&d.client, nullptr, 0), before.size());
    d.connect(false);
    EXPECT_OUT(d, "09 0A 00 00 00 01 61 2F 62");
    EXPECT_IN(d, "07 0B 00 10 00 01 00");
    EXPECT_OUT(d, "09 0C 20 00 10 00 02 68 69");
    EXPECT_IN(d, "07 0D 00 10 00 02 00");
    EXPECT_EVENT(d, "DELIVERED");
    assert_true(mqttsn_save(&d.client, blob.data(), blob.size()) > 0);
}

// The clock of the library stands still in the blob; copies of a datagram do not live as long as a deep
// sleep.
void message_under_an_id_of_before_the_deep_sleep_is_new(void**) {
    Device d;
    d.connect(false);
    assert_int_equal(mqttsn_sleep(&d.client, 300), MQTTSN_OK);
    EXPECT_OUT(d, "04 18 01 2C");
    EXPECT_IN(d, "02 18");
    EXPECT_EVENT(d, "ASLEEP");
    for (int wake_up = 0; wake_up < 2; ++wake_up) {
        assert_int_equal(mqttsn_wake(&d.client), MQTTSN_OK);
        EXPECT_OUT(d, "06 16 64 65 76 31");
        EXPECT_IN(d, "09 0C 41 00 05 00 01 6F 6E");
        EXPECT_EVENT(d, "MESSAGE");
        EXPECT_OUT(d, "04 0F 00 01");
        EXPECT_IN(d, "04 10 00 01");
        EXPECT_OUT(d, "04 0E 00 01");
        EXPECT_IN(d, "02 17");
        EXPECT_EVENT(d, "AWAKE_DONE");
        const Blob blob = saved(d);
        assert_int_equal(mqttsn_restore(&d.client, &d.config, d.now, blob.data(), blob.size()), MQTTSN_OK);
    }
}

void a_topic_made_by_hand_with_too_much_in_it_is_saved(void**) {
    Device d;
    mqttsn_topic odd = mqttsn_topic_predefined(5);
    odd.name_octets = 60000;
    d.publish(odd, "x", 1);
    assert_true(saved(d).size() < 1000);
}

void nothing_is_saved_while_a_message_waits_to_be_pulled(void**) {
    Device d;
    fill(d);
    const std::size_t size = saved(d).size();
    EXPECT_IN(d, "08 0C 20 00 07 00 0A 78");
    Blob blob(2000, 0xEE);
    assert_int_equal(mqttsn_save(&d.client, nullptr, 0), 0);
    assert_int_equal(mqttsn_save(&d.client, blob.data(), blob.size()), 0);
    assert_true(blob == Blob(2000, 0xEE));
    EXPECT_EVENT(d, "MESSAGE");
    assert_int_equal(saved(d).size(), size);
}

void size_function_and_macro_agree(void**) {
    Device d;
    std::size_t waiting = 0;
    const auto most = [&] {
        return MQTTSN_SAVE_OCTETS(d.queue.size(), waiting, d.topics.size(), d.inbound.size(), 0);
    };
    d.connect(false);
    std::size_t last = saved(d).size();
    assert_true(last <= most());
    for (std::size_t count = 1; count <= d.queue.size(); ++count) {
        d.publish(mqttsn_topic_name("name"), "payload", 1);
        waiting += 4 + 7;
        const std::size_t size = saved(d).size();
        assert_int_equal(size - last, sizeof(mqttsn_slot) + 4 + 7);
        assert_true(size <= most());
        last = size;
    }
    Blob blob(last + 1, 0xEE);
    assert_int_equal(mqttsn_save(&d.client, blob.data(), last - 1), 0);
    assert_int_equal(blob[last - 1], 0xEE);
    assert_int_equal(mqttsn_save(&d.client, blob.data(), last + 1), last);
    assert_int_equal(blob[last], 0xEE);
}

void wrong_arguments_are_told_from_wrong_blobs(void**) {
    Device before;
    fill(before);
    Revived d(saved(before));
    assert_int_equal(mqttsn_save(nullptr, nullptr, 0), 0);
    assert_int_equal(mqttsn_restore(nullptr, &d.config, 0, d.blob.data(), d.blob.size()),
                     MQTTSN_ERR_ARGUMENT);
    assert_int_equal(mqttsn_restore(&d.client, nullptr, 0, d.blob.data(), d.blob.size()),
                     MQTTSN_ERR_ARGUMENT);
    d.config.retry_interval_ms = 0;
    assert_int_equal(d.restore(), MQTTSN_ERR_ARGUMENT);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_message_on_its_way_is_repeated_under_its_id_from_the_octets_of_the_blob),
        cmocka_unit_test(a_qos_2_message_that_came_before_is_not_delivered_again),
        cmocka_unit_test(events_and_answers_that_wait_come_back),
        cmocka_unit_test(what_was_tried_counts_on),
        cmocka_unit_test(waits_go_on_from_where_they_were_whatever_the_clock_says),
        cmocka_unit_test(every_state_comes_back),
        cmocka_unit_test(a_blob_with_any_bit_changed_is_refused_and_the_device_starts_afresh),
        cmocka_unit_test(a_blob_that_was_cut_short_is_refused),
        cmocka_unit_test(a_blob_in_larger_memory_is_restored),
        cmocka_unit_test(a_blob_at_any_address_is_restored),
        cmocka_unit_test(a_blob_of_another_device_is_refused),
        cmocka_unit_test(a_blob_of_another_version_is_refused),
        cmocka_unit_test(a_smaller_configuration_is_refused_and_a_larger_one_is_not),
        cmocka_unit_test(a_blob_that_is_still_borrowed_is_not_written_over),
        cmocka_unit_test(message_under_an_id_of_before_the_deep_sleep_is_new),
        cmocka_unit_test(a_topic_made_by_hand_with_too_much_in_it_is_saved),
        cmocka_unit_test(nothing_is_saved_while_a_message_waits_to_be_pulled),
        cmocka_unit_test(size_function_and_macro_agree),
        cmocka_unit_test(wrong_arguments_are_told_from_wrong_blobs),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
