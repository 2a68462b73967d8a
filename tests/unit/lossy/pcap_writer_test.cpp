// SPDX-License-Identifier: BSD-3-Clause
#include "lossy/pcap_writer.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <optional>
#include <string>

#include "gateway/app/listen_url.hpp"
#include "pcap_reader.hpp"
#include "support/cmocka.hpp"
#include "support/hex.hpp"
#include "support/process.hpp"

namespace {

using namespace mqttsn::lossy;
using mqttsn::gateway::Endpoint;

constexpr Micros kStart{1'700'000'000'123'456};

/// A file and its writer; the fixture owns both (see cmocka.hpp), and the limit of the size of files.
struct World {
    test::TemporaryFolder folder;
    std::optional<PcapWriter> writer{std::in_place};
    rlimit limit{};
    std::string path() const { return folder.file("capture.pcap"); }
    pcap_reader::Capture read() const { return pcap_reader::read(test::read_file(path())); }
    void limit_files(rlim_t octets) const {
        const rlimit small{octets, limit.rlim_max};
        setrlimit(RLIMIT_FSIZE, &small);
    }
};

int set_up(void** state) {
    auto* const world = new World;
    getrlimit(RLIMIT_FSIZE, &world->limit);
    std::signal(SIGXFSZ, SIG_IGN);
    *state = world;
    return 0;
}

int tear_down(void** state) {
    auto* const world = static_cast<World*>(*state);
    setrlimit(RLIMIT_FSIZE, &world->limit);
    delete world;
    return 0;
}

World& world_of(void** state) {
    return *static_cast<World*>(*state);
}

Endpoint endpoint(const std::string& text) {
    mqttsn::gateway::HostPort at;
    assert_string_equal(mqttsn::gateway::parse_host_port(text, 0, at).c_str(), "");
    Endpoint endpoint;
    endpoint.address = at.address;
    endpoint.port = at.port;
    return endpoint;
}

void a_datagram_over_ipv4_is_a_whole_packet_with_its_time(void** state) {
    World& world = world_of(state);
    assert_string_equal(world.writer->open(world.path(), kStart).c_str(), "");
    world.writer->write(Micros{877'000}, endpoint("192.0.2.1:5000"), endpoint("10.0.0.9:1985"),
                        test::view("hello"));
    world.writer->flush();
    const pcap_reader::Capture capture = world.read();
    assert_string_equal(capture.problem.c_str(), "");
    assert_int_equal(capture.packets.size(), 1);
    const pcap_reader::Packet& packet = capture.packets[0];
    assert_int_equal(packet.time_us, kStart.count() + 877'000);
    assert_false(packet.ipv6);
    assert_true(packet.source == std::string("\xC0\x00\x02\x01", 4));
    assert_true(packet.destination == std::string("\x0A\x00\x00\x09", 4));
    assert_int_equal(packet.source_port, 5000);
    assert_int_equal(packet.destination_port, 1985);
    assert_string_equal(packet.payload.c_str(), "hello");
}

void a_datagram_over_ipv6_is_a_whole_packet(void** state) {
    World& world = world_of(state);
    assert_string_equal(world.writer->open(world.path(), kStart).c_str(), "");
    world.writer->write(Micros{0}, endpoint("[2001:db8::1]:5000"), endpoint("[fe80::2]:1985"),
                        test::view("six"));
    world.writer->flush();
    const pcap_reader::Capture capture = world.read();
    assert_string_equal(capture.problem.c_str(), "");
    assert_true(capture.packets[0].ipv6);
    assert_int_equal(static_cast<unsigned char>(capture.packets[0].source[0]), 0x20);
    assert_int_equal(capture.packets[0].destination[15], 2);
    assert_string_equal(capture.packets[0].payload.c_str(), "six");
}

// The checksum covers odd lengths, sums that fold several times, and never reads 0 (RFC 768: that means
// none).
void checksums_are_right_for_all_lengths_and_contents(void** state) {
    World& world = world_of(state);
    assert_string_equal(world.writer->open(world.path(), kStart).c_str(), "");
    std::size_t count = 0;
    for (const char fill : {'\0', '\xFF', 'a'}) {
        for (const std::size_t size : {0U, 1U, 2U, 3U, 255U, 1472U, 65507U}) {
            const std::string payload(size, fill);
            world.writer->write(Micros{0}, endpoint("127.0.0.1:65535"), endpoint("127.0.0.1:1"),
                                test::view(payload));
            world.writer->write(Micros{0}, endpoint("[::1]:65535"), endpoint("[::1]:1"), test::view(payload));
            count += 2;
        }
    }
    for (unsigned value = 0; value < 65536; value += 7) {  // some of them make the sum 0xFFFF or 0
        const std::uint8_t octets[] = {static_cast<std::uint8_t>(value >> 8U),
                                       static_cast<std::uint8_t>(value)};
        world.writer->write(Micros{0}, endpoint("0.0.0.1:1"), endpoint("0.0.0.1:1"),
                            mqttsn::Bytes{octets, 2});
        ++count;
    }
    const std::uint8_t zero_sum[] = {0xFF, 0xD6};  // -(1 + 1 + 17 + 10 + 1 + 1 + 10)
    world.writer->write(Micros{0}, endpoint("0.0.0.1:1"), endpoint("0.0.0.1:1"), mqttsn::Bytes{zero_sum, 2});
    world.writer->flush();
    const pcap_reader::Capture capture = world.read();
    assert_string_equal(capture.problem.c_str(), "");
    assert_int_equal(capture.packets.size(), count + 1);
    assert_int_equal(world.writer->datagrams(), count + 1);
}

void what_is_flushed_is_in_the_file_and_the_rest_when_the_writer_goes(void** state) {
    World& world = world_of(state);
    assert_string_equal(world.writer->open(world.path(), kStart).c_str(), "");
    assert_string_equal(world.read().problem.c_str(), "");  // the head is there at once
    world.writer->write(Micros{0}, endpoint("127.0.0.1:1"), endpoint("127.0.0.1:2"), test::view("a"));
    world.writer->flush();
    assert_int_equal(world.read().packets.size(), 1);
    world.writer->write(Micros{0}, endpoint("127.0.0.1:1"), endpoint("127.0.0.1:2"), test::view("b"));
    world.writer.reset();
    assert_int_equal(world.read().packets.size(), 2);
}

void a_file_that_cannot_be_made_is_told_by_name(void** state) {
    World& world = world_of(state);
    const std::string problem = world.writer->open(world.folder.file("none/capture.pcap"), kStart);
    assert_non_null(std::strstr(problem.c_str(), "none/capture.pcap\": No such file or directory"));
    assert_false(world.writer->active());
    PcapWriter full;
    assert_non_null(std::strstr(full.open("/dev/full", kStart).c_str(), "No space left on device"));
}

void a_full_disk_is_told_once_and_leaves_whole_records(void** state) {
    World& world = world_of(state);
    assert_string_equal(world.writer->open(world.path(), kStart).c_str(), "");
    const std::string payload(100, 'x');
    world.writer->write(Micros{0}, endpoint("127.0.0.1:1"), endpoint("127.0.0.1:2"), test::view(payload));
    world.writer->flush();
    world.limit_files(250);  // in the middle of the second record
    world.writer->write(Micros{1}, endpoint("127.0.0.1:1"), endpoint("127.0.0.1:2"), test::view(payload));
    world.writer->flush();
    assert_non_null(std::strstr(world.writer->take_problem().c_str(), "capture.pcap\": File too large"));
    assert_string_equal(world.writer->take_problem().c_str(), "");
    assert_false(world.writer->active());
    world.writer->write(Micros{2}, endpoint("127.0.0.1:1"), endpoint("127.0.0.1:2"), test::view(payload));
    world.writer->flush();
    assert_string_equal(world.writer->take_problem().c_str(), "");
    world.limit_files(world.limit.rlim_cur);
    const pcap_reader::Capture capture = world.read();
    assert_string_equal(capture.problem.c_str(), "");
    assert_int_equal(capture.packets.size(), 1);
}

void a_capture_ends_at_its_limit_with_a_word(void** state) {
    World& world = world_of(state);
    assert_string_equal(world.writer->open(world.path(), kStart, 1000).c_str(), "");
    for (int i = 0; i < 100; ++i) {
        world.writer->write(Micros{i}, endpoint("127.0.0.1:1"), endpoint("127.0.0.1:2"),
                            test::view("0123456789"));
    }
    assert_non_null(std::strstr(world.writer->take_problem().c_str(), "no more are written"));
    assert_string_equal(world.writer->take_problem().c_str(), "");
    const pcap_reader::Capture capture = world.read();
    assert_string_equal(capture.problem.c_str(), "");
    assert_int_equal(capture.packets.size(), (1000 - 24) / (16 + 20 + 8 + 10));
}

}  // namespace

int main() {
    const auto test_of = [](const char* name, CMUnitTestFunction body) {
        return CMUnitTest{name, body, set_up, tear_down, nullptr};
    };
#define WORLD_TEST(body) test_of(#body, body)
    const CMUnitTest tests[] = {
        WORLD_TEST(a_datagram_over_ipv4_is_a_whole_packet_with_its_time),
        WORLD_TEST(a_datagram_over_ipv6_is_a_whole_packet),
        WORLD_TEST(checksums_are_right_for_all_lengths_and_contents),
        WORLD_TEST(what_is_flushed_is_in_the_file_and_the_rest_when_the_writer_goes),
        WORLD_TEST(a_file_that_cannot_be_made_is_told_by_name),
        WORLD_TEST(a_full_disk_is_told_once_and_leaves_whole_records),
        WORLD_TEST(a_capture_ends_at_its_limit_with_a_word),
    };
    return cmocka_run_group_tests_name("unit.lossy.pcap_writer", tests, nullptr, nullptr);
}
