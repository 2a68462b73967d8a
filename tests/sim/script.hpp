// SPDX-License-Identifier: BSD-3-Clause
//
// A thin layer over World in which scenarios read as scripts: a device connects, sleeps, wakes; an
// application publishes; one named datagram is lost; the gateway is killed. All in virtual time. Each call of
// a device lasts until its outcome is known. A promise that a checker finds broken (CheckFailed) fails the
// running CMocka test with its text and the end of the trace. With SCENARIO_TRACE in the environment all
// traces go to stderr. One thread; one Script at a time.
//
// How datagrams are written: "> " from the device, "< " to it, the name, and what matters of it:
//   > CONNECT clean   < CONNACK 01   > PUBLISH Q1 DUP   < PUBACK 02   > PINGREQ s1   > DISCONNECT sleep   <
//   PUBREL (lost)
// Codes other than "accepted" only. In an expectation they are separated by ", ".
#ifndef TESTS_SIM_SCRIPT_HPP
#define TESTS_SIM_SCRIPT_HPP

#include <chrono>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world.hpp"

namespace mqttsn::sim {

class Script;

/// A device on which only that happens which the script says.
class ScriptDevice {
  public:
    ScriptDevice(Script& script, std::uint32_t index, const DeviceSettings& settings);
    ScriptDevice(const ScriptDevice&) = delete;
    ScriptDevice& operator=(const ScriptDevice&) = delete;

    // What its application does; each until it has succeeded or failed (see state()).
    void connect() { connect(false); }
    void connect_clean() { connect(true); }
    void disconnect();
    /// To all its downlink topics (a filter with a wildcard, so ids come by REGISTER; of
    /// TopicKind::predefined and two_octets the only one).
    void subscribe(int qos);
    /// To its first downlink topic by name: the id comes with SUBACK.
    void subscribe_exactly(int qos);
    void sleep(std::chrono::seconds duration);
    /// Until it is asleep again, or lost.
    void wake();
    /// Only asks for it; time stands still.
    void start_wake();
    /// Hands a message to the library; time stands still. @returns its number
    std::uint32_t publish(int qos, std::uint32_t topic = 0);

    mqttsn_state state() const;
    std::uint32_t index() const { return index_; }
    const std::string& name() const { return settings_.client_id; }

  private:
    void connect(bool clean);
    void subscribe(const mqttsn_topic& topic, int qos);
    /// Runs until the library is in a state that lasts.
    void await();

    Script& script_;
    std::uint32_t index_;
    DeviceSettings settings_;
    std::string filter_, exact_;  // borrowed by the library
};

class Script {
  public:
    explicit Script(const WorldSettings& settings = {});
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;

    /// A device without keep-alive (so that silence is silence), driven by hand.
    ScriptDevice& device(const std::string& name, const lossy::LinkSettings& link = {});
    ScriptDevice& device(const DeviceSettings& settings, const lossy::LinkSettings& link = {});
    /// A device that connects, subscribes and comes back by itself (its Pattern). @returns its index
    std::uint32_t self_driven(const DeviceSettings& settings, const lossy::LinkSettings& link = {},
                              const DownlinkTraffic& downlink = {});
    /// From now on the links decide what happens to datagrams; none are recorded and lose() does nothing.
    void use_links();

    // ---- time
    void run_for(Micros time);
    /// Until no datagram was sent for half a minute (longer than T_retry), at most for two hours.
    void run_until_quiet();
    /// Until nothing waits anywhere, within the budget.
    void settle(Micros budget = std::chrono::minutes{30});

