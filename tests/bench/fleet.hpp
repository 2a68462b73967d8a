// SPDX-License-Identifier: BSD-3-Clause
//
// Many MQTT-SN devices in one process: sockets, handshakes, exchanges with T_retry and N_retry, keep-alive,
// sleep. What they publish and when is the run's affair, who is told what happened. A device has one exchange
// at a time, as the specification asks. Nothing is allocated per message: a datagram that is sent again is
// made again. One thread.
#ifndef TESTS_BENCH_FLEET_HPP
#define TESTS_BENCH_FLEET_HPP

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/load_options.hpp"
#include "bench/pacer.hpp"
#include "bench/payload.hpp"
#include "bench/result.hpp"
#include "bench/sockets.hpp"
#include "mqttsn/messages.hpp"

namespace mqttsn::load {

/// Called from inside Fleet's functions; a call back into the Fleet is fine.
class FleetEvents {
  public:
    /// The PUBLISH of this device is over: acknowledged, refused or given up.
    virtual void on_published(std::size_t device, std::uint64_t now_ns) = 0;
    /// A PUBLISH for this device, one of QoS 2 only once. The view lives until the call returns.
    /// @param topic_known  the topic is the one this device has subscribed to
    virtual void on_device_message(std::size_t device, Bytes payload, bool topic_known,
                                   std::uint64_t now_ns) = 0;
    /// PINGRESP after wake_up(): the gateway has nothing more, the device sleeps again. Also when the gateway
    /// did not answer.
    virtual void on_woken(std::size_t device, std::uint64_t now_ns) = 0;

  protected:
    ~FleetEvents() = default;
};

/// What a device does after CONNECT before it counts as set up.
enum class SetUp : std::uint8_t { connect, register_topic, subscribe, nothing };

class Fleet {
  public:
    Fleet(Result& result, Poller& poller, FleetEvents& events, SetUp set_up);

    /// Opens a socket for each device; the poller's tag is the device's number.
    /// @return "" or a sentence
    std::string open(const Address& gateway);
    /// Sets all devices up, LoadOptions::connect_window at a time; step() goes on with it.
    void start(std::uint64_t now_ns);
    /// All devices are set up or will not be.
    bool set_up_over() const { return ready_ + failed_ >= devices_.size(); }
    /// Devices that could not be set up.
    std::size_t failed() const { return failed_; }
    /// Devices that were set up, lost the gateway, and could not connect again: nothing more comes from them.
    std::size_t dropped() const { return dropped_; }
    /// Devices that gave an exchange up and have heard nothing from the gateway since then.
    std::size_t silent() const { return silent_; }
    /// Devices that wait for an answer.
    std::size_t unanswered() const;
    /// Devices that leave() sends a DISCONNECT from.
    std::size_t leavers() const { return leavers_; }
    /// Something has come from the gateway since leave(), or ever if that was not called.
    bool heard() const { return heard_; }
    /// Nothing has ever come from the gateway, and the system says that nobody is there.
    bool nobody_there() const { return nobody_there_ && !ever_heard_; }
    bool ever_heard() const { return ever_heard_; }
    /// When the last device was set up.
    std::uint64_t set_up_ns() const { return set_up_ns_; }

    /// Sends a message with this sequence number; when the device is just connecting again, afterwards.
    void publish(std::size_t device, std::uint32_t sequence);
    /// DISCONNECT with a duration, then asleep() counts it.
    void go_to_sleep(std::size_t device, std::uint64_t now_ns);
    std::size_t asleep() const { return asleep_; }
    /// PINGREQ with the client id.
    void wake_up(std::size_t device, std::uint64_t now_ns);
    /// DISCONNECT from all, LoadOptions::connect_window at a time.
    void leave(std::uint64_t now_ns);
    bool left() const { return leaving_ == 0 && queue_.empty(); }

    /// What the poller said about a device's tag.
    void on_readable(std::size_t device);
    /// Handshakes that may begin, and whatever is due.
    void step(std::uint64_t now_ns);
    /// When step() is wanted at the latest.
    std::uint64_t next_ns() const { return sweep_ns_; }

    const std::string& topic(std::size_t device) const {
        return topics_.size() == 1 ? topics_[0] : topics_[device];
    }

