// SPDX-License-Identifier: BSD-3-Clause
//
// One conformance case while it runs, and the tables of all cases. A case is a function that sends, waits and
// throws Failure when the gateway does something else. It has devices, peers (MQTT clients of its own),
// topics and client ids that no other case uses, and it leaves nothing behind. Each case runs in one thread;
// what cases share (Environment) is constant or atomic.
#ifndef TESTS_CONFORMANCE_CASE_HPP
#define TESTS_CONFORMANCE_CASE_HPP

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/address.hpp"
#include "conformance/options.hpp"
#include "conformance/sn_packet.hpp"

namespace conformance {

class BrokerRelay;
class Device;
class Peer;

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The gateway did something else than the rule says.
struct Failure {
    std::string expected;
    std::string seen;
};
/// The case needs something that this gateway or this run has not.
struct NotApplicable {
    std::string why;
};

/// What all cases of a run share.
struct Environment {
    Options options;
    Address gateway;
    Address broker;
    std::string run;               ///< six hex digits, drawn for the run
    BrokerRelay* relay = nullptr;  ///< between gateway and broker; none without --relay
    std::atomic<unsigned> short_names{0};
};

class Case {
  public:
    /// `number` is unique in the run.
    Case(Environment& environment, std::size_t number);
    ~Case();
    Case(const Case&) = delete;
    Case& operator=(const Case&) = delete;

    const Options& options() const { return environment_.options; }
    Environment& environment() { return environment_; }

    /// A new device with a socket and a client id of its own, not connected.
    Device& device();
    /// The same, with this client id (another address of a device, a forwarder's node).
    Device& device(const std::string& client_id);
    /// A new device that has connected with clean session. @param duration keep alive in seconds.
    Device& connected(std::uint16_t duration = 60);
    /// A new device that has connected without clean session; its session is wiped when the case ends.
    Device& connected_kept(std::uint16_t duration = 60);
    /// Something that sleeps: connected, then DISCONNECT with `duration`.
    Device& sleeper(std::uint16_t duration = 60);
    /// An MQTT client that is connected to the broker.
    Peer& peer();
    /// The same, subscribed to `filter` with QoS 2.
    Peer& subscriber(const std::string& filter);

    /// "cf/<run>/<case>/<name>"
    std::string topic(std::string_view name = "t") const;
    /// Two letters that no other case of this run uses.
    std::string short_name();
    std::string client_id();
    /// The name behind a pre-defined id, for this device.
    std::string predefined_name(const Predefined& topic, const std::string& client_id) const;
    /// A pre-defined topic that is the same for all devices; nullptr when none was given.
    const Predefined* common_predefined() const;
    /// A will topic that gets a retained message, or another topic to be cleared when the case ends.
    void forget_retained(const std::string& topic) { retained_.push_back(topic); }
    /// Wipes the kept session of `client_id` when the case ends.
    void forget_session(const std::string& client_id) { kept_.push_back(client_id); }

    /// Throws Failure unless `good`.
    void check(bool good, const std::string& expected, const std::string& seen = "not so") const;
    [[noreturn]] void fail(const std::string& expected, const std::string& seen) const;
    /// Throws NotApplicable unless `there`.
    void need(bool there, const std::string& why) const;
    /// Whether less is promised by design, as the run was told by --weaker; then `what` is said in the
    /// result.
    bool weaker(const std::string& name, const std::string& what);
    /// The same without a word in the result: only the tool has to wait somewhere.
    bool is_weaker(const std::string& name) const;
    const std::string& weaker_note() const { return weaker_note_; }

    /// A line of the transcript.
    void note(const std::string& text);
    const std::vector<std::string>& transcript() const { return transcript_; }

    void pause(milliseconds time);
    /// A message was published at the broker. With --weaker shared nothing that a device sends shows that the
    /// gateway has got it, so await_published() waits for a moment.
    void note_published() { published_at_ = Clock::now(); }
    void await_published() const;
    milliseconds answer() const { return options().answer; }
    milliseconds retry() const { return options().retry; }
    /// Longer than the gateway waits for an acknowledgement before it repeats.
    milliseconds beyond_retry() const { return retry() * 3 + answer(); }
    /// So long nothing may come where nothing should come.
    static constexpr milliseconds kSilence{300};

    /// Ends connections, wipes kept sessions and retained messages. Never throws.
    void clean_up() noexcept;

  private:
    void wipe_session(const std::string& client_id);
    void clear_retained();

    Environment& environment_;
    std::size_t number_;
    Clock::time_point start_ = Clock::now();
    Clock::time_point published_at_{};
    unsigned client_ids_ = 0;
    std::deque<std::unique_ptr<Device>> devices_;
    std::deque<std::unique_ptr<Peer>> peers_;
    std::vector<std::string> kept_;
    std::vector<std::string> retained_;
    std::vector<std::string> transcript_;
    std::string weaker_note_;
};

/// One row of a table of cases.
struct CaseInfo {
    const char* id;     ///< "SN12-105.pingresp_comes_last": the rule it is about, and the claim
    const char* cites;  ///< further rules that it covers: "SN12-47 D15"
    void (*body)(Case&);
    bool slow = false;   ///< waits for timers: begun first
    bool alone = false;  ///< disturbs others: after all of them
};
using CaseTable = std::vector<CaseInfo>;

CaseTable framing_cases();
CaseTable discovery_cases();
CaseTable connect_cases();
CaseTable disconnect_cases();
CaseTable will_cases();
CaseTable will_update_cases();
CaseTable register_cases();
CaseTable publish_cases();
CaseTable publish_error_cases();
CaseTable subscribe_cases();
CaseTable downlink_cases();
CaseTable sleep_cases();
CaseTable sleep_state_cases();
CaseTable retry_cases();
CaseTable loss_cases();
CaseTable forwarder_cases();
CaseTable outage_cases();

/// All of them, in the order of the report.
CaseTable all_cases();

}  // namespace conformance

#endif