    // ---- what happens
    /// Another MQTT client publishes to a topic of the device; time stands still. @returns the message's
    /// number
    std::uint32_t application_publishes(const ScriptDevice& device, int qos, std::uint32_t topic = 0) {
        return application_publishes(device.index(), qos, topic);
    }
    std::uint32_t application_publishes(std::uint32_t device, int qos, std::uint32_t topic = 0);
    std::uint32_t publish_up(std::uint32_t device, int qos, std::uint32_t topic = 0);
    /// The next `count` datagrams of this device that begin like this are lost.
    void lose(const ScriptDevice& device, std::string beginning, std::uint32_t count = 1);
    /// Nothing passes, either way, until heal().
    void partition(const ScriptDevice& device) { lose(device, "", kForever); }
    void heal(const ScriptDevice& device);
    /// Does something as soon as a datagram that begins like this has been sent, while it is on its way.
    /// Once.
    void when(const ScriptDevice& device, std::string beginning, std::function<void()> action);
    void kill_gateway(Micros outage);
    void cut_broker_connections();
    void stall_broker(Micros time);
    void crash_broker(Micros outage, bool keeps_memory);
    void switch_off(const ScriptDevice& device, Micros time);  ///< its memory stays
    /// To the next of its places (DeviceSettings::places), or to another port.
    void move(const ScriptDevice& device) { world_.move(device.index()); }

    // ---- what is true
    /// Datagrams since the last assert_datagrams() or forget_datagrams(); lost ones count.
    std::size_t datagrams_to(const ScriptDevice& device) const { return count(device, "<"); }
    std::size_t datagrams_from(const ScriptDevice& device) const { return count(device, ">"); }
    std::size_t count(const ScriptDevice& device, std::string_view beginning) const;
    /// Exactly these, in this order, since the last time; then they are forgotten.
    void assert_datagrams(const ScriptDevice& device, const std::string& expected);
    void forget_datagrams() { datagrams_.clear(); }
    /// Each datagram that begins like this has the octets of the first one, but for DUP; there are at least
    /// two.
    void assert_repeated_with_dup_only(const ScriptDevice& device, std::string_view beginning);
    /// The last datagram since then.
    std::string last_datagram(const ScriptDevice& device) const;
    /// These messages have come to the device (from the device to the broker), each once, in this order, and
    /// no others.
    void assert_messages(const ScriptDevice& device, const std::vector<std::uint32_t>& numbers);
    void assert_published(const ScriptDevice& device, const std::vector<std::uint32_t>& numbers);
    void assert_arrivals(std::uint32_t number, unsigned times);
    /// Each message got what its QoS promises.
    void assert_promises_kept();
    void assert_that(bool holds, const std::string& what);

    const MessageRecord& message(std::uint32_t number) const { return world_.ledger().at(number); }
    gateway::Counters counters() const { return world_.gateway_counters(); }
    World& world() { return world_; }

  private:
    friend class ScriptDevice;
    static constexpr std::uint32_t kForever = 0xFFFFFFFFU;
    struct Datagram {
        std::uint32_t device;
        std::vector<std::uint8_t> octets;
        std::string text;
    };
    struct Rule {
        std::uint32_t device;
        std::string beginning;
        std::uint32_t left;
        std::function<void()> action;  // empty: lose it
    };

    bool take(std::uint32_t device, Way way, Bytes octets);
    template <typename Call>
    void guarded(Call&& call);
    [[noreturn]] void fail(const std::string& why);
    std::uint64_t traffic();
    void assert_numbers(std::uint32_t device, Way way, const std::vector<std::uint32_t>& numbers);

    World world_;
    std::deque<ScriptDevice> devices_;
    std::vector<Datagram> datagrams_;
    std::uint64_t datagram_count_ = 0;
    std::uint64_t subacks_ = 0;
    bool recording_ = true;
    std::deque<Rule> rules_;
};

// ---- usual beginnings
/// A device that is connected with a kept session and subscribed with QoS 2.
ScriptDevice& subscriber(Script& s, const std::string& name = "s1");
/// ... and knows the ids of its first topics: it has sent a message of QoS 0, then got one. Nothing else is
/// on record.
ScriptDevice& acquainted(Script& s, const std::string& name = "s1");
/// ... and sleeps.
ScriptDevice& sleeper(Script& s, std::chrono::seconds duration, const std::string& name = "s1");

}  // namespace mqttsn::sim

#endif