  private:
    enum class State : std::uint8_t {
        fresh,
        setting_up,
        active,
        falling_asleep,
        asleep,
        awake,
        leaving,
        gone
    };
    /// What the device waits for.
    enum class Waiting : std::uint8_t {
        nothing,
        connack,
        regack,
        suback,
        puback,
        pubrec,
        pubcomp,
        pingresp,
        disconnect
    };
    static constexpr std::size_t kQos2Max = 4;

    struct Device {
        Socket socket;
        State state = State::fresh;
        Waiting waiting = Waiting::nothing;
        std::uint8_t attempt = 0;  // repetitions of what it waits for
        bool was_ready = false;    // counted in ready_
        bool silent = false;       // counted in silent_
        bool deferred = false;     // publish() came while it was connecting again
        bool again = false;        // the next transmission follows a refusal, not silence
        std::uint8_t qos2_count = 0;
        std::uint16_t topic_id = 0;
        std::uint16_t message_id = 0;                // of the exchange
        std::array<std::uint16_t, kQos2Max> qos2{};  // MsgIds received at QoS 2 and not released
        std::uint32_t sequence = 0;
        std::uint64_t begun_ns = 0;  // first transmission of the exchange
    };

    std::string client_id(std::size_t device) const;
    void begin(std::size_t device, Waiting waiting, std::uint64_t now_ns);
    void transmit(std::size_t device, bool repeated);
    void send(std::size_t device, const Message& message);
    void send_publish(std::size_t device, bool repeated);
    void settle_down(std::size_t device, std::uint64_t now_ns);
    void next_setup_step(std::size_t device, std::uint64_t now_ns);
    void fail(std::size_t device);
    void on_due(std::size_t device, std::uint64_t now_ns);
    void give_up(std::size_t device, std::uint64_t now_ns);
    void on_error(int error);

    // Reactions to the gateway, in fleet_reactions.cpp.
    void on_message(std::size_t device, const Message& message, std::uint64_t now_ns);
    void on_set_up_answer(std::size_t device, const Message& message, std::uint64_t now_ns);
    bool refused(std::size_t device, ReturnCode code, std::uint64_t now_ns);
    void count_refusal(ReturnCode code);
    void on_publish(std::size_t device, const Message& message, std::uint64_t now_ns);
    bool is_new_qos2(Device& at, std::uint16_t message_id);
    void release_qos2(Device& at, std::uint16_t message_id);
    void end_publish(std::size_t device, bool acknowledged, std::uint64_t now_ns);
    void on_register(std::size_t device, const Message& message);
    static bool is_publishing(const Device& at);
    void connect_again(std::size_t device, std::uint64_t now_ns);
    void on_gateway_disconnect(std::size_t device, std::uint64_t now_ns);
    void on_pingresp(std::size_t device, std::uint64_t now_ns);

    Result& result_;
    const LoadOptions& options_;
    Counters& counters_;
    Poller& poller_;
    FleetEvents& events_;
    SetUp set_up_;
    TopicIdType topic_type_ = TopicIdType::normal;
    std::uint64_t retry_ns_;
    std::uint64_t ping_ns_;
    std::uint64_t sweep_interval_ns_;

    std::vector<Device> devices_;
    std::vector<std::uint64_t> due_ns_;  // apart, so that looking for what is due reads 8 octets a device
    std::vector<std::string> topics_;    // of each device, or one for all
    std::vector<std::size_t> queue_;     // who is to be set up, or to leave, last one first
    std::size_t in_set_up_ = 0;
    std::size_t ready_ = 0;
    std::size_t failed_ = 0;
    std::size_t dropped_ = 0;
    std::size_t silent_ = 0;
    std::size_t leavers_ = 0;
    std::size_t asleep_ = 0;
    std::size_t leaving_ = 0;
    bool ending_ = false;
    bool heard_ = false;
    bool ever_heard_ = false;
    bool nobody_there_ = false;
    std::uint64_t set_up_ns_ = 0;
    std::uint64_t sweep_ns_ = 0;
    std::vector<std::uint8_t> payload_;
    std::vector<std::uint8_t> output_;
    std::vector<std::uint8_t> input_;
};

}  // namespace mqttsn::load

#endif
