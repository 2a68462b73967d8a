// SPDX-License-Identifier: BSD-3-Clause
//
// One run of mqttsn-load: the loop that all modes share, the broker's side, what is measured and checked. A
// mode says in go() what happens after what, and in pump() who sends now. One thread.
#ifndef TESTS_BENCH_RUN_HPP
#define TESTS_BENCH_RUN_HPP

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/fleet.hpp"
#include "bench/ledger.hpp"
#include "bench/mqtt_client.hpp"
#include "bench/pacer.hpp"
#include "bench/payload.hpp"
#include "bench/result.hpp"
#include "bench/sockets.hpp"

namespace mqttsn::load {

class Run : protected FleetEvents, protected MqttEvents {
  public:
    virtual ~Run() = default;
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    /// Does everything; what came of it is in the result. Blocks until the run is over or interrupt() was
    /// called.
    void execute();
    /// Ends the run as if its time were over. From a signal handler, too.
    static void interrupt();

  protected:
    /// @param streams  of the ledger
    Run(Result& result, SetUp set_up, std::size_t streams);

    virtual void go() = 0;
    /// Each turn of the loop, after what came in. @return when it has something to do at the latest
    virtual std::uint64_t pump(std::uint64_t now_ns) = 0;

    bool over() const { return !result_.problem.empty() || result_.interrupted || gateway_lost_; }
    void fail(const std::string& problem);
    /// Turns until `done()`, or until the run is over.
    template <class Done>
    void loop_until(Done done) {
        while (!over() && !done()) {
            turn();
        }
    }
    /// The same, but not longer than `seconds`.
    template <class Done>
    void loop_until(Done done, double seconds) {
        const std::uint64_t end = after(seconds);
        limit_ns_ = end;
        loop_until([&] { return done() || steady_ns() >= end; });
        limit_ns_ = kNever;
    }
    static std::uint64_t after(double seconds) {
        return steady_ns() + static_cast<std::uint64_t>(seconds * 1e9);
    }

    /// Opens the connection of index 0 to the broker.
    void open_broker(const char* role);
    void subscribe_broker(const std::string& filter);
    MqttClient& add_client();
    /// Sockets and handshakes of all devices.
    void set_up_devices();
    void leave();

    /// Devices that have lost the gateway connect again, or give that up, too.
    void await_silent_devices();
    void begin_measuring();
    void end_measuring();
    /// Waits until everything sent has arrived, or nothing has for LoadOptions::settle_s.
    void await_arrivals();
    /// What is missing now is not lost: the run was interrupted before it could arrive.
    void note_cut_short();
    /// The signal that ended one part of the run does not end the next one; a second one does.
    /// @return whether there was one
    bool take_interrupt();
    PacerSettings pacer_settings() const;

    /// Counts a payload that is not one of this run's. @return false then
    bool is_ours(Bytes payload, Stamp& stamp);
    /// Counts an arrival at the right place, of the message that `stamp` names.
    /// @param stream  of the ledger
    /// @return by how much the newest sequence number went up
    std::uint32_t arrive(std::size_t stream, const Stamp& stamp, std::uint64_t now_ns);
    void note_wrong_recipient() { ++result_.counters.wrong_recipient; }
    /// Nothing has arrived for half a second: at QoS 0 what is on its way is lost.
    bool stalled(std::uint64_t now_ns) const;
    /// More than the broker takes.
    bool broker_is_behind() const;

    // Most modes need only some of these.
    void on_published(std::size_t, std::uint64_t) override {}
    void on_device_message(std::size_t, Bytes, bool, std::uint64_t) override {}
    void on_woken(std::size_t, std::uint64_t) override {}
    void on_connack(MqttClient& client, std::uint8_t code, std::uint64_t now_ns) override;
    void on_suback(MqttClient& client, std::uint8_t code) override;
    void on_message(MqttClient&, std::string_view, Bytes, std::uint64_t) override {}
    void on_acknowledged(MqttClient&, std::uint16_t, std::uint64_t) override {}
    void on_closed(MqttClient& client, const std::string& why) override;

    Result& result_;
    const LoadOptions& options_;
    Poller poller_;
    MqttShared mqtt_;
    Fleet fleet_;
    Ledger ledger_;
    Address broker_address_;
    std::vector<std::unique_ptr<MqttClient>> clients_;  // [0] is the one at the broker's side of the run
    std::size_t clients_connected_ = 0;
    bool subscribed_ = false;
    bool setting_up_ = false;
    std::uint64_t begin_ns_ = 0;
    std::uint64_t last_arrival_ns_ = 0;

  private:
    void turn();
    void note_dropped();
    void dispatch(const Ready& ready);
    void check_file_limit();
    void show_progress(std::uint64_t now_ns);
    std::string set_up_problem() const;

    bool fleet_open_ = false;
    bool ending_ = false;
    bool gateway_lost_ = false;
    std::uint64_t usage_begin_ns_ = 0;
    std::uint64_t pump_ns_ = 0;
    std::uint64_t limit_ns_ = kNever;
    std::uint64_t progress_ns_ = 0;
    std::uint64_t arrived_before_ = 0;
    bool live_ = false;  // the progress line is rewritten in place
};

/// The run of this mode.
std::unique_ptr<Run> make_connect_run(Result& result);
std::unique_ptr<Run> make_idle_run(Result& result);
std::unique_ptr<Run> make_pub_run(Result& result);
std::unique_ptr<Run> make_mqtt_pub_run(Result& result);
std::unique_ptr<Run> make_sub_run(Result& result);
std::unique_ptr<Run> make_fanout_run(Result& result);
std::unique_ptr<Run> make_sleep_run(Result& result);

}  // namespace mqttsn::load

#endif
