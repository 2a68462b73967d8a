// SPDX-License-Identifier: BSD-3-Clause
//
// What every end-to-end test stands on: one mosquitto, one gateway in front of it, raw devices, our tools,
// and mosquitto's own clients as witnesses. The bed owns all of them, because a failed assert leaves a test
// body by longjmp. A test that fails shows the logs of gateway and broker; a test that passes also asserts
// that the gateway ends by SIGTERM with exit code 0 (under a sanitizer that is the leak check) and never sent
// a malformed datagram. One thread.
#ifndef TESTS_E2E_BED_HPP
#define TESTS_E2E_BED_HPP

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqttsn/topic.hpp"
#include "support/cmocka.hpp"
#include "support/forwarder.hpp"
#include "support/gateway_process.hpp"
#include "support/hex.hpp"
#include "support/mosquitto.hpp"
#include "support/mosquitto_clients.hpp"
#include "support/udp_device.hpp"
#include "support/unix_inbox.hpp"

namespace e2e {

using mqttsn::Flags;
using mqttsn::Message;
using mqttsn::MessageType;
using mqttsn::ReturnCode;
using mqttsn::TopicIdType;
using test::Delivery;
using test::Observer;
using test::UdpDevice;
using test::view;
using test::wait_until;
using test::Where;

/// A short topic name as it stands in the TopicId field.
inline std::uint16_t short_id(std::string_view name) {
    return mqttsn::topic_id_of_short_name(view(name));
}

/// mqttsn-pub or mqttsn-sub.
struct Tool {
    test::TemporaryFolder folder;
    test::Process process;

    std::string output() const { return test::read_file(folder.file("output")); }
    std::string errors() const { return test::read_file(folder.file("errors")); }
    std::vector<std::string> lines() const;
    bool wait_for_lines(std::size_t count, int timeout_ms = test::kAnswerMs) const;
    /// The exit code, or -1 when it still runs after `timeout_ms`; its words are shown when it is not
    /// `wanted`.
    int wait(int wanted = 0, int timeout_ms = 30000);
};

struct Bed {
    test::Mosquitto broker;
    test::GatewayProcess gateway;
    std::vector<std::unique_ptr<test::GatewayProcess>> more_gateways;
    std::vector<std::unique_ptr<UdpDevice>> devices;
    std::vector<std::unique_ptr<test::Forwarder>> forwarders;
    std::vector<std::unique_ptr<Observer>> observers;
    std::vector<std::unique_ptr<Tool>> tools;
    std::vector<std::unique_ptr<test::Process>> processes;
    test::TemporaryFolder folder;
    test::UnixInbox manager;                  ///< the service manager, when a test opens it
    std::vector<std::shared_ptr<void>> kept;  ///< whatever else a test has made
    bool passed = false;

    /// Broker, then gateway.
    void start(Where where = Where::here());
    void start_broker(Where where = Where::here());
    void start_gateway(Where where = Where::here());
    /// One more in front of the same broker, not started.
    test::GatewayProcess& another_gateway();
    /// kill -9 and a new process on the same port.
    void restart_gateway(Where where = Where::here());
    /// A device with a socket, not connected.
    UdpDevice& device(const std::string& client_id, const std::string& host = "127.0.0.1",
                      Where where = Where::here());
    /// A forwarder in front of the gateway; devices get behind it with UdpDevice::open(port()).
    test::Forwarder& forwarder(std::size_t node_id_octets = 2, Where where = Where::here());
    Observer& observe(const std::vector<std::string>& filters, const test::ObserverOptions& options = {},
                      Where where = Where::here());
    void publish(const std::string& topic, const std::string& payload, int qos, bool retain = false,
                 Where where = Where::here());
    /// Starts DORMOUSE_PUB or DORMOUSE_SUB against the gateway (-h and -p come first).
    Tool& tool(const std::string& program, std::vector<std::string> arguments, bool with_input = false,
               Where where = Where::here());
    /// A process of any kind, not started.
    test::Process& process();
    /// The gateway carries device sessions by engine = "paho", which promises less (paho_engine.hpp).
    static bool with_paho();
    /// Devices get shared sessions.
    static bool shared();
    /// Waits until mosquitto's log (of all starts) says this so many times.
    void await_broker_log(const std::string& text, int count = 1, Where where = Where::here()) const;
    /// The logs of all parts, for a test that has failed.
    std::string show() const;
};

/// "n-0000", "n-0001" ...
std::vector<std::string> numbered(const std::string& prefix, std::size_t count, std::size_t first = 0);
/// Every element of `wanted` is in `got`, in any order and number; says what is missing.
bool has_all(const std::vector<std::string>& got, const std::vector<std::string>& wanted);
/// The two are the same, in the same order; says where they differ.
bool same_list(const std::vector<std::string>& got, const std::vector<std::string>& wanted);
/// `got` without repetitions that follow an earlier copy.
std::vector<std::string> without_repeats(const std::vector<std::string>& got);
std::vector<std::string> payloads_of(const std::vector<Delivery>& deliveries);

int set_up(void** state);
int tear_down(void** state);

template <void (*Body)(Bed&)>
void run(void** state) {
    Bed& bed = *static_cast<Bed*>(*state);
    Body(bed);
    bed.passed = true;
}

/// A test whose body takes a fresh Bed.
#define BED_TEST(body) \
    { #body, e2e::run < body>, e2e::set_up, e2e::tear_down, nullptr }

}  // namespace e2e

#endif
