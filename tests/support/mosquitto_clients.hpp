// SPDX-License-Identifier: BSD-3-Clause
//
// mosquitto_sub and mosquitto_pub as independent witnesses on the broker's side: what they see does not
// depend on our code. Owned by a fixture. Payloads and topics of tests have no line feeds, topics no spaces.
// One thread.
#ifndef TESTS_SUPPORT_MOSQUITTO_CLIENTS_HPP
#define TESTS_SUPPORT_MOSQUITTO_CLIENTS_HPP

#include <string>
#include <vector>

#include "support/mosquitto.hpp"
#include "support/process.hpp"

namespace test {

/// One message as the broker gave it to mosquitto_sub.
struct Observed {
    int qos = 0;
    bool retain = false;
    std::string topic;
    std::string payload;
};

struct ObserverOptions {
    std::string client_id{};  ///< "" = one of its own
    bool persistent = false;  ///< the broker keeps session and messages while it is away
    int qos = 2;
    std::string username{};
    std::string password{};
};

/// mosquitto_sub.
class Observer {
  public:
    /// Subscribes, waits until the broker has it, and collects from then on.
    [[nodiscard]] bool start(const Mosquitto& broker, const std::vector<std::string>& filters,
                             const ObserverOptions& options = {});
    /// Only makes a persistent session with these subscriptions and goes away; start() fetches what has come.
    [[nodiscard]] static bool prepare(const Mosquitto& broker, const std::vector<std::string>& filters,
                                      const std::string& client_id);
    /// What has come so far, in order.
    std::vector<Observed> messages() const;
    /// Waits for at least `count` messages; says what is there when they do not come.
    bool wait_for(std::size_t count, int timeout_ms = 10000) const;
    /// The payloads of one topic, in order; "" = of all topics.
    std::vector<std::string> payloads(const std::string& topic = "") const;
    void stop() { process_.kill(); }

  private:
    TemporaryFolder folder_;
    Process process_;
    std::string output_path() const { return folder_.file("messages"); }
};

/// mosquitto_pub, to its end. False when it says that it failed.
[[nodiscard]] bool broker_publish(const Mosquitto& broker, const std::string& topic,
                                  const std::string& payload, int qos = 1, bool retain = false);
/// One message for each line, over one connection. Blocks until the last is acknowledged.
[[nodiscard]] bool broker_publish_lines(const Mosquitto& broker, const std::string& topic,
                                        const std::vector<std::string>& lines, int qos);
/// The same without waiting: `process` runs on. `input_path` is a file with the lines.
[[nodiscard]] bool start_broker_publisher(Process& process, const Mosquitto& broker, const std::string& topic,
                                          const std::string& input_path, int qos);
/// The retained message of a topic, or "" when there is none.
std::string retained_message(const Mosquitto& broker, const std::string& topic);

/// Stops mosquitto (SIGSTOP) at a moment at which its persistence file holds all it has acknowledged: it has
/// just written the file (SIGUSR1) and has done nothing since. If it is killed then, what is lost is not what
/// mosquitto forgets between two snapshots. (autosave_on_changes does not do it: mosquitto does not count the
/// steps of an exchange as changes.) Needs option persistence. False when no such moment was found.
[[nodiscard]] bool stop_broker_after_save(const Mosquitto& broker);

}  // namespace test

#endif
