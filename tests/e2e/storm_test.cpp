// SPDX-License-Identifier: BSD-3-Clause
//
// More at once than is good for a gateway: devices that all connect, a source that floods, descriptors that
// run out.
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "bed.hpp"

namespace e2e {
namespace {

constexpr std::size_t kOtherDescriptors = 100;  // of this program, beside the sockets of devices

/// As many as this program may have sockets for.
std::size_t fleet_size(std::size_t wanted) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return std::min<std::size_t>(wanted, static_cast<std::size_t>(limit.rlim_cur) - kOtherDescriptors);
}

/// All CONNECTs are on the way before the first CONNACK is read. How many were accepted.
std::size_t connect_fleet(Bed& bed, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        UdpDevice& device = bed.device("fleet-" + std::to_string(i));
        device.send(mqttsn::make_connect(Flags{}.with_clean_session(true), 60, view(device.client_id())));
    }
    std::size_t accepted = 0;
    for (const auto& device : bed.devices) {
        const ReturnCode code = device->expect(MessageType::connack, 30000).return_code;
        assert_true(code == ReturnCode::accepted || code == ReturnCode::congestion);
        accepted += code == ReturnCode::accepted ? 1 : 0;
    }
    return accepted;
}

void assert_nothing_more_comes(const Bed& bed) {
    for (const auto& device : bed.devices) {
        assert_null(device->receive(0));
    }
}

// FAULT-96: mosquitto's listen queue has 100 places.
void devices_2000_that_connect_at_once_are_all_let_in_and_answered_once(Bed& bed) {
    const std::size_t count = fleet_size(2000);
    bed.start();
    assert_int_equal(connect_fleet(bed, count), count);
    assert_true(bed.gateway.wait_until_idle());
    assert_nothing_more_comes(bed);
}

// FAULT-88: who came first has a connection, the others are told, and the operator is told once.
void when_descriptors_run_out_in_a_storm_the_operator_hears_it_once(Bed& bed) {
    constexpr std::size_t kDevices = 400;
    constexpr std::size_t kFree = 100;
    bed.start();
    assert_true(bed.gateway.wait_until_idle());
    bed.gateway.allow_few_descriptors(kFree);
    const std::size_t accepted = connect_fleet(bed, kDevices);
    assert_in_range(accepted, kFree / 2, kFree);
    assert_nothing_more_comes(bed);
    assert_int_equal(test::count_of(bed.gateway.log_text(), "too many open files"), 1);
    assert_int_equal(test::count_of(bed.gateway.log_text(), "broker connection lost"), 0);
    bed.gateway.allow_new_descriptors(true);
    for (const auto& device : bed.devices) {
        assert_int_equal(device->try_connect({}), ReturnCode::accepted);
    }
}

void send_many(const UdpDevice& device, const std::vector<std::uint8_t>& octets, std::size_t count) {
    std::array<mmsghdr, 50> messages{};
    iovec piece{const_cast<std::uint8_t*>(octets.data()), octets.size()};
    for (mmsghdr& message : messages) {
        message.msg_hdr.msg_iov = &piece;
        message.msg_hdr.msg_iovlen = 1;
    }
    for (std::size_t sent = 0; sent < count; sent += messages.size()) {
        assert_int_equal(::sendmmsg(device.socket(), messages.data(), messages.size(), 0), messages.size());
    }
}

// FAULT-93, FAULT-99: what the gateway finds when it comes to its socket is the flood of one device, more
// than the kernel's buffer holds.
void a_flood_of_one_source_is_dropped_and_counted_and_nobody_else_suffers(Bed& bed) {
    bed.start();
    if (bed.gateway.log_text().find("the kernel grants a receive buffer of") != std::string::npos) {
        print_message("skipped: the receive buffer is too small for a flood (net.core.rmem_max)\n");
        return;
    }
    UdpDevice& quiet = bed.device("quiet");
    UdpDevice& flooder = bed.device("flooder");
    quiet.connect();
    flooder.connect();
    const std::uint16_t topic = quiet.register_topic("quiet/one");
    assert_true(bed.gateway.wait_until_idle());
    bed.gateway.pause();
    send_many(flooder, {2, 0x16}, 40000);  // PINGREQ
    bed.gateway.resume();
    assert_true(bed.gateway.wait_for_log("a source floods"));
    assert_true(bed.gateway.wait_until_idle());  // until then the kernel's buffer may be full
    for (int i = 0; i < 20; ++i) {
        quiet.publish(1, topic, "still there");
    }
    assert_true(bed.gateway.wait_until_idle());
    assert_true(bed.gateway.stop() == 0);
    const std::string log = bed.gateway.log_text();
    assert_int_equal(test::count_of(log, "a source floods"), 1);
    assert_int_equal(test::count_of(log, "udp_dropped_flood="), 1);
    assert_int_equal(test::count_of(log, "udp_dropped_flood=0 "), 0);
    assert_int_equal(test::count_of(log, "udp_dropped_by_kernel=0"), 0);
}

// Without contention a burst is a burst.
void a_burst_of_one_device_passes_whole(Bed& bed) {
    constexpr int kMessages = 1000;
    bed.start();
    Observer& witness = bed.observe({"burst/#"});
    UdpDevice& device = bed.device("burst");
    device.connect();
    const std::uint16_t topic = device.register_topic("burst/one");
    for (int i = 0; i < kMessages; ++i) {
        device.send_publish(0, topic, 0, std::to_string(i));
    }
    assert_true(witness.wait_for(kMessages));
    assert_int_equal(test::count_of(bed.gateway.log_text(), "a source floods"), 0);
}

}  // namespace
}  // namespace e2e

int main() {
    using namespace e2e;
    const CMUnitTest tests[] = {
        BED_TEST(devices_2000_that_connect_at_once_are_all_let_in_and_answered_once),
        BED_TEST(when_descriptors_run_out_in_a_storm_the_operator_hears_it_once),
        BED_TEST(a_flood_of_one_source_is_dropped_and_counted_and_nobody_else_suffers),
        BED_TEST(a_burst_of_one_device_passes_whole),
    };
    return cmocka_run_group_tests_name("e2e.storm", tests, nullptr, nullptr);
}
